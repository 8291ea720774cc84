package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.JsonFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Reads Hugging Face's `config.json`, with the defaults that transformers has for each architecture.
///
/// Both spellings of rotary embeddings are read: `rope_theta` with `rope_scaling` (transformers 4) and
/// `rope_parameters` (transformers 5). A setting that changes the result and that we do not compute
/// is refused by name.
public final class HfConfig {
    /// No width, vocabulary or position of a model is larger.
    private static final int MAX_SIZE = 1 << 28;

    /// No number of layers or heads, and no head, is larger: keeps the arithmetic of memory inside of a
    /// `long`.
    private static final int MAX_COUNT = 1 << 16;

    private static final double DEFAULT_THETA = 10_000;
    private static final double DEFAULT_NORM_EPSILON = 1e-6;
    private static final int QWEN3_HEAD_DIM = 128;

    /// What GGUF files say of a stretched rotary embedding: by what each pair's frequency is divided.
    static final String ROPE_DIVISORS = "gguf-divisors";

    private final JsonFile json;

    private HfConfig(JsonFile json) {
        this.json = json;
    }

    /// Reads `config.json` of a checkpoint's folder.
    ///
    /// @throws CheckpointException if it is absent or damaged, or asks for what is not supported
    public static ModelConfig read(Path folder) {
        return read(JsonFile.read(folder.resolve("config.json")));
    }

    static ModelConfig read(JsonFile json) {
        return new HfConfig(json).modelConfig();
    }

    private ModelConfig modelConfig() {
        var architecture = architecture();
        refuseUnsupported(architecture);
        int hidden = json.positive("hidden_size", MAX_SIZE);
        int heads = json.positive("num_attention_heads", MAX_COUNT);
        int kvHeads = json.optionalInt("num_key_value_heads", 1, MAX_COUNT).orElse(heads);
        if (heads % kvHeads != 0) {
            throw json.bad(
                    "num_key_value_heads",
                    "expected a divisor of num_attention_heads " + heads + ", found " + kvHeads);
        }
        try {
            return new ModelConfig(
                    architecture,
                    hidden,
                    json.positive("num_hidden_layers", MAX_COUNT),
                    heads,
                    kvHeads,
                    headDim(architecture, hidden, heads),
                    json.positive("intermediate_size", MAX_SIZE),
                    json.positive("vocab_size", MAX_SIZE),
                    normEpsilon(),
                    json.optionalBoolean("tie_word_embeddings").orElse(false),
                    json.optionalBoolean("attention_bias").orElse(false),
                    architecture == Architecture.LLAMA
                            && json.optionalBoolean("mlp_bias").orElse(false),
                    json.positive("max_position_embeddings", MAX_SIZE),
                    rope(),
                    dtype(),
                    json.optionalInt("bos_token_id", 0, MAX_SIZE),
                    json.integers("eos_token_id", 0, MAX_SIZE));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(json.file(), String.valueOf(e.getMessage()), e);
        }
    }

    private Architecture architecture() {
        var modelType = json.optionalString("model_type");
        var classes = json.strings("architectures");
        if (modelType.isEmpty() && classes.isEmpty()) {
            throw json.bad(
                    "model_type",
                    "expected one of " + Architecture.supported() + ", found no such field");
        }
        // A class says more than a type: a classifier of type `llama` is not a language model.
        var architecture =
                classes.isEmpty()
                        ? Architecture.ofModelType(modelType.orElseThrow())
                        : Architecture.ofClassName(classes.getFirst());
        var found =
                architecture.filter(
                        a -> modelType.isEmpty() || a.modelType().equals(modelType.get()));
        return found.orElseThrow(() ->
                json.bad(
                        modelType.isEmpty() ? "architectures" : "model_type",
                        "expected one of "
                                + Architecture.supported()
                                + ", found "
                                + modelType.orElse("no model_type")
                                + (classes.isEmpty() ? "" : " " + classes)));
    }

    private void refuseUnsupported(Architecture architecture) {
        for (var field : new String[] {"quantization", "quantization_config"}) {
            if (json.has(field)) {
                throw json.bad(
                        field,
                        "quantized checkpoints are not supported; expected F32, F16 or BF16 weights");
            }
        }
        var activation = json.optionalString("hidden_act").orElse("silu");
        if (!activation.equals("silu")) {
            throw json.bad("hidden_act", "expected silu, found " + activation);
        }
        if (architecture == Architecture.QWEN3) {
            if (json.optionalBoolean("use_sliding_window").orElse(false)) {
                throw json.bad("use_sliding_window", "sliding windows are not supported");
            }
            for (var type : json.strings("layer_types")) {
                if (!type.equals("full_attention")) {
                    throw json.bad("layer_types", "expected full_attention, found " + type);
                }
            }
        }
    }

    private int headDim(Architecture architecture, int hidden, int heads) {
        var explicit = json.optionalInt("head_dim", 1, MAX_COUNT);
        if (explicit.isEmpty() && architecture == Architecture.LLAMA && hidden % heads != 0) {
            throw json.bad(
                    "hidden_size",
                    "expected a multiple of num_attention_heads "
                            + heads
                            + " where there is no head_dim, found "
                            + hidden);
        }
        int headDim =
                explicit.orElse(
                        switch (architecture) {
                            case LLAMA -> hidden / heads;
                            case QWEN3 -> QWEN3_HEAD_DIM;
                        });
        if (headDim % 2 != 0) {
            throw json.bad("head_dim", "expected an even number, found " + headDim);
        }
        return headDim;
    }

    private float normEpsilon() {
        double epsilon = json.optionalNumber("rms_norm_eps").orElse(DEFAULT_NORM_EPSILON);
        if (epsilon < 0 || epsilon >= 1) {
            throw json.bad("rms_norm_eps", "expected a number from 0 to 1, found " + epsilon);
        }
        return (float) epsilon;
    }

    private Optional<DType> dtype() {
        // transformers 5 writes `dtype`, 4 wrote `torch_dtype`.
        var field = json.has("dtype") ? "dtype" : "torch_dtype";
        return json.optionalString(field)
                .map(name ->
                        switch (name) {
                            case "float32" -> DType.F32;
                            case "float16" -> DType.F16;
                            case "bfloat16" -> DType.BF16;
                            default ->
                                    throw json.bad(
                                            field,
                                            "expected float32, float16 or bfloat16, found " + name);
                        });
    }

    /// As transformers 5 reads both spellings: `rope_scaling` counts before `rope_parameters`, and a theta
    /// inside of it before one outside.
    private Rope rope() {
        requireWholeHeads(json);
        var parameters =
                json.object("rope_scaling")
                        .filter(scaling -> !scaling.fields().isEmpty())
                        .or(() -> json.object("rope_parameters"));
        var thetaOwner = parameters.filter(p -> p.has("rope_theta")).orElse(json);
        double theta = thetaOwner.optionalNumber("rope_theta").orElse(DEFAULT_THETA);
        if (theta <= 0) {
            throw thetaOwner.bad("rope_theta", "expected a positive number, found " + theta);
        }
        parameters.ifPresent(HfConfig::requireWholeHeads);
        return new Rope(theta, parameters.map(this::scaling).orElseGet(Rope.Unscaled::new));
    }

    private static void requireWholeHeads(JsonFile json) {
        double rotated = json.optionalNumber("partial_rotary_factor").orElse(1);
        if (rotated != 1) {
            throw json.bad(
                    "partial_rotary_factor", "only whole heads are rotated, found " + rotated);
        }
    }

    private Rope.Scaling scaling(JsonFile parameters) {
        var field = parameters.has("rope_type") ? "rope_type" : "type";
        var type = parameters.optionalString(field).orElse("default");
        return switch (type) {
            case "default" -> new Rope.Unscaled();
            case "linear" -> new Rope.Linear(factor(parameters));
            case "llama3" -> llama3(parameters);
            case ROPE_DIVISORS -> new Rope.Divided(divisors(parameters));
            default ->
                    throw parameters.bad(
                            field, "expected default, linear or llama3, found " + type);
        };
    }

    private static List<Double> divisors(JsonFile parameters) {
        var divisors = parameters.numbers("divisors");
        for (double divisor : divisors) {
            if (divisor <= 0) {
                throw parameters.bad("divisors", "expected positive numbers, found " + divisor);
            }
        }
        return divisors;
    }

    private static Rope.Llama3 llama3(JsonFile parameters) {
        double low = parameters.number("low_freq_factor");
        double high = parameters.number("high_freq_factor");
        if (low <= 0 || high <= low) {
            throw parameters.bad(
                    "high_freq_factor",
                    "expected more than low_freq_factor " + low + ", found " + high);
        }
        return new Rope.Llama3(
                factor(parameters),
                low,
                high,
                parameters.positive("original_max_position_embeddings", MAX_SIZE));
    }

    private static double factor(JsonFile parameters) {
        double factor = parameters.number("factor");
        if (factor < 1) {
            throw parameters.bad("factor", "expected a number of at least 1, found " + factor);
        }
        return factor;
    }
}
