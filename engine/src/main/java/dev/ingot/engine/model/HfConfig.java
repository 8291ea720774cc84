package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.JsonFile;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

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
    private static final int QWEN3_HEAD_DIM = 128;
    private static final int GEMMA_HEAD_DIM = 256;
    private static final int GPT_OSS_HEAD_DIM = 64;
    private static final int MISTRAL_WINDOW = 4096;

    private static final String WINDOWED = "sliding_attention";
    private static final String FULL = "full_attention";

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
        return new HfConfig(LanguagePart.of(json)).modelConfig();
    }

    /// How an architecture spells what all of them have.
    private record Names(
            String hidden, String layers, String heads, String intermediate, String positions) {
        static Names of(Architecture architecture) {
            return switch (architecture) {
                case GPT2 -> new Names("n_embd", "n_layer", "n_head", "n_inner", "n_positions");
                case OPT ->
                        new Names(
                                "hidden_size",
                                "num_hidden_layers",
                                "num_attention_heads",
                                "ffn_dim",
                                "max_position_embeddings");
                default ->
                        new Names(
                                "hidden_size",
                                "num_hidden_layers",
                                "num_attention_heads",
                                "intermediate_size",
                                "max_position_embeddings");
            };
        }
    }

    /// How the weights of a checkpoint's folder are quantized; empty where they are not.
    ///
    /// @throws CheckpointException if they are quantized in a way that is not supported
    static Optional<QuantizationConfig> quantization(Path folder) {
        return QuantizationConfig.of(LanguagePart.of(JsonFile.read(folder.resolve("config.json"))));
    }

    private ModelConfig modelConfig() {
        var architecture = architecture();
        refuseUnsupported(architecture);
        var names = Names.of(architecture);
        int hidden = json.positive(names.hidden, MAX_SIZE);
        int layers = json.positive(names.layers, MAX_COUNT);
        int heads = json.positive(names.heads, MAX_COUNT);
        int headDim = headDim(architecture, names, hidden, heads);
        int maxPositions = json.positive(names.positions, MAX_SIZE);
        try {
            return new ModelConfig(
                    architecture,
                    hidden,
                    layers,
                    heads,
                    kvHeads(architecture, heads),
                    headDim,
                    intermediate(architecture, names, hidden),
                    json.positive("vocab_size", MAX_SIZE),
                    normEpsilon(architecture),
                    json.optionalBoolean("tie_word_embeddings").orElse(tiedByDefault(architecture)),
                    attentionBias(architecture),
                    architecture == Architecture.LLAMA
                            && json.optionalBoolean("mlp_bias").orElse(false),
                    maxPositions,
                    rope(architecture, headDim, maxPositions),
                    dtype(),
                    json.optionalInt("bos_token_id", 0, MAX_SIZE),
                    json.integers("eos_token_id", 0, MAX_SIZE),
                    attending(architecture, layers, headDim),
                    logitSoftcap(architecture),
                    experts(architecture, layers));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(json.file(), String.valueOf(e.getMessage()), e);
        }
    }

    private int intermediate(Architecture architecture, Names names, int hidden) {
        return architecture == Architecture.GPT2
                ? json.optionalInt(names.intermediate, 1, MAX_SIZE).orElse(4 * hidden)
                : json.positive(names.intermediate, MAX_SIZE);
    }

    private static boolean tiedByDefault(Architecture architecture) {
        return switch (architecture) {
            case GEMMA2, GEMMA3, GPT2, OPT -> true;
            case GPT_OSS, LLAMA, MISTRAL, MIXTRAL, OLMO2, PHI, PHI3, QWEN2, QWEN3, QWEN3_MOE ->
                    false;
        };
    }

    private boolean attentionBias(Architecture architecture) {
        return switch (architecture) {
            case LLAMA, QWEN3, QWEN3_MOE -> json.optionalBoolean("attention_bias").orElse(false);
            // As the architecture has it, whatever the field says.
            case GPT2, GPT_OSS, OPT, PHI, QWEN2 -> true;
            case GEMMA2, GEMMA3, MISTRAL, MIXTRAL, OLMO2, PHI3 -> false;
        };
    }

    private int kvHeads(Architecture architecture, int heads) {
        int kvHeads =
                switch (architecture) {
                    case GPT2, OPT -> heads;
                    case LLAMA, OLMO2, PHI, PHI3, QWEN3 ->
                            json.optionalInt("num_key_value_heads", 1, MAX_COUNT).orElse(heads);
                    // The default of transformers is the number of heads of some one model.
                    case GEMMA2, GEMMA3, GPT_OSS, MISTRAL, MIXTRAL, QWEN2, QWEN3_MOE ->
                            json.positive("num_key_value_heads", MAX_COUNT);
                };
        if (heads % kvHeads != 0) {
            throw json.bad(
                    "num_key_value_heads",
                    "expected a divisor of num_attention_heads " + heads + ", found " + kvHeads);
        }
        return kvHeads;
    }

    private ModelConfig.Attending attending(Architecture architecture, int layers, int headDim) {
        double scaledBy =
                switch (architecture) {
                    case GEMMA2, GEMMA3 -> positiveNumber("query_pre_attn_scalar", GEMMA_HEAD_DIM);
                    default -> headDim;
                };
        double softcap =
                switch (architecture) {
                    case GEMMA2 -> softcap("attn_logit_softcapping", 50);
                    case GEMMA3 -> softcap("attn_logit_softcapping", 0);
                    default -> 0;
                };
        return new ModelConfig.Attending(
                (float) (1 / Math.sqrt(scaledBy)),
                windows(architecture, layers),
                (float) softcap,
                architecture == Architecture.GEMMA3
                        ? Optional.of(windowedRope())
                        : Optional.empty());
    }

    private float logitSoftcap(Architecture architecture) {
        return (float)
                switch (architecture) {
                    case GEMMA2 -> softcap("final_logit_softcapping", 30);
                    case GEMMA3 -> softcap("final_logit_softcapping", 0);
                    default -> 0;
                };
    }

    /// 0 where the field is null; the default only where it is absent.
    private double softcap(String field, double whereAbsent) {
        if (!json.has(field)) {
            return json.fields().contains(field) ? 0 : whereAbsent;
        }
        return positiveNumber(field, whereAbsent);
    }

    private double positiveNumber(String field, double whereAbsent) {
        double number = json.optionalNumber(field).orElse(whereAbsent);
        if (number <= 0) {
            throw json.bad(field, "expected a positive number, found " + number);
        }
        return number;
    }

    private Optional<ModelConfig.Experts> experts(Architecture architecture, int layers) {
        return switch (architecture) {
            case MIXTRAL, GPT_OSS ->
                    Optional.of(
                            new ModelConfig.Experts(
                                    json.positive("num_local_experts", MAX_COUNT),
                                    json.positive("num_experts_per_tok", MAX_COUNT),
                                    json.positive("intermediate_size", MAX_SIZE),
                                    true,
                                    List.of()));
            case QWEN3_MOE -> {
                int every = json.optionalInt("decoder_sparse_step", 1, MAX_COUNT).orElse(1);
                var only = json.integers("mlp_only_layers", 0, MAX_COUNT);
                yield Optional.of(
                        new ModelConfig.Experts(
                                json.positive("num_experts", MAX_COUNT),
                                json.positive("num_experts_per_tok", MAX_COUNT),
                                json.positive("moe_intermediate_size", MAX_SIZE),
                                json.optionalBoolean("norm_topk_prob").orElse(false),
                                IntStream.range(0, layers)
                                        .filter(l -> only.contains(l) || (l + 1) % every != 0)
                                        .boxed()
                                        .toList()));
            }
            default -> Optional.empty();
        };
    }

    /// For each layer the positions that it sees; 0 for all.
    private List<Integer> windows(Architecture architecture, int layers) {
        return switch (architecture) {
            case GPT2, LLAMA, OLMO2, OPT, PHI, QWEN3_MOE -> Collections.nCopies(layers, 0);
            case MIXTRAL, PHI3 ->
                    Collections.nCopies(
                            layers, json.optionalInt("sliding_window", 1, MAX_SIZE).orElse(0));
            case GEMMA2, GPT_OSS -> windowsByLayer(layers, layer -> layer % 2 == 0);
            case GEMMA3 -> {
                int every = json.optionalInt("sliding_window_pattern", 1, MAX_COUNT).orElse(6);
                yield windowsByLayer(layers, layer -> (layer + 1) % every != 0);
            }
            // Absent is not null here: Mistral's default is a window.
            case MISTRAL ->
                    Collections.nCopies(
                            layers,
                            json.fields().contains("sliding_window")
                                    ? json.optionalInt("sliding_window", 1, MAX_SIZE).orElse(0)
                                    : MISTRAL_WINDOW);
            case QWEN2, QWEN3 ->
                    json.optionalBoolean("use_sliding_window").orElse(false)
                            ? windowsByLayer(layers, this::windowedFromSomeLayerOn)
                            : Collections.nCopies(layers, 0);
        };
    }

    /// The window where `layer_types`, or the architecture's own rule if there is no such field, says so.
    private List<Integer> windowsByLayer(int layers, IntPredicate windowedByDefault) {
        int window = json.positive("sliding_window", MAX_SIZE);
        var types = json.strings("layer_types");
        if (!types.isEmpty() && types.size() != layers) {
            throw json.bad(
                    "layer_types",
                    "expected one for each of the " + layers + " layers, found " + types.size());
        }
        for (var type : types) {
            if (!type.equals(WINDOWED) && !type.equals(FULL)) {
                throw json.bad(
                        "layer_types", "expected " + FULL + " or " + WINDOWED + ", found " + type);
            }
        }
        return IntStream.range(0, layers)
                .map(l ->
                        (types.isEmpty()
                                        ? windowedByDefault.test(l)
                                        : types.get(l).equals(WINDOWED))
                                ? window
                                : 0)
                .boxed()
                .toList();
    }

    private boolean windowedFromSomeLayerOn(int layer) {
        return layer >= json.optionalInt("max_window_layers", 0, MAX_COUNT).orElse(28);
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
        var _ = QuantizationConfig.of(json); // throws where it is not supported
        switch (architecture) {
            case GPT2 -> {
                requireString("activation_function", "gelu_new");
                require("scale_attn_weights", true);
                require("scale_attn_by_inverse_layer_idx", false);
                require("add_cross_attention", false);
                require("tie_word_embeddings", true);
            }
            case OPT -> {
                requireString("activation_function", "relu");
                // The checkpoint's tensors tell where the norms are, and how wide the embedding is.
                require("_remove_final_layer_norm", false);
                require("enable_bias", true);
                require("layer_norm_elementwise_affine", true);
            }
            case PHI -> {
                requireString("hidden_act", "gelu_new");
                require("qk_layernorm", false);
            }
            case GEMMA2, GEMMA3 -> {
                requireString("hidden_activation", "gelu_pytorch_tanh");
                require("use_bidirectional_attention", false);
                require("attention_bias", false);
            }
            case OLMO2 -> {
                requireString("hidden_act", "silu");
                require("attention_bias", false);
            }
            case GPT_OSS -> {
                requireString("hidden_act", "silu");
                require("attention_bias", true);
                double limit = json.optionalNumber("swiglu_limit").orElse(GptOss.SWIGLU_LIMIT);
                if (limit != GptOss.SWIGLU_LIMIT) {
                    throw json.bad(
                            "swiglu_limit", "expected " + GptOss.SWIGLU_LIMIT + ", found " + limit);
                }
            }
            case QWEN3_MOE -> {
                requireString("hidden_act", "silu");
                require("use_sliding_window", false);
            }
            case QWEN2, QWEN3 -> {
                requireString("hidden_act", "silu");
                if (!json.optionalBoolean("use_sliding_window").orElse(false)) {
                    for (var type : json.strings("layer_types")) {
                        if (!type.equals(FULL)) {
                            throw json.bad("layer_types", "expected " + FULL + ", found " + type);
                        }
                    }
                }
            }
            case LLAMA, MISTRAL, MIXTRAL, PHI3 -> requireString("hidden_act", "silu");
        }
    }

    private void requireString(String field, String expected) {
        var found = json.optionalString(field).orElse(expected);
        if (!found.equals(expected)) {
            throw json.bad(field, "expected " + expected + ", found " + found);
        }
    }

    private void require(String field, boolean expected) {
        boolean found = json.optionalBoolean(field).orElse(expected);
        if (found != expected) {
            throw json.bad(field, "expected " + expected + ", found " + found);
        }
    }

    private int headDim(Architecture architecture, Names names, int hidden, int heads) {
        var explicit =
                switch (architecture) {
                    case GPT2, OPT, PHI -> OptionalInt.empty();
                    default -> json.optionalInt("head_dim", 1, MAX_COUNT);
                };
        var usual =
                switch (architecture) {
                    case QWEN3 -> OptionalInt.of(QWEN3_HEAD_DIM);
                    case GEMMA2, GEMMA3 -> OptionalInt.of(GEMMA_HEAD_DIM);
                    case GPT_OSS -> OptionalInt.of(GPT_OSS_HEAD_DIM);
                    default -> OptionalInt.empty();
                };
        if (explicit.isEmpty() && usual.isEmpty() && hidden % heads != 0) {
            throw json.bad(
                    names.hidden,
                    "expected a multiple of "
                            + names.heads
                            + " "
                            + heads
                            + " where there is no head_dim, found "
                            + hidden);
        }
        int headDim = explicit.orElse(usual.orElse(hidden / heads));
        if (headDim % 2 != 0) {
            throw json.bad("head_dim", "expected an even number, found " + headDim);
        }
        return headDim;
    }

    private float normEpsilon(Architecture architecture) {
        var field =
                switch (architecture) {
                    case GPT2 -> "layer_norm_epsilon";
                    case PHI -> "layer_norm_eps";
                    default -> "rms_norm_eps";
                };
        double usual =
                switch (architecture) {
                    case GEMMA2, GEMMA3, LLAMA, MISTRAL, QWEN2, QWEN3, QWEN3_MOE -> 1e-6;
                    case GPT2, GPT_OSS, MIXTRAL, OLMO2, OPT, PHI, PHI3 -> 1e-5;
                };
        // OPT's is PyTorch's own, and no field's.
        double epsilon =
                architecture == Architecture.OPT ? usual : json.optionalNumber(field).orElse(usual);
        if (epsilon < 0 || epsilon >= 1) {
            throw json.bad(field, "expected a number from 0 to 1, found " + epsilon);
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
    private Rope rope(Architecture architecture, int headDim, int maxPositions) {
        var parameters =
                json.object("rope_scaling")
                        .filter(scaling -> !scaling.fields().isEmpty())
                        .or(() -> json.object("rope_parameters"))
                        .map(p -> p.object(FULL).orElse(p));
        double usualTheta =
                switch (architecture) {
                    case GEMMA3, MIXTRAL -> 1_000_000;
                    case GPT_OSS -> 150_000;
                    default -> DEFAULT_THETA;
                };
        var thetaOwner = parameters.filter(p -> p.has("rope_theta")).orElse(json);
        double theta = theta(thetaOwner, "rope_theta", usualTheta);
        double rotatedShare = rotatedShare(architecture, parameters, headDim);
        var stretched = parameters.map(p -> scaling(architecture, p, maxPositions));
        var rope = new Rope(theta, stretched.orElseGet(Rope.Unscaled::new), rotatedShare);
        if (rope.scaling() instanceof Rope.LongRope(var factors, double _)
                && factors.size() != rope.rotated(headDim) / 2) {
            throw json.bad(
                    "rope_scaling",
                    "expected a factor for each of "
                            + rope.rotated(headDim) / 2
                            + " pairs, found "
                            + factors.size());
        }
        return rope;
    }

    /// How Gemma 3's layers with a window rotate: never stretched.
    private Rope windowedRope() {
        var parameters = json.object("rope_parameters").flatMap(p -> p.object(WINDOWED));
        var owner = parameters.orElse(json);
        parameters.ifPresent(p -> {
            var type = p.optionalString("rope_type").orElse("default");
            if (!type.equals("default")) {
                throw p.bad("rope_type", "expected default, found " + type);
            }
        });
        var field = parameters.isPresent() ? "rope_theta" : "rope_local_base_freq";
        return new Rope(theta(owner, field, DEFAULT_THETA), new Rope.Unscaled());
    }

    private static double theta(JsonFile owner, String field, double usual) {
        double theta = owner.optionalNumber(field).orElse(usual);
        if (theta <= 0) {
            throw owner.bad(field, "expected a positive number, found " + theta);
        }
        return theta;
    }

    private double rotatedShare(
            Architecture architecture, Optional<JsonFile> parameters, int headDim) {
        var field = "partial_rotary_factor";
        var owner = parameters.filter(p -> p.has(field)).orElse(json);
        double share =
                owner.optionalNumber(field).orElse(architecture == Architecture.PHI ? 0.5 : 1);
        if (architecture != Architecture.PHI && architecture != Architecture.PHI3 && share != 1) {
            throw owner.bad(field, "only whole heads are rotated, found " + share);
        }
        int rotated = (int) (headDim * share);
        if (share > 1 || rotated < 2 || rotated % 2 != 0) {
            throw owner.bad(
                    field, "expected an even part of a head of " + headDim + ", found " + share);
        }
        return share;
    }

    private Rope.Scaling scaling(Architecture architecture, JsonFile parameters, int maxPositions) {
        var field = parameters.has("rope_type") ? "rope_type" : "type";
        var type = parameters.optionalString(field).orElse("default");
        if (architecture == Architecture.PHI3) {
            return switch (type) {
                case "default" -> new Rope.Unscaled();
                case "longrope", "su" -> longRope(parameters, maxPositions);
                default -> throw parameters.bad(field, "expected longrope, found " + type);
            };
        }
        return switch (type) {
            case "default" -> new Rope.Unscaled();
            case "linear" -> new Rope.Linear(factor(parameters));
            case "llama3" -> llama3(parameters);
            case "yarn" -> yarn(parameters, maxPositions);
            case ROPE_DIVISORS -> new Rope.Divided(divisors(parameters));
            default ->
                    throw parameters.bad(
                            field, "expected default, linear, llama3 or yarn, found " + type);
        };
    }

    /// Which of the two lists of factors counts does not depend on how long a sequence has grown: keys
    /// that are cached could not be turned again. A model that was stretched at all takes the long ones;
    /// transformers takes the short ones up to the original length.
    private Rope.LongRope longRope(JsonFile parameters, int maxPositions) {
        var owner = json.has("original_max_position_embeddings") ? json : parameters;
        int original =
                owner.optionalInt("original_max_position_embeddings", 2, MAX_SIZE)
                        .orElse(maxPositions);
        double stretch =
                parameters.optionalNumber("factor").orElse((double) maxPositions / original);
        double usual = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        var field = maxPositions > original ? "long_factor" : "short_factor";
        var factors = parameters.numbers(field);
        if (factors.stream().anyMatch(f -> f <= 0)) {
            throw parameters.bad(field, "expected positive numbers, found " + factors);
        }
        return new Rope.LongRope(factors, magnitude(parameters, usual));
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

    private static Rope.Yarn yarn(JsonFile parameters, int maxPositions) {
        for (var field : new String[] {"mscale", "mscale_all_dim"}) {
            if (parameters.has(field)) {
                throw parameters.bad(field, "this setting of yarn is not supported");
            }
        }
        double factor = factor(parameters);
        double fast = turns(parameters, "beta_fast", 32);
        double slow = turns(parameters, "beta_slow", 1);
        return new Rope.Yarn(
                factor,
                magnitude(parameters, 0.1 * Math.log(factor) + 1),
                fast,
                slow,
                parameters
                        .optionalInt("original_max_position_embeddings", 1, MAX_SIZE)
                        .orElse(maxPositions),
                parameters.optionalBoolean("truncate").orElse(true));
    }

    private static double turns(JsonFile parameters, String field, double usual) {
        double turns = parameters.optionalNumber(field).orElse(usual);
        if (turns <= 0) {
            throw parameters.bad(field, "expected a positive number, found " + turns);
        }
        return turns;
    }

    private static double magnitude(JsonFile parameters, double usual) {
        double magnitude = parameters.optionalNumber("attention_factor").orElse(usual);
        if (magnitude <= 0) {
            throw parameters.bad(
                    "attention_factor", "expected a positive number, found " + magnitude);
        }
        return magnitude;
    }

    private static double factor(JsonFile parameters) {
        double factor = parameters.number("factor");
        if (factor < 1) {
            throw parameters.bad("factor", "expected a number of at least 1, found " + factor);
        }
        return factor;
    }
}
