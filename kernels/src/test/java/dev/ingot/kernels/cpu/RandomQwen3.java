package dev.ingot.kernels.cpu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Writes a checkpoint of the exact shape of Qwen3-0.6B with random bf16 weights: speed does not depend
/// on what the numbers are.
final class RandomQwen3 {
    private static final int HIDDEN = 1024;
    private static final int LAYERS = 28;
    private static final int HEADS = 16;
    private static final int KV_HEADS = 8;
    private static final int HEAD_DIM = 128;
    private static final int INTERMEDIATE = 3072;
    private static final int VOCABULARY = 151_936;

    private static final String CONFIG =
            """
            {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": %d,
             "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
             "head_dim": %d, "intermediate_size": %d, "vocab_size": %d,
             "max_position_embeddings": 40960, "rms_norm_eps": 0.000001, "rope_theta": 1000000,
             "tie_word_embeddings": true, "dtype": "bfloat16"}
            """
                    .formatted(HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, INTERMEDIATE, VOCABULARY);

    private RandomQwen3() {}

    /// Writes it where it is not there yet.
    static void write(Path folder) throws IOException {
        if (Files.exists(folder.resolve("config.json"))) {
            return;
        }
        Files.createDirectories(folder);
        Map<String, int[]> shapes = shapes();
        List<String> entries = new ArrayList<>();
        long at = 0;
        for (var tensor : shapes.entrySet()) {
            long bytes = 2L * elements(tensor.getValue());
            entries.add(
                    "\"%s\":{\"dtype\":\"BF16\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                            .formatted(
                                    tensor.getKey(),
                                    java.util.Arrays.toString(tensor.getValue()),
                                    at,
                                    at + bytes));
            at += bytes;
        }
        byte[] header = ("{" + String.join(",", entries) + "}").getBytes(StandardCharsets.UTF_8);
        try (var file =
                FileChannel.open(
                        folder.resolve("model.safetensors"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            var length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            file.write(length.putLong(header.length).flip());
            file.write(ByteBuffer.wrap(header));
            var random = new Random(1);
            for (var tensor : shapes.entrySet()) {
                boolean norm = tensor.getValue().length == 1;
                write(file, random, elements(tensor.getValue()), norm);
            }
        }
        Files.writeString(folder.resolve("config.json"), CONFIG);
    }

    private static Map<String, int[]> shapes() {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new int[] {VOCABULARY, HIDDEN});
        shapes.put("model.norm.weight", new int[] {HIDDEN});
        for (int l = 0; l < LAYERS; l++) {
            String layer = "model.layers." + l + ".";
            String attention = layer + "self_attn.";
            shapes.put(layer + "input_layernorm.weight", new int[] {HIDDEN});
            shapes.put(layer + "post_attention_layernorm.weight", new int[] {HIDDEN});
            shapes.put(attention + "q_proj.weight", new int[] {HEADS * HEAD_DIM, HIDDEN});
            shapes.put(attention + "k_proj.weight", new int[] {KV_HEADS * HEAD_DIM, HIDDEN});
            shapes.put(attention + "v_proj.weight", new int[] {KV_HEADS * HEAD_DIM, HIDDEN});
            shapes.put(attention + "o_proj.weight", new int[] {HIDDEN, HEADS * HEAD_DIM});
            shapes.put(attention + "q_norm.weight", new int[] {HEAD_DIM});
            shapes.put(attention + "k_norm.weight", new int[] {HEAD_DIM});
            shapes.put(layer + "mlp.gate_proj.weight", new int[] {INTERMEDIATE, HIDDEN});
            shapes.put(layer + "mlp.up_proj.weight", new int[] {INTERMEDIATE, HIDDEN});
            shapes.put(layer + "mlp.down_proj.weight", new int[] {HIDDEN, INTERMEDIATE});
        }
        return shapes;
    }

    private static long elements(int[] shape) {
        long elements = 1;
        for (int dimension : shape) {
            elements *= dimension;
        }
        return elements;
    }

    /// Uniform in ±0.06, or ones.
    private static void write(FileChannel file, Random random, long elements, boolean ones)
            throws IOException {
        var buffer = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; i < elements; ) {
            buffer.clear();
            for (; i < elements && buffer.remaining() >= 2; i++) {
                float value = ones ? 1 : 0.12f * (random.nextInt() * 0x1p-32f);
                buffer.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
            }
            buffer.flip();
            while (buffer.hasRemaining()) {
                file.write(buffer);
            }
        }
    }
}
