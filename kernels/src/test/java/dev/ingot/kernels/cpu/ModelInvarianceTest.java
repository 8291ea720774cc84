package dev.ingot.kernels.cpu;

import dev.ingot.engine.model.HfConfig;
import dev.ingot.engine.model.Model;
import dev.ingot.engine.model.Models;
import dev.ingot.engine.model.StepLimits;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.SafetensorsWriter;
import dev.ingot.kernels.parity.Data;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A whole model, in every format that weights and K and V may have: the logits of a sequence have the
/// same bits alone and among 16, its prompt in one chunk or in chunks of 7, with 1, 2 and 3 threads, in every
/// variant of the kernels that the machine can run.
final class ModelInvarianceTest {
    private static final int VOCABULARY = 97;
    private static final int PROMPT = 40;
    private static final int DECODED = 5;
    private static final int BLOCK_SIZE = 16;
    private static final int BLOCKS = 3;
    private static final int SEQUENCES = 16;
    private static final String BEST = CpuFeatures.probe().variants().getFirst();
    private static final StepLimits LIMITS = new StepLimits(SEQUENCES * PROMPT, SEQUENCES);

    private static final String CONFIG =
            """
            {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 128,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 32, "intermediate_size": 192, "vocab_size": 97,
             "max_position_embeddings": 64, "rms_norm_eps": 0.00001, "rope_theta": 1000.0,
             "tie_word_embeddings": true}
            """;

    @TempDir Path folder;

    static Stream<Arguments> formats() {
        return Stream.of(
                Arguments.of(DType.F32, WeightLoading.AS_STORED, DType.F32),
                Arguments.of(DType.F16, WeightLoading.AS_STORED, DType.F16),
                Arguments.of(DType.BF16, WeightLoading.AS_STORED, DType.F16),
                Arguments.of(DType.BF16, WeightLoading.AS_STORED, DType.BF16),
                Arguments.of(DType.BF16, WeightLoading.QUANTIZE_8BIT, DType.F16),
                Arguments.of(DType.BF16, WeightLoading.QUANTIZE_4BIT, DType.F16),
                Arguments.of(DType.F16, WeightLoading.QUANTIZE_4BIT, DType.I8));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void aSequenceHasTheSameBitsHoweverItIsServed(DType stored, WeightLoading loading, DType kvType)
            throws IOException {
        write(stored);
        assertSameBits(BEST, loading, kvType, 1, 2, 3);
    }

    /// The variants that this machine can run and would not choose.
    static List<String> otherVariants() {
        return CpuFeatures.probe().variants().stream().skip(1).toList();
    }

    @ParameterizedTest
    @MethodSource("otherVariants")
    void soItIsWithEveryVariantOfTheKernels(String variant) throws IOException {
        for (var stored : List.of(DType.F32, DType.F16, DType.BF16)) {
            write(stored);
            assertSameBits(variant, WeightLoading.AS_STORED, DType.F16, 2);
        }
        assertSameBits(variant, WeightLoading.QUANTIZE_8BIT, DType.BF16, 2);
        assertSameBits(variant, WeightLoading.QUANTIZE_4BIT, DType.I8, 2);
    }

    private void assertSameBits(
            String variant, WeightLoading loading, DType kvType, int... threadCounts) {
        float[][] expected;
        try (var run = new Run(variant, 1, loading, kvType)) {
            expected = run.serve(1, PROMPT);
        }
        for (int threads : threadCounts) {
            for (int chunk : new int[] {PROMPT, 7}) {
                for (int sequences : new int[] {1, SEQUENCES}) {
                    try (var run = new Run(variant, threads, loading, kvType)) {
                        float[][] actual = run.serve(sequences, chunk);
                        for (int i = 0; i < expected.length; i++) {
                            Data.assertSameBits(
                                    "%s, %s, %d threads, chunks of %d, %d sequences, token %d"
                                            .formatted(
                                                    variant, loading, threads, chunk, sequences, i),
                                    actual[i],
                                    expected[i]);
                        }
                    }
                }
            }
        }
    }

    /// A model on a device. Sequence 0 is the one that is looked at; the others have other tokens.
    private final class Run implements AutoCloseable {
        private final CpuDevice cpu;
        private final Checkpoint checkpoint = Checkpoint.open(folder);
        private final Model model;

        Run(String variant, int threads, WeightLoading loading, DType kvType) {
            cpu = CpuDevice.open(threads, variant);
            var config = HfConfig.read(folder);
            var geometry = Models.kvGeometry(config, BLOCK_SIZE, SEQUENCES * BLOCKS, kvType);
            var cache = cpu.kvCache(geometry);
            model = Models.load(checkpoint, config, loading, cpu, LIMITS, cache);
        }

        /// Prefills in chunks, then decodes; the logits of sequence 0 after the prompt and each token.
        float[][] serve(int sequences, int chunk) {
            List<float[]> logits = new ArrayList<>();
            for (int from = 0; from < PROMPT + DECODED; ) {
                int to = from < PROMPT ? Math.min(from + chunk, PROMPT) : from + 1;
                float[] last = step(sequences, from, to);
                if (to >= PROMPT) {
                    logits.add(last);
                }
                from = to;
            }
            return logits.toArray(float[][]::new);
        }

        private float[] step(int sequences, int from, int to) {
            int rows = sequences * (to - from);
            int[] ids = new int[rows];
            int[] positions = new int[rows];
            int[] slots = new int[rows];
            int[] starts = new int[sequences + 1];
            int[] last = new int[sequences];
            int[][] tables = new int[sequences][BLOCKS];
            int row = 0;
            for (int s = 0; s < sequences; s++) {
                for (int b = 0; b < BLOCKS; b++) {
                    tables[s][b] = b * SEQUENCES + s;
                }
                for (int p = from; p < to; p++, row++) {
                    ids[row] = (p * 31 + s * 7 + p * p) % VOCABULARY;
                    positions[row] = p;
                    slots[row] = tables[s][p / BLOCK_SIZE] * BLOCK_SIZE + p % BLOCK_SIZE;
                }
                starts[s + 1] = row;
                last[s] = row - 1;
            }
            int[] lengths = new int[sequences];
            Arrays.fill(lengths, to);
            var batch =
                    new Batch(
                            Steps.column(cpu, ids),
                            Steps.column(cpu, positions),
                            Steps.column(cpu, slots),
                            Steps.column(cpu, starts),
                            Steps.column(cpu, lengths),
                            Steps.ints(cpu, tables),
                            Steps.column(cpu, last));
            var logits = Tensor.allocate(cpu, "logits", DType.F32, sequences, VOCABULARY);
            Steps.run(cpu, enc -> model.encode(enc, batch, logits));
            return Steps.row(logits, 0);
        }

        @Override
        public void close() {
            cpu.close();
            checkpoint.close();
        }
    }

    private void write(DType dtype) throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        Map<String, List<Integer>> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens", List.of(VOCABULARY, 128));
        shapes.put("model.norm", List.of(128));
        for (int l = 0; l < 2; l++) {
            var layer = "model.layers." + l + ".";
            shapes.put(layer + "input_layernorm", List.of(128));
            shapes.put(layer + "post_attention_layernorm", List.of(128));
            shapes.put(layer + "self_attn.q_proj", List.of(128, 128));
            shapes.put(layer + "self_attn.k_proj", List.of(64, 128));
            shapes.put(layer + "self_attn.v_proj", List.of(64, 128));
            shapes.put(layer + "self_attn.o_proj", List.of(128, 128));
            shapes.put(layer + "self_attn.q_norm", List.of(32));
            shapes.put(layer + "self_attn.k_norm", List.of(32));
            shapes.put(layer + "mlp.gate_proj", List.of(192, 128));
            shapes.put(layer + "mlp.up_proj", List.of(192, 128));
            shapes.put(layer + "mlp.down_proj", List.of(128, 192));
        }
        var random = new Random(5);
        var writer = new SafetensorsWriter();
        shapes.forEach((name, shape) -> {
            float[] values = new float[shape.stream().reduce(1, (a, b) -> a * b)];
            for (int i = 0; i < values.length; i++) {
                float gaussian = (float) random.nextGaussian();
                values[i] = shape.size() == 1 ? 1 + 0.1f * gaussian : 0.1f * gaussian;
            }
            writer.add(name + ".weight", dtype, shape, values);
        });
        writer.write(folder.resolve("model.safetensors"));
    }
}
