package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.JsonFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// Reads Hugging Face's `config.json`, with the defaults that transformers has for each architecture.
///
/// Both spellings of rotary embeddings are read: `rope_theta` with `rope_scaling` (transformers 4) and
/// `rope_parameters` (transformers 5). A setting that changes the result and that we do not compute
/// is refused by name.
public final class HfConfig {
    /// No width, vocabulary or position of a model is larger.
    static final int MAX_SIZE = 1 << 28;

    /// No number of layers or heads, and no head, is larger: keeps the arithmetic of memory inside of a
    /// `long`.
    static final int MAX_COUNT = 1 << 16;

    private static final int QWEN3_HEAD_DIM = 128;
    private static final int GEMMA_HEAD_DIM = 256;
    private static final int GPT_OSS_HEAD_DIM = 64;

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
                    new HfRope(json, architecture).of(headDim, maxPositions),
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
                new HfWindows(json, architecture).of(layers),
                (float) softcap,
                architecture == Architecture.GEMMA3
                        ? Optional.of(new HfRope(json, architecture).ofWindowedLayers())
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
                        if (!type.equals(HfWindows.FULL)) {
                            throw json.bad(
                                    "layer_types",
                                    "expected " + HfWindows.FULL + ", found " + type);
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
}
