package dev.ingot.engine.model;

import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgufFiles;
import dev.ingot.engine.weights.GgufMetadata;
import dev.ingot.engine.weights.JsonFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Reads a GGUF file's metadata as what Hugging Face's `config.json` would say of the same model, and then as
/// [HfConfig] does: one place knows what each architecture needs.
public final class GgufConfig {
    private static final int MAX_SIZE = 1 << 28;
    private static final int MAX_COUNT = 1 << 16;
    private static final String EMBEDDING = "token_embd.weight";
    private static final String ROPE_FACTORS = "rope_freqs.weight";

    /// Model types by `general.architecture`.
    private static final Map<String, String> MODEL_TYPES =
            Map.of("llama", "llama", "qwen2", "qwen2", "qwen3", "qwen3");

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
        if (modelType == null || Architecture.ofModelType(modelType).isEmpty()) {
            throw metadata.bad(
                    "general.architecture",
                    "expected "
                            + MODEL_TYPES.entrySet().stream()
                                    .filter(e -> Architecture.ofModelType(e.getValue()).isPresent())
                                    .map(Map.Entry::getKey)
                                    .sorted()
                                    .collect(Collectors.joining(" or "))
                            + ", found '"
                            + architecture
                            + "'");
        }
        if (metadata.optionalInt(key("expert_count"), 0, MAX_COUNT).orElse(0) > 0) {
            throw metadata.bad(key("expert_count"), "mixtures of experts are not supported");
        }
        int hidden = size("embedding_length", MAX_SIZE);
        int heads = size("attention.head_count", MAX_COUNT);
        if (hidden % heads != 0 && !metadata.has(key("attention.key_length"))) {
            throw metadata.bad(
                    key("embedding_length"),
                    "expected a multiple of " + heads + " heads, found " + hidden);
        }
        var json = JsonNodeFactory.instance.objectNode();
        json.put("model_type", modelType);
        json.put("hidden_size", hidden);
        json.put("num_hidden_layers", size("block_count", MAX_COUNT));
        json.put("num_attention_heads", heads);
        json.put("num_key_value_heads", kvHeads(heads));
        json.put("intermediate_size", size("feed_forward_length", MAX_SIZE));
        json.put("max_position_embeddings", size("context_length", MAX_SIZE));
        json.put("vocab_size", vocabulary());
        json.put(
                "rms_norm_eps",
                metadata.optionalNumber(key("attention.layer_norm_rms_epsilon"))
                        .orElseThrow(() ->
                                metadata.bad(
                                        key("attention.layer_norm_rms_epsilon"),
                                        "expected a number, found no such key")));
        int headDim =
                metadata.optionalInt(key("attention.key_length"), 1, MAX_COUNT)
                        .orElse(hidden / heads);
        json.put("head_dim", headDim);
        json.put("tie_word_embeddings", !has("output.weight"));
        json.put("attention_bias", has("blk.0.attn_q.bias"));
        rope(json, headDim);
        token(json, "bos_token_id");
        endings(json);
        return json;
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

    private void rope(ObjectNode json, int headDim) {
        metadata.optionalNumber(key("rope.freq_base"))
                .ifPresent(theta -> json.put("rope_theta", theta));
        int rotated =
                metadata.optionalInt(key("rope.dimension_count"), 1, MAX_COUNT).orElse(headDim);
        if (rotated != headDim) {
            json.put("partial_rotary_factor", (double) rotated / headDim);
        }
        var type = metadata.optionalString(key("rope.scaling.type")).orElse("none");
        var scaling = JsonNodeFactory.instance.objectNode();
        switch (type) {
            case "none" -> {}
            case "linear" -> {
                scaling.put("rope_type", "linear");
                metadata.optionalNumber(key("rope.scaling.factor"))
                        .ifPresent(factor -> scaling.put("factor", factor));
            }
            default ->
                    throw metadata.bad(
                            key("rope.scaling.type"),
                            "expected none or linear, found '" + type + "'");
        }
        var factors = files.holding(ROPE_FACTORS);
        if (factors.isPresent()) {
            scaling.put("rope_type", HfConfig.ROPE_DIVISORS);
            var divisors = scaling.putArray("divisors");
            for (float divisor : factors.get().tensor(ROPE_FACTORS).floats()) {
                divisors.add(divisor);
            }
        }
        if (!scaling.isEmpty()) {
            json.set("rope_scaling", scaling);
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
