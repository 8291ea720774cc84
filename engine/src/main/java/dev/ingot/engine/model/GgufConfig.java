package dev.ingot.engine.model;

import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgufFiles;
import dev.ingot.engine.weights.GgufMetadata;
import dev.ingot.engine.weights.JsonFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Reads a GGUF file's metadata as what Hugging Face's `config.json` would say of the same model, and then as
/// [HfConfig] does: one place knows what each architecture needs.
public final class GgufConfig {
    private static final int MAX_SIZE = 1 << 28;
    private static final int MAX_COUNT = 1 << 16;
    private static final String EMBEDDING = "token_embd.weight";
    private static final String ROPE_FACTORS = "rope_freqs.weight";

    private static final String LONG_FACTORS = "rope_factors_long.weight";
    private static final String SHORT_FACTORS = "rope_factors_short.weight";

    /// Model types by `general.architecture`.
    private static final Map<String, String> MODEL_TYPES =
            Map.ofEntries(
                    Map.entry("gemma2", "gemma2"),
                    Map.entry("gemma3", "gemma3_text"),
                    Map.entry("gpt-oss", "gpt_oss"),
                    Map.entry("gpt2", "gpt2"),
                    Map.entry("llama", "llama"), // Mistral and Mixtral too
                    Map.entry("olmo2", "olmo2"),
                    Map.entry("phi2", "phi"),
                    Map.entry("phi3", "phi3"),
                    Map.entry("qwen2", "qwen2"),
                    Map.entry("qwen3", "qwen3"),
                    Map.entry("qwen3moe", "qwen3_moe"));

    /// Gemma's models of 27 billion parameters scale queries by their width, not by their heads'.
    private static final int GEMMA2_27B_LAYERS = 46;

    private static final int GEMMA3_27B_LAYERS = 62;

    private final GgufFiles files;
    private final GgufMetadata metadata;
    private final String architecture;

    private GgufConfig(GgufFiles files) {
        this.files = files;
        this.metadata = files.metadata();
        this.architecture = metadata.string("general.architecture");
    }

    /// Reads the metadata of a file, or of the first part of a split one.
    ///
    /// @throws CheckpointException if it is absent or damaged, or asks for what is not supported
    public static ModelConfig read(Path file) {
        try (var arena = Arena.ofConfined()) {
            var files = GgufFiles.open(file, arena);
            return HfConfig.read(JsonFile.of(file, new GgufConfig(files).json()));
        }
    }

    private ObjectNode json() {
        var modelType = MODEL_TYPES.get(architecture);
        if (modelType == null) {
            throw metadata.bad(
                    "general.architecture",
                    "expected one of "
                            + MODEL_TYPES.keySet().stream()
                                    .sorted()
                                    .collect(Collectors.joining(", "))
                            + ", found '"
                            + architecture
                            + "'");
        }
        int experts = metadata.optionalInt(key("expert_count"), 0, MAX_COUNT).orElse(0);
        if (architecture.equals("llama")) {
            modelType = experts > 0 ? "mixtral" : windowSize() > 0 ? "mistral" : "llama";
        }
        int hidden = size("embedding_length", MAX_SIZE);
        int heads = size("attention.head_count", MAX_COUNT);
        if (hidden % heads != 0 && !metadata.has(key("attention.key_length"))) {
            throw metadata.bad(
                    key("embedding_length"),
                    "expected a multiple of " + heads + " heads, found " + hidden);
        }
        int headDim =
                metadata.optionalInt(key("attention.key_length"), 1, MAX_COUNT)
                        .orElse(hidden / heads);
        var json = JsonNodeFactory.instance.objectNode();
        json.put("model_type", modelType);
        json.put("vocab_size", vocabulary());
        boolean isGpt2 = modelType.equals("gpt2");
        json.put(isGpt2 ? "n_embd" : "hidden_size", hidden);
        json.put(isGpt2 ? "n_layer" : "num_hidden_layers", size("block_count", MAX_COUNT));
        json.put(isGpt2 ? "n_head" : "num_attention_heads", heads);
        json.put(
                isGpt2 ? "n_positions" : "max_position_embeddings",
                size("context_length", MAX_SIZE));
        json.put(isGpt2 ? "n_inner" : "intermediate_size", size("feed_forward_length", MAX_SIZE));
        if (!isGpt2) {
            json.put("num_key_value_heads", kvHeads(heads));
            json.put("head_dim", headDim);
            json.put("tie_word_embeddings", !has("output.weight"));
            json.put("attention_bias", has("blk.0.attn_q.bias"));
            json.put("mlp_bias", has("blk.0.ffn_down.bias"));
        }
        switch (modelType) {
            case "gpt2" -> epsilon(json, "attention.layer_norm_epsilon", "layer_norm_epsilon");
            case "phi" -> epsilon(json, "attention.layer_norm_epsilon", "layer_norm_eps");
            default -> epsilon(json, "attention.layer_norm_rms_epsilon", "rms_norm_eps");
        }
        switch (modelType) {
            case "gemma2", "gemma3_text" -> gemma(json, headDim);
            case "mixtral", "gpt_oss" -> experts(json, "num_local_experts", "intermediate_size");
            case "qwen3_moe" -> {
                experts(json, "num_experts", "moe_intermediate_size");
                json.put(
                        "norm_topk_prob",
                        metadata.optionalBoolean(key("expert_weights_norm")).orElse(true));
                var dense = json.putArray("mlp_only_layers");
                IntStream.range(0, size("block_count", MAX_COUNT))
                        .filter(layer -> !has("blk." + layer + ".ffn_gate_inp.weight"))
                        .forEach(dense::add);
            }
            default -> {}
        }
        switch (modelType) {
            case "gemma2", "gemma3_text", "gpt_oss", "mistral", "mixtral", "phi3" -> window(json);
            default -> {}
        }
        if (!isGpt2) {
            rope(json, modelType, headDim);
        }
        token(json, "bos_token_id");
        endings(json);
        return json;
    }

    private void epsilon(ObjectNode json, String name, String field) {
        json.put(
                field,
                metadata.optionalNumber(key(name))
                        .orElseThrow(() ->
                                metadata.bad(key(name), "expected a number, found no such key")));
    }

    private void experts(ObjectNode json, String count, String intermediate) {
        json.put(count, size("expert_count", MAX_COUNT));
        json.put("num_experts_per_tok", size("expert_used_count", MAX_COUNT));
        metadata.optionalInt(key("expert_feed_forward_length"), 1, MAX_SIZE)
                .ifPresentOrElse(
                        size -> json.put(intermediate, size),
                        () -> json.put(intermediate, size("feed_forward_length", MAX_SIZE)));
        if (metadata.optionalInt(key("expert_shared_count"), 0, MAX_COUNT).orElse(0) > 0) {
            throw metadata.bad(key("expert_shared_count"), "shared experts are not supported");
        }
    }

    private void window(ObjectNode json) {
        int window = windowSize();
        if (window > 0) {
            json.put("sliding_window", window);
        } else {
            json.putNull("sliding_window");
        }
    }

    private int windowSize() {
        return metadata.optionalInt(key("attention.sliding_window"), 0, MAX_SIZE).orElse(0);
    }

    private void gemma(ObjectNode json, int headDim) {
        int layers = size("block_count", MAX_COUNT);
        boolean isLargest =
                layers == (architecture.equals("gemma2") ? GEMMA2_27B_LAYERS : GEMMA3_27B_LAYERS);
        var scale = metadata.optionalNumber(key("attention.scale"));
        double scaledBy =
                scale.isPresent()
                        ? 1 / (scale.getAsDouble() * scale.getAsDouble())
                        : isLargest
                                ? size("embedding_length", MAX_SIZE)
                                        / size("attention.head_count", MAX_COUNT)
                                : headDim;
        json.put("query_pre_attn_scalar", scaledBy);
        softcap(json, "attn_logit_softcapping");
        softcap(json, "final_logit_softcapping");
        metadata.optionalInt(key("attention.sliding_window_pattern"), 1, MAX_COUNT)
                .ifPresent(every -> json.put("sliding_window_pattern", every));
    }

    /// Where a file says nothing, Gemma 2 has what it was published with, and Gemma 3 has none.
    private void softcap(ObjectNode json, String name) {
        metadata.optionalNumber(key(name)).ifPresent(cap -> json.put(name, cap));
    }

    /// One number, or one for each layer that must all be the same.
    private int kvHeads(int heads) {
        var key = key("attention.head_count_kv");
        var perLayer = metadata.integers(key, 0, MAX_COUNT);
        if (perLayer.isEmpty()) {
            return heads;
        }
        if (perLayer.stream().distinct().count() != 1 || perLayer.getFirst() == 0) {
            throw metadata.bad(
                    key, "expected the same positive number for all layers, found " + perLayer);
        }
        return perLayer.getFirst();
    }

    private long vocabulary() {
        return files.holding(EMBEDDING)
                .orElseThrow(() ->
                        new CheckpointException(
                                metadata.file(),
                                "expected tensor '" + EMBEDDING + "', found no such tensor"))
                .blocks(EMBEDDING)
                .shape()
                .getFirst();
    }

    private void rope(ObjectNode json, String modelType, int headDim) {
        metadata.optionalNumber(key("rope.freq_base"))
                .ifPresent(theta -> json.put("rope_theta", theta));
        int rotated =
                metadata.optionalInt(key("rope.dimension_count"), 1, MAX_COUNT).orElse(headDim);
        if (rotated != headDim || modelType.equals("phi")) {
            json.put("partial_rotary_factor", (double) rotated / headDim);
        }
        var scaling = JsonNodeFactory.instance.objectNode();
        if (modelType.equals("phi3")) {
            longRope(json, scaling);
        } else {
            stretch(scaling, modelType);
        }
        if (!scaling.isEmpty()) {
            json.set("rope_scaling", scaling);
        }
    }

    private void stretch(ObjectNode scaling, String modelType) {
        var type = metadata.optionalString(key("rope.scaling.type")).orElse("none");
        switch (type) {
            case "none" -> {}
            case "linear" -> {
                scaling.put("rope_type", "linear");
                number(scaling, "rope.scaling.factor", "factor");
            }
            case "yarn" -> yarn(scaling, modelType);
            default ->
                    throw metadata.bad(
                            key("rope.scaling.type"),
                            "expected none, linear or yarn, found '" + type + "'");
        }
        if (has(ROPE_FACTORS)) {
            if (type.equals("yarn")) {
                throw metadata.bad(
                        key("rope.scaling.type"),
                        "expected no yarn beside tensor '" + ROPE_FACTORS + "'");
            }
            scaling.removeAll();
            scaling.put("rope_type", HfRope.ROPE_DIVISORS);
            numbers(scaling, "divisors", ROPE_FACTORS);
        }
    }

    private void yarn(ObjectNode scaling, String modelType) {
        scaling.put("rope_type", "yarn");
        number(scaling, "rope.scaling.factor", "factor");
        metadata.optionalInt(key("rope.scaling.original_context_length"), 1, MAX_SIZE)
                .ifPresent(size -> scaling.put("original_max_position_embeddings", size));
        number(scaling, "rope.scaling.yarn_beta_fast", "beta_fast");
        number(scaling, "rope.scaling.yarn_beta_slow", "beta_slow");
        if (modelType.equals("gpt_oss")) {
            scaling.put("truncate", false); // as it was trained; the file has no key for it
        }
        // llama.cpp multiplies the usual magnitude by this number; transformers has it in its
        // place.
        var share = metadata.optionalNumber(key("rope.scaling.attn_factor"));
        var factor = metadata.optionalNumber(key("rope.scaling.factor"));
        if (share.isPresent() && factor.isPresent()) {
            double usual = 0.1 * Math.log(factor.getAsDouble()) + 1;
            scaling.put("attention_factor", share.getAsDouble() * usual);
        }
        if (metadata.optionalNumber(key("rope.scaling.yarn_log_multiplier")).orElse(0) != 0) {
            throw metadata.bad(
                    key("rope.scaling.yarn_log_multiplier"),
                    "this setting of yarn is not supported");
        }
    }

    private void longRope(ObjectNode json, ObjectNode scaling) {
        if (!has(LONG_FACTORS) || !has(SHORT_FACTORS)) {
            return;
        }
        scaling.put("rope_type", "longrope");
        numbers(scaling, "long_factor", LONG_FACTORS);
        numbers(scaling, "short_factor", SHORT_FACTORS);
        number(scaling, "rope.scaling.attn_factor", "attention_factor");
        metadata.optionalInt(key("rope.scaling.original_context_length"), 2, MAX_SIZE)
                .ifPresent(size -> json.put("original_max_position_embeddings", size));
    }

    private void number(ObjectNode json, String name, String field) {
        metadata.optionalNumber(key(name)).ifPresent(number -> json.put(field, number));
    }

    private void numbers(ObjectNode json, String field, String tensor) {
        var array = json.putArray(field);
        for (float number : files.holding(tensor).orElseThrow().tensor(tensor).floats()) {
            array.add(number);
        }
    }

    private void token(ObjectNode json, String name) {
        var id = metadata.optionalInt("tokenizer.ggml." + name, -1, MAX_SIZE).orElse(-1);
        if (id >= 0) {
            json.put(name, id);
        }
    }

    /// A chat model may end its turn with another token than a text.
    private void endings(ObjectNode json) {
        var ids = JsonNodeFactory.instance.arrayNode();
        for (var name : new String[] {"eos_token_id", "eot_token_id", "eom_token_id"}) {
            int id = metadata.optionalInt("tokenizer.ggml." + name, -1, MAX_SIZE).orElse(-1);
            if (id >= 0) {
                ids.add(id);
            }
        }
        json.set("eos_token_id", ids);
    }

    private int size(String name, int limit) {
        return metadata.integer(key(name), 1, limit);
    }

    private boolean has(String tensor) {
        return files.holding(tensor).isPresent();
    }

    private String key(String name) {
        return architecture + "." + name;
    }
}
