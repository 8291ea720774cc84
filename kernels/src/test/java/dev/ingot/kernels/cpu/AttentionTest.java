package dev.ingot.kernels.cpu;

import static dev.ingot.kernels.parity.AttentionSteps.qkv;
import static dev.ingot.kernels.parity.AttentionSteps.tables;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.kernels.parity.AttentionSteps.Run;
import dev.ingot.kernels.parity.AttentionSteps.Shape;
import dev.ingot.kernels.parity.AttentionSteps.Slice;
import dev.ingot.kernels.parity.Data;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class AttentionTest {
    static List<String> variants() {
        return CpuDevice.variants();
    }

    static List<DType> formats() {
        return List.of(DType.F32, DType.F16, DType.BF16, DType.I8);
    }

    static Stream<Arguments> variantsAndFormats() {
        return CpuDevice.variants().stream()
                .flatMap(
                        variant -> formats().stream().map(format -> Arguments.of(variant, format)));
    }

    private static void assertClose(String what, float[][] actual, float[][] expected) {
        for (int r = 0; r < expected.length; r++) {
            for (int c = 0; c < expected[r].length; c++) {
                double error = Math.abs(actual[r][c] - (double) expected[r][c]);
                if (!(error <= 3e-6)) {
                    assertThat(actual[r][c])
                            .as("%s: [%d, %d]", what, r, c)
                            .isEqualTo(expected[r][c]);
                }
            }
        }
    }

    private static void assertSameBits(String what, float[][] actual, float[][] expected) {
        assertThat(actual.length).as(what).isEqualTo(expected.length);
        for (int r = 0; r < expected.length; r++) {
            Data.assertSameBits(what + ": row " + r, actual[r], expected[r]);
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void agreesWithTheOracle(DType format) {
        int[] lengths = {1, 70, 33, 300};
        for (var shape :
                List.of(
                        new Shape(1, 1, 2, 1, format),
                        new Shape(4, 2, 24, 16, format),
                        new Shape(3, 1, 64, 32, format),
                        new Shape(5, 5, 80, 7, format),
                        new Shape(16, 2, 128, 16, format),
                        new Shape(22, 2, 40, 5, format),
                        new Shape(4, 2, 24, 16, format, 16, 0, false),
                        new Shape(5, 5, 80, 7, format, 65, 1.5f, false),
                        new Shape(16, 2, 64, 16, format, 129, 0, true),
                        new Shape(3, 1, 64, 32, format, 1, 0, true),
                        new Shape(6, 3, 32, 16, format, 0, 2.5f, true))) {
            int[][] tables = tables(1, shape.blockSize(), lengths);
            float[][][] qkv = qkv(shape, lengths);
            Slice[][] steps = {
                {new Slice(1, 0, 9), new Slice(3, 0, 260)},
                {new Slice(0, 0, 1), new Slice(1, 9, 10), new Slice(2, 0, 33)},
                {new Slice(3, 260, 299), new Slice(1, 10, 70)},
                {new Slice(3, 299, 300)}
            };
            List<float[][]> expected = new ArrayList<>();
            try (var oracle = new ReferenceDevice()) {
                var run = new Run(oracle, shape, tables, qkv);
                for (Slice[] step : steps) {
                    expected.add(run.step(step));
                }
            }
            for (String variant : CpuDevice.variants()) {
                try (var cpu = CpuDevice.open(2, variant)) {
                    var run = new Run(cpu, shape, tables, qkv);
                    for (int i = 0; i < steps.length; i++) {
                        String what = variant + ", " + shape + ", " + Arrays.toString(steps[i]);
                        assertClose(what, run.step(steps[i]), expected.get(i));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void aCopiedBlockReadsAsItsSourceAndIsWrittenOnItsOwn(String variant, DType format) {
        var shape = new Shape(6, 2, 24, 16, format);
        float[][][] qkv = qkv(shape, 60, 60);
        System.arraycopy(qkv[0], 0, qkv[1], 0, 37);
        int[][] tables = tables(3, shape.blockSize(), 60, 60);
        int[][] pairs = new int[3][];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = new int[] {tables[0][i], tables[1][i]};
        }
        try (var cpu = CpuDevice.open(3, variant);
                var reference = new ReferenceDevice()) {
            for (Device device : List.of(cpu, reference)) {
                var alone = new Run(device, shape, tables, qkv);
                alone.step(new Slice(0, 0, 37), new Slice(1, 0, 37));
                var forked = new Run(device, shape, tables, qkv);
                forked.step(new Slice(0, 0, 37));
                forked.copyBlocks(pairs);
                for (Slice next : List.of(new Slice(1, 37, 60), new Slice(0, 37, 60))) {
                    assertSameBits(device + " " + next, forked.step(next), alone.step(next));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void chunksThreadsAndBlocksNeverChangeABit(String variant, DType format) {
        int length = 530;
        int[][] threadsAndChunk = {{1, 7}, {2, 1}, {2, 250}, {3, 64}, {3, length}};
        for (var shape :
                List.of(
                        new Shape(1, 1, 64, 16, format),
                        new Shape(6, 2, 24, 16, format),
                        new Shape(10, 1, 80, 16, format),
                        new Shape(6, 2, 24, 16, format, 70, 0, true),
                        new Shape(3, 1, 64, 16, format, 300, 4, false))) {
            float[][][] qkv = qkv(shape, length);
            float[][] expected = chunked(variant, 1, shape, tables(1, 16, length), qkv, 0, length);
            for (int[] way : threadsAndChunk) {
                int threads = way[0];
                int chunk = way[1];
                // Position by position only around where splits end: a step costs as much as a
                // chunk.
                int from = chunk == 1 ? 490 : 0;
                assertSameBits(
                        shape + ", " + threads + " threads, chunks of " + chunk,
                        chunked(
                                variant,
                                threads,
                                shape,
                                tables(chunk, 16, length),
                                qkv,
                                from,
                                chunk),
                        expected);
            }
            for (int blockSize : new int[] {1, 5, 32, 100, 700}) {
                var other =
                        new Shape(
                                shape.heads(),
                                shape.kvHeads(),
                                shape.headDim(),
                                blockSize,
                                format,
                                shape.window(),
                                shape.softcap(),
                                shape.sinks());
                assertSameBits(
                        "blocks of " + blockSize,
                        chunked(variant, 2, other, tables(2, blockSize, length), qkv, 0, 41),
                        expected);
            }
        }
    }

    /// All rows of one sequence: in one chunk up to `from`, then `chunk` positions at a time.
    private static float[][] chunked(
            String variant,
            int threads,
            Shape shape,
            int[][] tables,
            float[][][] qkv,
            int from,
            int chunk) {
        try (var cpu = CpuDevice.open(threads, variant)) {
            var run = new Run(cpu, shape, tables, qkv);
            List<float[]> rows = new ArrayList<>();
            if (from > 0) {
                rows.addAll(Arrays.asList(run.step(new Slice(0, 0, from))));
            }
            for (int at = from; at < qkv[0].length; at += chunk) {
                int to = Math.min(at + chunk, qkv[0].length);
                rows.addAll(Arrays.asList(run.step(new Slice(0, at, to))));
            }
            return rows.toArray(float[][]::new);
        }
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void companyNeverChangesABit(String variant, DType format) {
        var shape = new Shape(8, 4, 64, 16, format);
        int[] lengths = {90, 400, 17, 513, 64, 65};
        float[][][] qkv = qkv(shape, lengths);
        int[][] tables = tables(3, 16, lengths);
        try (var one = CpuDevice.open(1, variant);
                var two = CpuDevice.open(2, variant)) {
            var alone = new Run(one, shape, tables, qkv);
            var together = new Run(two, shape, tables, qkv);
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
            assertSameBits("decode", together.step(decode), expected.toArray(float[][]::new));
        }
    }

    /// What a window has left behind is not read, not even times zero.
    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void brokenValuesBeforeTheWindowDoNotPoisonARow(String variant, DType format) {
        var shape = new Shape(4, 2, 24, 16, format, 20, 0, false);
        int length = 150;
        int[][] tables = tables(4, 16, length);
        float[][][] qkv = qkv(shape, length);
        float[][] clean = chunked(variant, 2, shape, tables, qkv, 0, length);
        for (int p = 0; p < 100; p++) {
            Arrays.fill(qkv[0][p], Float.NaN);
        }
        for (int chunk : new int[] {1, 7, length}) {
            float[][] poisoned = chunked(variant, 2, shape, tables, qkv, 0, chunk);
            assertThat(poisoned[118][0]).isNaN();
            assertSameBits(
                    "chunks of " + chunk,
                    Arrays.copyOfRange(poisoned, 119, length),
                    Arrays.copyOfRange(clean, 119, length));
        }
    }

    /// A block that held another sequence's broken values: what lies past a row's position is not read
    /// into its sums, not even times zero.
    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void brokenNeighboursInTheSameMemoryDoNotPoisonARow(String variant, DType format) {
        var shape = new Shape(4, 2, 24, 16, format);
        int length = 37;
        int[][] tables = {{2, 0, 1}, {2, 0, 1}};
        float[][][] qkv = qkv(shape, length, 48);
        float[][] clean = chunked(variant, 2, shape, new int[][] {{2, 0, 1}}, qkv, 0, length);
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (float[] row : qkv[1]) {
                Arrays.fill(row, broken);
            }
            try (var cpu = CpuDevice.open(2, variant)) {
                var run = new Run(cpu, shape, tables, qkv);
                float[][] poisoned = run.step(new Slice(1, 0, 48));
                assertThat(poisoned[0][0]).isNaN();
                for (int from = 0; from < length; from += 10) {
                    int to = Math.min(from + 10, length);
                    assertSameBits(
                            "after " + broken + ", from " + from,
                            run.step(new Slice(0, from, to)),
                            Arrays.copyOfRange(clean, from, to));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void storedHalvesAreRoundedToTheNearestEven(String variant) {
        // With one position the answer is V itself, as it was stored.
        var shape = new Shape(1, 1, 128, 16, DType.F16);
        var random = new Random(5);
        try (var cpu = CpuDevice.open(1, variant)) {
            for (int round = 0; round < 100; round++) {
                float[][][] qkv = new float[1][1][3 * 128];
                for (int i = 0; i < 128; i++) {
                    float value = Float.intBitsToFloat(random.nextInt());
                    float half = Math.scalb((float) random.nextGaussian(), random.nextInt(44) - 28);
                    boolean fits = Math.abs(value) < 65_504;
                    qkv[0][0][256 + i] = round % 2 == 0 && fits ? value : half;
                }
                qkv[0][0][256] = 65_519f;
                qkv[0][0][257] = Math.scalb(1.5f, -24);
                qkv[0][0][258] = Math.scalb(1f, -25);
                qkv[0][0][259] = 2049;
                qkv[0][0][260] = 2051;
                float[] actual =
                        new Run(cpu, shape, new int[][] {{0}}, qkv).step(new Slice(0, 0, 1))[0];
                for (int i = 0; i < 128; i++) {
                    float stored = Float.float16ToFloat(Float.floatToFloat16(qkv[0][0][256 + i]));
                    assertThat(actual[i]).as("%s", qkv[0][0][256 + i]).isEqualTo(stored);
                }
            }
        }
    }
}
