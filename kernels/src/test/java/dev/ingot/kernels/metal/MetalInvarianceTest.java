package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.parity.AttentionSteps;
import dev.ingot.kernels.parity.AttentionSteps.Run;
import dev.ingot.kernels.parity.AttentionSteps.Shape;
import dev.ingot.kernels.parity.AttentionSteps.Slice;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.QuantizedWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

/// A row has the same bits alone and in company, and a prompt in one chunk and in many.
final class MetalInvarianceTest {
    private static final int[] COUNTS = {1, 2, 3, 4, 5, 8, 9, 17};

    @BeforeAll
    static void softMetal() {
        SoftMetal.require();
    }

    @AfterEach
    void clean() {
        SoftMetal.assertClean();
    }

    static Stream<WeightSource> weights() {
        return Stream.of(
                Data.weights(6, DType.F32, 30, 261),
                Data.weights(6, DType.F16, 30, 261),
                Data.weights(6, DType.BF16, 30, 260),
                QuantizedWeights.AFFINE_4_G64.make(6, 30, 320),
                QuantizedWeights.AFFINE_8_G32.make(6, 30, 320),
                QuantizedWeights.GGML_Q6_K.make(6, 30, 256),
                QuantizedWeights.MXFP4.make(6, 30, 320));
    }

    @ParameterizedTest
    @MethodSource("weights")
    void aProjectedRowHasTheSameBitsHoweverManyRowsThereAre(WeightSource weights) {
        float[][] x = Data.rows(5, COUNTS[COUNTS.length - 1], weights.in());
        try (var metal = MetalDevice.open()) {
            var matrix = metal.matrix("w", List.of(weights));
            float[][] expected = new float[x.length][];
            for (int r = 0; r < x.length; r++) {
                expected[r] = multiply(metal, matrix, new float[][] {x[r]})[0];
            }
            for (int count : COUNTS) {
                float[][] actual = multiply(metal, matrix, Arrays.copyOf(x, count));
                for (int r = 0; r < count; r++) {
                    Data.assertSameBits("row " + r + " of " + count, actual[r], expected[r]);
                }
            }
        }
    }

    private static float[][] multiply(MetalDevice metal, Matrix matrix, float[][] x) {
        var input = Steps.floats(metal, x);
        var out = Tensor.allocate(metal, "out", DType.F32, x.length, matrix.out());
        Steps.run(metal, enc -> enc.matmul(out, input, matrix, null));
        return Data.read(out);
    }

    /// Weights that no buffer holds are kept in several, and nobody sees a difference.
    @ParameterizedTest
    @MethodSource("formats")
    void whatIsCutIntoPartsHasTheSameBits(WeightSource weights) {
        try (var metal = MetalDevice.open()) {
            long row = new WeightLoader(metal, "w").kind(weights).rowBytes(weights.in());
            var parts = WeightParts.of(weights, row, 2 * MetalMemory.PAGE_BYTES + 5 * row);
            assertThat(parts).hasSize(3).allMatch(part -> part.out() <= 5);
            var whole = metal.matrix("w", List.of(weights));
            var cut = metal.matrix("w", parts);
            float[][] x = Data.rows(5, 3, weights.in());
            assertSame(multiply(metal, cut, x), multiply(metal, whole, x));
            assertSame(embedded(metal, cut), embedded(metal, whole));
        }
    }

    static Stream<WeightSource> formats() {
        return Stream.concat(
                Stream.of(DType.F32, DType.F16, DType.BF16)
                        .map(dtype -> Data.weights(6, dtype, 13, 33)),
                Stream.of(QuantizedWeights.values())
                        .map(format -> format.make(6, 13, format.granule())));
    }

    private static float[][] embedded(MetalDevice metal, Matrix table) {
        int[] ids = IntStream.range(0, table.out()).toArray();
        var out = Tensor.allocate(metal, "out", DType.F32, ids.length, table.in());
        Steps.run(metal, enc -> enc.embed(out, table, Steps.column(metal, ids)));
        return Data.read(out);
    }

    private static void assertSame(float[][] actual, float[][] expected) {
        for (int r = 0; r < expected.length; r++) {
            Data.assertSameBits("row " + r, actual[r], expected[r]);
        }
    }

    @Test
    void weightsLargerThanTheLargestBufferAreCutIntoParts() {
        var weights = Data.weights(7, DType.F32, 3000, 1030);
        SoftMetal.set("MAX_BUFFER", "8M");
        try (var metal = MetalDevice.open()) {
            var matrix = (MetalMatrix) metal.matrix("w", List.of(weights));
            assertThat(matrix.slabs()).hasSize(2);
            float[][] x = {new float[1030]};
            x[0][1029] = 2;
            float[] last = multiply(metal, matrix, x)[0];
            long at = 4L * (1030 * 2999 + 1029);
            assertThat(last[2999]).isEqualTo(2 * weights.data().get(JAVA_FLOAT_UNALIGNED, at));
        }
    }

    @Test
    void anExpertsRowHasTheBitsOfItsOwnMatmul() {
        int in = 96;
        int out = 45;
        int[] starts = {0, 3, 3, 4, 37, 40};
        try (var metal = MetalDevice.open()) {
            List<Matrix> experts = new ArrayList<>();
            for (int e = 0; e < starts.length - 1; e++) {
                experts.add(
                        metal.matrix(
                                "e", List.of(QuantizedWeights.AFFINE_4_G32_F16.make(e, out, in))));
            }
            var bank = metal.bank("bank", experts);
            var x = Data.strided(metal, Data.rows(12, 40, in), 2);
            var biases = Steps.floats(metal, Data.rows(13, experts.size(), out));
            var mixed = Tensor.allocate(metal, "mixed", DType.F32, 40, out);
            var alone = Tensor.allocate(metal, "alone", DType.F32, 40, out);
            var ends = Steps.column(metal, starts);
            Steps.run(metal, enc -> enc.moeMatmul(mixed, x, bank, ends, biases));
            for (int e = 0; e < experts.size(); e++) {
                var matrix = experts.get(e);
                var bias = biases.row(e);
                for (int r = starts[e]; r < starts[e + 1]; r++) {
                    int row = r;
                    Steps.run(metal, enc -> enc.matmul(alone.row(row), x.row(row), matrix, bias));
                    Data.assertSameBits("row " + r, Steps.row(mixed, r), Steps.row(alone, r));
                }
            }
        }
    }

    /// Turning and storing at once is the same to the last bit of the cache as one after the other.
    @ParameterizedTest
    @EnumSource(value = DType.class, mode = Mode.EXCLUDE, names = "I32")
    void turningAndStoringAtOnceChangesNoBit(DType format) {
        for (int[] s :
                new int[][] {{1, 1, 2, 1}, {11, 3, 20, 4}, {4, 2, 80, 32}, {9, 1, 256, 128}}) {
            int headDim = s[2];
            int columns = (s[0] + 2 * s[1]) * headDim;
            float[][] rows = Data.rows(9, 5, columns);
            Arrays.fill(rows[3], 1e-35f);
            rows[4][columns - 1] = Float.POSITIVE_INFINITY;
            float[] frequencies = new float[s[3]];
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = (float) Math.pow(10_000, -1.0 * i / frequencies.length);
            }
            try (var metal = MetalDevice.open()) {
                var geometry = new KvGeometry(1, s[1], headDim, 3, 4, format);
                var apart = (MetalKvCache) metal.kvCache(geometry);
                var atOnce = (MetalKvCache) metal.kvCache(geometry);
                var one = Data.strided(metal, rows, 3);
                var other = Data.strided(metal, rows, 3);
                var table = metal.vector("rope", frequencies);
                var positions = Steps.column(metal, 0, 1, 4095, 7, 100_000);
                var slots = Steps.column(metal, 11, 0, 4, 5, 7);
                var none = Steps.column(metal);
                var batch = new Batch(none, positions, slots, none, none, none, none);
                Steps.run(
                        metal,
                        enc -> {
                            int keys = s[1] * headDim;
                            enc.rope(
                                    one.columns(0, columns - keys),
                                    headDim,
                                    positions,
                                    table,
                                    1.2f);
                            enc.storeKv(
                                    apart,
                                    0,
                                    one.columns(columns - 2 * keys, keys),
                                    one.columns(columns - keys, keys),
                                    slots);
                            enc.ropeAndStoreKv(atOnce, 0, other, batch, table, 1.2f);
                        });
                for (int r = 0; r < rows.length; r++) {
                    Data.assertSameBits("row " + r, Steps.row(other, r), Steps.row(one, r));
                }
                assertThat(
                                atOnce.layers()
                                        .getFirst()
                                        .contents()
                                        .mismatch(apart.layers().getFirst().contents()))
                        .isEqualTo(-1);
            }
        }
    }

    /// Long enough for several splits, and both ways of computing them.
    @ParameterizedTest
    @EnumSource(value = DType.class, mode = Mode.EXCLUDE, names = "I32")
    void chunksAndBlocksNeverChangeABit(DType format) {
        int length = 300;
        for (var shape :
                List.of(
                        new Shape(6, 2, 24, 16, format),
                        new Shape(3, 1, 64, 16, format, 140, 4, true))) {
            float[][][] qkv = AttentionSteps.qkv(shape, length);
            float[][] expected = chunked(shape, 16, qkv, length);
            for (int[] way : new int[][] {{7, 16}, {64, 5}, {1, 32}}) {
                int chunk = way[0];
                // Position by position only where it is interesting: a step costs as much as a
                // chunk.
                int from = chunk == 1 ? 250 : 0;
                float[][] actual = chunked(shape, way[1], qkv, chunk, from);
                for (int r = from; r < length; r++) {
                    Data.assertSameBits(
                            "chunks of " + chunk + ", blocks of " + way[1] + ", row " + r,
                            actual[r],
                            expected[r]);
                }
            }
        }
    }

    private static float[][] chunked(Shape shape, int blockSize, float[][][] qkv, int chunk) {
        return chunked(shape, blockSize, qkv, chunk, 0);
    }

    /// All rows of one sequence: in one chunk up to `from`, then `chunk` positions at a time.
    private static float[][] chunked(
            Shape of, int blockSize, float[][][] qkv, int chunk, int from) {
        var shape =
                new Shape(
                        of.heads(),
                        of.kvHeads(),
                        of.headDim(),
                        blockSize,
                        of.format(),
                        of.window(),
                        of.softcap(),
                        of.sinks());
        int length = qkv[0].length;
        try (var metal = MetalDevice.open()) {
            var run = new Run(metal, shape, AttentionSteps.tables(chunk, blockSize, length), qkv);
            List<float[]> rows = new ArrayList<>();
            if (from > 0) {
                rows.addAll(Arrays.asList(run.step(new Slice(0, 0, from))));
            }
            for (int at = from; at < length; at += chunk) {
                int to = Math.min(at + chunk, length);
                rows.addAll(Arrays.asList(run.step(new Slice(0, at, to))));
            }
            return rows.toArray(float[][]::new);
        }
    }

    @Test
    void companyNeverChangesABitOfAttention() {
        var shape = new Shape(8, 4, 64, 16, DType.F16);
        int[] lengths = {90, 270, 17, 129, 64};
        float[][][] qkv = AttentionSteps.qkv(shape, lengths);
        int[][] tables = AttentionSteps.tables(3, 16, lengths);
        try (var metal = MetalDevice.open()) {
            var alone = new Run(metal, shape, tables, qkv);
            var together = new Run(metal, shape, tables, qkv);
            List<float[]> expected = new ArrayList<>();
            Slice[] prefill = new Slice[lengths.length];
            Slice[] decode = new Slice[lengths.length];
            for (int s = 0; s < lengths.length; s++) {
                prefill[s] = new Slice(s, 0, lengths[s] - 1);
                decode[s] = new Slice(s, lengths[s] - 1, lengths[s]);
                alone.step(prefill[s]);
                expected.addAll(Arrays.asList(alone.step(decode[s])));
            }
            together.step(prefill);
            float[][] actual = together.step(decode);
            for (int r = 0; r < actual.length; r++) {
                Data.assertSameBits("sequence " + r, actual[r], expected.get(r));
            }
        }
    }

    /// What fast numerics are for: else they would be exact by another name.
    @Test
    void fastNumericsTakeOtherKernelsForPrompts() {
        var shape = new Shape(4, 2, 64, 16, DType.F16);
        float[][][] qkv = AttentionSteps.qkv(shape, 40);
        int[][] tables = AttentionSteps.tables(1, 16, 40);
        float[][] x = Data.rows(5, 33, 256);
        List<float[][]> projected = new ArrayList<>();
        List<float[][]> attended = new ArrayList<>();
        for (var numerics : Numerics.values()) {
            try (var metal = MetalDevice.open(numerics)) {
                var matrix = metal.matrix("w", List.of(Data.weights(6, DType.F16, 30, 256)));
                projected.add(multiply(metal, matrix, x));
                attended.add(new Run(metal, shape, tables, qkv).step(new Slice(0, 0, 40)));
                assertThat(metal.info().numericClass())
                        .endsWith("-" + numerics.name().toLowerCase(Locale.ROOT));
            }
        }
        assertThat(Arrays.deepEquals(projected.get(0), projected.get(1))).isFalse();
        assertThat(Arrays.deepEquals(attended.get(0), attended.get(1))).isFalse();
    }

    /// What a window has left behind, and what another sequence left in a block: not read into a sum, not
    /// even times zero.
    @ParameterizedTest
    @EnumSource(value = DType.class, mode = Mode.EXCLUDE, names = "I32")
    void brokenValuesOutOfSightDoNotPoisonARow(DType format) {
        var windowed = new Shape(4, 2, 24, 16, format, 20, 0, false);
        float[][][] qkv = AttentionSteps.qkv(windowed, 150);
        float[][] clean = chunked(windowed, 16, qkv, 150);
        for (int p = 0; p < 100; p++) {
            Arrays.fill(qkv[0][p], Float.NaN);
        }
        float[][] poisoned = chunked(windowed, 16, qkv, 7);
        assertThat(poisoned[118][0]).isNaN();
        for (int r = 119; r < 150; r++) {
            Data.assertSameBits("row " + r, poisoned[r], clean[r]);
        }

        var shape = new Shape(4, 2, 24, 16, format);
        float[][][] two = AttentionSteps.qkv(shape, 37, 48);
        for (float[] row : two[1]) {
            Arrays.fill(row, Float.NaN);
        }
        int[][] tables = {{2, 0, 1}, {2, 0, 1}};
        try (var metal = MetalDevice.open()) {
            var fresh = new Run(metal, shape, tables, two);
            float[][] expected = fresh.step(new Slice(0, 0, 37));
            var used = new Run(metal, shape, tables, two);
            assertThat(used.step(new Slice(1, 0, 48))[0][0]).isNaN();
            float[][] actual = used.step(new Slice(0, 0, 37));
            for (int r = 0; r < 37; r++) {
                Data.assertSameBits("row " + r, actual[r], expected[r]);
            }
        }
    }
}
