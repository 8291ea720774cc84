package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.model.ModelRunner.Slice;
import dev.ingot.engine.model.ModelRunner.Timeline;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A checkpoint as MLX quantizes it, beside one that holds what its levels stand for.
final class QuantizedModelTest {
    private static final int HIDDEN = 64;
    private static final int GROUP = 32;
    private static final String LAYER = "model.layers.0.";

    private static final String CONFIG =
            """
            {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 64,
             "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 16, "intermediate_size": 96, "vocab_size": 40,
             "max_position_embeddings": 64, "rms_norm_eps": 0.00001, "rope_theta": 1000.0,
             "tie_word_embeddings": true%s}
            """;

    @TempDir Path quantized;
    @TempDir Path full;

    private static Map<String, List<Integer>> shapes() {
        Map<String, List<Integer>> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens", List.of(40, HIDDEN));
        shapes.put(LAYER + "self_attn.q_proj", List.of(64, HIDDEN));
        shapes.put(LAYER + "self_attn.k_proj", List.of(32, HIDDEN));
        shapes.put(LAYER + "self_attn.v_proj", List.of(32, HIDDEN));
        shapes.put(LAYER + "self_attn.o_proj", List.of(HIDDEN, 64));
        shapes.put(LAYER + "mlp.gate_proj", List.of(96, HIDDEN));
        shapes.put(LAYER + "mlp.up_proj", List.of(96, HIDDEN));
        shapes.put(LAYER + "mlp.down_proj", List.of(HIDDEN, 96));
        for (var norm : List.of("model.norm", LAYER + "input_layernorm")) {
            shapes.put(norm, List.of(HIDDEN));
        }
        shapes.put(LAYER + "post_attention_layernorm", List.of(HIDDEN));
        shapes.put(LAYER + "self_attn.q_norm", List.of(16));
        shapes.put(LAYER + "self_attn.k_norm", List.of(16));
        return shapes;
    }

    /// Everything in 4 bits, but v in 6, gate in 3, and down in full.
    @Test
    void anMlxCheckpointComputesWhatItsLevelsStandFor() throws IOException {
        write(
                4,
                ", \"quantization\": {\"bits\": 4, \"group_size\": 32, "
                        + "\"%sself_attn.v_proj\": {\"bits\": 6, \"group_size\": 32}, "
                                .formatted(LAYER)
                        + "\"%smlp.gate_proj\": {\"bits\": 3, \"group_size\": 32}, "
                                .formatted(LAYER)
                        + "\"%smlp.down_proj\": false}".formatted(LAYER));
        assertThat(logits(quantized)).containsExactly(logits(full));
    }

    private static float[] logits(Path folder) {
        try (var runner = new ModelRunner(folder, new StepLimits(8, 2), 4, DType.F32)) {
            return runner.step(Slice.of(new Timeline(2, 0), 1, 2, 39, 7, 0)).getFirst();
        }
    }

    @Test
    void aSchemeThatTheTensorsDoNotFollowIsRefused() throws IOException {
        write(4, ", \"quantization\": {\"bits\": 8, \"group_size\": 32}");
        assertThatThrownBy(() -> logits(quantized))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.embed_tokens.weight")
                .hasMessageContaining("expected U32[40, 16]")
                .hasMessageContaining("found U32[40, 8]");
    }

    @Test
    void aCheckpointThatSaysNothingOfItsQuantizationIsRefused() throws IOException {
        write(4, "");
        assertThatThrownBy(() -> logits(quantized))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.embed_tokens.weight");
    }

    private void write(int usual, String quantization) throws IOException {
        Files.writeString(full.resolve("config.json"), CONFIG.formatted(""));
        Files.writeString(quantized.resolve("config.json"), CONFIG.formatted(quantization));
        var random = new Random(3);
        var plain = new SafetensorsWriter();
        var packed = new SafetensorsWriter();
        for (var entry : shapes().entrySet()) {
            var name = entry.getKey();
            var shape = entry.getValue();
            boolean isNorm = shape.size() == 1;
            if (isNorm || name.endsWith("down_proj")) {
                float[] values =
                        gaussian(random, shape.stream().reduce(1, (a, b) -> a * b), isNorm);
                plain.add(name + ".weight", DType.F32, shape, values);
                packed.add(name + ".weight", DType.F32, shape, values);
                continue;
            }
            int bits = name.endsWith("v_proj") ? 6 : name.endsWith("gate_proj") ? 3 : usual;
            int out = shape.getFirst();
            int in = shape.getLast();
            int groups = in / GROUP;
            byte[] levels = new byte[out * in * bits / 8];
            random.nextBytes(levels);
            float[] scales = gaussian(random, out * groups, false);
            float[] biases = gaussian(random, out * groups, false);
            float[] values = new float[out * in];
            var stream =
                    ByteBuffer.wrap(Arrays.copyOf(levels, levels.length + 4))
                            .order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < values.length; i++) {
                int level = (stream.getInt(i * bits / 8) >>> (i * bits % 8)) & ((1 << bits) - 1);
                values[i] = (float) ((double) scales[i / GROUP] * level + biases[i / GROUP]);
            }
            plain.add(name + ".weight", DType.F32, shape, values);
            packed.addRaw(name + ".weight", "U32", List.of(out, in * bits / 32).toString(), levels);
            packed.add(name + ".scales", DType.F32, List.of(out, groups), scales);
            packed.add(name + ".biases", DType.F32, List.of(out, groups), biases);
        }
        plain.write(full.resolve("model.safetensors"));
        packed.write(quantized.resolve("model.safetensors"));
    }

    private static float[] gaussian(Random random, int count, boolean isNorm) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (isNorm ? 1 : 0) + 0.1f * (float) random.nextGaussian();
        }
        return values;
    }
}
