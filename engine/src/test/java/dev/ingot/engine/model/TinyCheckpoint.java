package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// A checkpoint of a few thousand random parameters, with every shape different from its neighbours so
/// that a mix-up shows.
final class TinyCheckpoint {
    static final int VOCABULARY = 40;
    private static final int HIDDEN = 24;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD_DIM = 8;
    private static final int INTERMEDIATE = 20;
    private static final int LAYERS = 2;

    private final Architecture architecture;
    private final boolean tied;
    private final boolean biases;
    private final DType dtype;
    private final Map<String, List<Integer>> shapes = new LinkedHashMap<>();

    TinyCheckpoint(Architecture architecture, boolean tied, boolean biases, DType dtype) {
        this.architecture = architecture;
        this.tied = tied;
        this.biases = biases;
        this.dtype = dtype;
        add("model.embed_tokens.weight", VOCABULARY, HIDDEN);
        add("model.norm.weight", HIDDEN);
        if (!tied) {
            add("lm_head.weight", VOCABULARY, HIDDEN);
        }
        for (int l = 0; l < LAYERS; l++) {
            var layer = "model.layers." + l + ".";
            add(layer + "input_layernorm.weight", HIDDEN);
            add(layer + "post_attention_layernorm.weight", HIDDEN);
            linear(layer + "self_attn.q_proj", HEADS * HEAD_DIM, HIDDEN, biases);
            linear(layer + "self_attn.k_proj", KV_HEADS * HEAD_DIM, HIDDEN, biases);
            linear(layer + "self_attn.v_proj", KV_HEADS * HEAD_DIM, HIDDEN, biases);
            linear(layer + "self_attn.o_proj", HIDDEN, HEADS * HEAD_DIM, biases);
            if (architecture == Architecture.QWEN3) {
                add(layer + "self_attn.q_norm.weight", HEAD_DIM);
                add(layer + "self_attn.k_norm.weight", HEAD_DIM);
            }
            boolean mlpBiases = biases && architecture == Architecture.LLAMA;
            linear(layer + "mlp.gate_proj", INTERMEDIATE, HIDDEN, mlpBiases);
            linear(layer + "mlp.up_proj", INTERMEDIATE, HIDDEN, mlpBiases);
            linear(layer + "mlp.down_proj", HIDDEN, INTERMEDIATE, mlpBiases);
        }
    }

    /// Adds a tensor, or gives one another shape.
    TinyCheckpoint add(String name, Integer... shape) {
        shapes.put(name, List.of(shape));
        return this;
    }

    TinyCheckpoint remove(String name) {
        shapes.remove(name);
        return this;
    }

    private void linear(String name, int out, int in, boolean bias) {
        add(name + ".weight", out, in);
        if (bias) {
            add(name + ".bias", out);
        }
    }

    Path write(Path folder) {
        var config =
                """
                {"architectures": ["%s"], "model_type": "%s", "hidden_size": %d,
                 "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
                 "head_dim": %d, "intermediate_size": %d, "vocab_size": %d,
                 "max_position_embeddings": 64, "rms_norm_eps": 0.00001, "rope_theta": 1000.0,
                 "tie_word_embeddings": %s, "attention_bias": %s, "mlp_bias": %s}
                """
                        .formatted(
                                architecture.className(),
                                architecture.modelType(),
                                HIDDEN,
                                LAYERS,
                                HEADS,
                                KV_HEADS,
                                HEAD_DIM,
                                INTERMEDIATE,
                                VOCABULARY,
                                tied,
                                biases,
                                biases);
        try {
            Files.writeString(folder.resolve("config.json"), config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var random = new Random(7);
        var writer = new SafetensorsWriter();
        shapes.forEach(
                (name, shape) -> writer.add(name, dtype, shape, values(random, name, shape)));
        writer.write(folder.resolve("model.safetensors"));
        return folder;
    }

    private static float[] values(Random random, String name, List<Integer> shape) {
        float[] values = new float[shape.stream().mapToInt(d -> d).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            float gaussian = (float) random.nextGaussian();
            values[i] = name.contains("norm") ? 1 + 0.3f * gaussian : 0.4f * gaussian;
        }
        return values;
    }
}
