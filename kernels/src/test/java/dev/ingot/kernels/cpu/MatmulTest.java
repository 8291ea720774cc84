package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.parity.Data;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

final class MatmulTest {
    private static final Logger LOG = LoggerFactory.getLogger(MatmulTest.class);

    private static final List<DType> FORMATS = List.of(DType.F32, DType.F16, DType.BF16);
    private static final int[] SIZES = {1, 3, 7, 31, 33, 40, 100, 129};

    static Stream<Arguments> variantsAndFormats() {
        return CpuDevice.variants().stream()
                .flatMap(variant -> FORMATS.stream().map(format -> Arguments.of(variant, format)));
    }

    static List<String> variants() {
        return CpuDevice.variants();
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void agreesWithTheOracleAtAwkwardSizes(String variant, DType format) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int rows : new int[] {1, 2, 5, 6, 7, 13, 31}) {
                for (int out : SIZES) {
                    for (int in : new int[] {1, 3, 40, 100, 384}) {
                        var weights = Data.weights(out * 31L + in, format, out, in);
                        Data.assertClose(
                                rows + " rows, " + out + " × " + in,
                                project(cpu, variant, weights, rows),
                                project(oracle, variant, weights, rows),
                                tolerance(in));
                    }
                }
            }
        }
    }

    /// `x · wᵀ + bias`, added to something, out of and into columns of wider tensors.
    private static Tensor project(Device device, String variant, HostTensor weights, int rows) {
        int extraColumns = rows % 3;
        int out = weights.dimension(0);
        int in = weights.dimension(1);
        var matrix = device.matrix("w", List.of(weights));
        float[][] values = Data.unrounded(variant, weights.dtype(), Data.rows(1, rows, in));
        var x = Data.strided(device, values, extraColumns);
        var y = Data.strided(device, Data.rows(2, rows, out), extraColumns);
        var bias = device.vector("bias", Data.rows(3, 1, out)[0]);
        var z = Data.strided(device, Data.rows(4, rows, out), extraColumns);
        Steps.run(
                device,
                enc -> {
                    enc.matmul(z, x, matrix, rows % 2 == 0 ? null : bias);
                    enc.matmulAdd(y, x, matrix, bias);
                    enc.matmulAdd(y, x, matrix, null);
                });
        float[][] both = Data.read(y);
        float[][] first = Data.read(z);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < out; c++) {
                both[r][c] += 8 * first[r][c];
            }
        }
        return Steps.floats(device, both);
    }

    /// Rounding of sums of `in` products of about 1/√in: half a unit for each of 10 results, and their sums.
    private static double tolerance(int in) {
        return (40 + 4 * Math.sqrt(in)) * Math.ulp(4f);
    }

    /// Results of some MiB go past the caches where their address allows it.
    @ParameterizedTest
    @MethodSource("variants")
    void aRowHasTheSameBitsWhereResultsAreLarge(String variant) {
        int out = 70_001;
        int in = 8;
        float[][] x = Data.rows(5, 16, in);
        try (var cpu = CpuDevice.open(2, variant)) {
            var matrix = cpu.matrix("w", List.of(Data.weights(6, DType.F32, out, in)));
            var y = Tensor.allocate(cpu, "y", DType.F32, x.length, out + 15).columns(0, out);
            var odd = Tensor.allocate(cpu, "odd", DType.F32, x.length, out).columns(0, out);
            var one = Tensor.allocate(cpu, "one", DType.F32, 1, out);
            var input = Data.strided(cpu, x, 0);
            Steps.run(cpu, enc -> enc.matmul(y, input, matrix, null));
            Steps.run(cpu, enc -> enc.matmul(odd, input, matrix, null));
            for (int r = 0; r < x.length; r++) {
                var row = input.row(r);
                Steps.run(cpu, enc -> enc.matmul(one, row, matrix, null));
                float[] expected = Steps.row(one, 0);
                Data.assertSameBits("row " + r, Steps.row(y, r), expected);
                Data.assertSameBits("row " + r, Steps.row(odd, r), expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void aRowHasTheSameBitsHoweverManyRowsAndThreadsThereAre(String variant, DType format) {
        int out = 150;
        int in = 260;
        int most = 67;
        float[][] x = Data.rows(5, most, in);
        float[][] expected = new float[most][];
        var weights = Data.weights(6, format, out, in);
        try (var cpu = CpuDevice.open(1, variant)) {
            for (int r = 0; r < most; r++) {
                expected[r] = multiply(cpu, weights, new float[][] {x[r]})[0];
            }
        }
        for (int threads = 1; threads <= 3; threads++) {
            try (var cpu = CpuDevice.open(threads, variant)) {
                for (int rows = 2; rows <= most; rows++) {
                    float[][] first = java.util.Arrays.copyOf(x, rows);
                    float[][] actual = multiply(cpu, weights, first);
                    for (int r = 0; r < rows; r++) {
                        Data.assertSameBits(
                                threads + " threads, row " + r + " of " + rows,
                                actual[r],
                                expected[r]);
                    }
                }
            }
        }
    }

    /// A block of rows that is cut in several, because they do not fit the cache together.
    @ParameterizedTest
    @MethodSource("variants")
    void aLongPromptHasTheSameBitsAsItsRowsAlone(String variant) {
        int in = 4100;
        float[][] x = Data.rows(7, 130, in);
        var weights = Data.weights(8, DType.BF16, 70, in);
        try (var cpu = CpuDevice.open(2, variant)) {
            float[][] all = multiply(cpu, weights, x);
            for (int r : new int[] {0, 23, 24, 64, 129}) {
                float[] alone = multiply(cpu, weights, new float[][] {x[r]})[0];
                Data.assertSameBits("row " + r, all[r], alone);
            }
        }
    }

    /// Numbers so small that products with them are subnormal or nothing, alone and in company.
    @ParameterizedTest
    @MethodSource("variants")
    void tinyRowsHaveTheSameBitsInCompany(String variant) {
        int in = 100;
        float[][] x = Data.rows(11, 40, in);
        for (int r = 0; r < x.length; r++) {
            for (int k = 0; k < in; k++) {
                x[r][k] *= (float) Math.scalb(1.0, -100 - r);
            }
        }
        var weights = Data.weights(12, DType.BF16, 33, in);
        try (var cpu = CpuDevice.open(1, variant)) {
            float[][] all = multiply(cpu, weights, x);
            for (int r = 0; r < x.length; r++) {
                float[] alone = multiply(cpu, weights, new float[][] {x[r]})[0];
                Data.assertSameBits("row " + r, all[r], alone);
            }
        }
    }

    /// What is no finite number makes its own row none, and no other.
    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void infinitiesAndNaNsStayInTheirRows(String variant, DType format) {
        int in = 70;
        float[][] x = Data.rows(13, 20, in);
        float[][] wrong = Data.rows(13, 20, in);
        wrong[3][5] = Float.NaN;
        wrong[4][69] = Float.intBitsToFloat(0x7f800001);
        wrong[17][0] = Float.NEGATIVE_INFINITY;
        var weights = Data.weights(14, format, 40, in);
        try (var cpu = CpuDevice.open(1, variant)) {
            float[][] expected = multiply(cpu, weights, x);
            float[][] actual = multiply(cpu, weights, wrong);
            float[] alone = multiply(cpu, weights, new float[][] {wrong[17]})[0];
            for (int r = 0; r < x.length; r++) {
                if (r == 3 || r == 4) {
                    assertThat(actual[r]).as("row " + r).containsOnly(Float.NaN);
                } else if (r == 17) {
                    for (int o = 0; o < actual[r].length; o++) {
                        assertThat(Float.isFinite(actual[r][o])).as("output " + o).isFalse();
                        assertThat(actual[r][o]).isEqualTo(alone[o]);
                    }
                } else {
                    Data.assertSameBits("row " + r, actual[r], expected[r]);
                }
            }
        }
    }

    /// Pairs of BF16 are multiplied in the same order as single numbers, after one rounding of x.
    @Test
    void pairsOfBf16HaveTheBitsOfSingleOnes() {
        assumeThat(CpuDevice.variants()).contains("avx512bf16", "avx512");
        for (int in : new int[] {1, 2, 31, 33, 300}) {
            float[][] x = Data.rows(5, 14, in);
            float[][] rounded = Data.unrounded("avx512bf16", DType.BF16, x);
            var weights = Data.weights(6, DType.BF16, 75, in);
            try (var pairs = CpuDevice.open(2, "avx512bf16");
                    var single = CpuDevice.open(2, "avx512")) {
                float[][] expected = multiply(single, weights, rounded);
                float[][] actual = multiply(pairs, weights, x);
                for (int r = 0; r < x.length; r++) {
                    Data.assertSameBits("row " + r + " of " + in, actual[r], expected[r]);
                }
            }
        }
    }

    /// The error of sums in F32, relative to the results' size: nothing else is rounded with weights in full.
    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void weightsInFullCostNoMoreThanSumsInF32(DType format) {
        double relative = relativeError(CpuDevice.variants().getFirst(), format);
        LOG.info(
                "{}: {} of the results' size",
                format,
                String.format(Locale.ROOT, "%.1e", relative));
        assertThat(relative).isLessThan(1e-6);
    }

    /// What the package's Javadoc states: the error that rounding x to BF16 adds, relative to the results' size.
    @Test
    void roundingToBf16AddsAFewThousandths() {
        String fast = CpuFeatures.probe().best(Numerics.FAST);
        assumeThat(CpuFeatures.rounds(fast)).as("no products of BF16 pairs here").isTrue();
        assertThat(relativeError(fast, DType.BF16)).isBetween(0.0014, 0.0019);
    }

    /// The root mean square of the errors against the oracle, as a share of that of the results, for
    /// normally distributed activations and 1024 inputs.
    private static double relativeError(String variant, DType format) {
        var weights = Data.weights(3, format, 200, 1024);
        float[][] x = Data.rows(4, 20, 1024);
        double error = 0;
        double size = 0;
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            float[][] actual = multiply(cpu, weights, x);
            float[][] exact = multiply(oracle, weights, x);
            for (int r = 0; r < x.length; r++) {
                for (int o = 0; o < exact[r].length; o++) {
                    error += Math.pow((double) actual[r][o] - exact[r][o], 2);
                    size += Math.pow(exact[r][o], 2);
                }
            }
        }
        return Math.sqrt(error / size);
    }

    private static float[][] multiply(Device device, HostTensor weights, float[][] x) {
        var matrix = device.matrix("w", List.of(weights));
        var input = Steps.floats(device, x);
        var out = Tensor.allocate(device, "out", DType.F32, x.length, weights.dimension(0));
        Steps.run(device, enc -> enc.matmul(out, input, matrix, null));
        return Data.read(out);
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void partsAreStackedByRows(String variant, DType format) {
        int in = 37;
        List<HostTensor> parts = new ArrayList<>();
        for (int out : new int[] {1, 40, 17, 64, 5}) {
            parts.add(Data.weights(out, format, out, in));
        }
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            float[][] x = Data.unrounded(variant, format, Data.rows(9, 4, in));
            Data.assertClose(
                    "stacked", stacked(cpu, parts, x), stacked(oracle, parts, x), tolerance(in));
        }
    }

    private static Tensor stacked(Device device, List<HostTensor> parts, float[][] rows) {
        var matrix = device.matrix("w", parts);
        var x = Steps.floats(device, rows);
        var out = Tensor.allocate(device, "out", DType.F32, 4, matrix.out());
        Steps.run(device, enc -> enc.matmul(out, x, matrix, null));
        return out;
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void embeddingIsTheStoredRowExactly(String variant, DType format) {
        int vocabulary = 101;
        int hidden = 77;
        var weights = Data.weights(10, format, vocabulary, hidden);
        float[] stored = ReferenceDevice.decode(weights);
        int[] tokens = {0, 100, 31, 32, 33, 15, 16, 17, 7, 8, 100, 64};
        try (var cpu = CpuDevice.open(2, variant)) {
            var table = cpu.matrix("embedding", List.of(weights));
            var out = Data.strided(cpu, Data.rows(11, tokens.length, hidden), 5);
            var ids = Steps.column(cpu, tokens);
            Steps.run(cpu, enc -> enc.embed(out, table, ids));
            for (int t = 0; t < tokens.length; t++) {
                int from = tokens[t] * hidden;
                float[] row = java.util.Arrays.copyOfRange(stored, from, from + hidden);
                Data.assertSameBits("token " + tokens[t], Steps.row(out, t), row);
            }
        }
    }

    /// Every bit pattern of 16 bits, by way of an embedding of one column.
    @ParameterizedTest
    @MethodSource("variants")
    void everyHalfPrecisionNumberIsReadExactly(String variant) {
        for (DType format : List.of(DType.F16, DType.BF16)) {
            byte[] bytes = new byte[1 << 17];
            for (int i = 0; i < 1 << 16; i++) {
                bytes[2 * i] = (byte) i;
                bytes[2 * i + 1] = (byte) (i >> 8);
            }
            var weights =
                    new HostTensor(
                            "all",
                            format,
                            List.of(1L << 16, 1L),
                            java.lang.foreign.MemorySegment.ofArray(bytes));
            float[] expected = ReferenceDevice.decode(weights);
            boolean inPairs = variant.endsWith("bf16") || variant.equals("amx");
            if (inPairs && format == DType.BF16) {
                for (int i = 0; i < expected.length; i++) {
                    // The processor's products of pairs take subnormal numbers for zero.
                    expected[i] = Math.abs(expected[i]) < Float.MIN_NORMAL ? 0 : expected[i];
                }
            }
            try (var cpu = CpuDevice.open(1, variant)) {
                var matrix = cpu.matrix("all", List.of(weights));
                var one = Steps.floats(cpu, new float[] {1});
                var products = Tensor.allocate(cpu, "out", DType.F32, 1, 1 << 16);
                Steps.run(cpu, enc -> enc.matmul(products, one, matrix, null));
                float[] actual = Steps.row(products, 0);
                for (int i = 0; i < actual.length; i++) {
                    boolean isNone =
                            Float.isNaN(expected[i])
                                    // A float's other parts are zero, and zero times infinity is
                                    // none.
                                    || (variant.equals("amx")
                                            && format == DType.BF16
                                            && Float.isInfinite(expected[i]));
                    if (isNone) {
                        assertThat(actual[i]).as("%s %x", format, i).isNaN();
                    } else if (actual[i] != expected[i]) {
                        assertThat(actual[i]).as("%s %x", format, i).isEqualTo(expected[i]);
                    }
                }
            }
        }
    }
}
