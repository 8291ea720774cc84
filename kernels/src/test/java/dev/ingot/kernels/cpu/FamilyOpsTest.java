package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.MixtureLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The ops that only some model families need.
final class FamilyOpsTest {
    private static final int[] SIZES = {1, 7, 24, 31, 33, 64, 80, 129, 1030, 4099};
    private static final double ULP = Math.ulp(1f);

    /// What is computed of `x` `[rows, 2n]` into `out` `[rows, n]`.
    private interface Op {
        void record(Device device, Encoder enc, Tensor out, Tensor x);
    }

    private static Op op(String name) {
        return switch (name) {
            case "layerNorm" ->
                    (device, enc, out, x) -> {
                        int n = out.columns();
                        var weight = device.vector("weight", Data.rows(3, 1, n)[0]);
                        var bias = device.vector("bias", Data.rows(4, 1, n)[0]);
                        enc.layerNorm(out, x.columns(0, n), weight, bias, 1e-5f);
                        enc.layerNorm(out, out, weight, null, 1e-5f);
                    };
            case "gelu" -> (_, enc, out, x) -> enc.gelu(out, half(out, x), Gelu.EXACT);
            case "gelu tanh" ->
                    (_, enc, out, x) -> {
                        enc.gelu(out, half(out, x), Gelu.TANH);
                        enc.gelu(out, out, Gelu.TANH);
                    };
            case "relu" -> (_, enc, out, x) -> enc.relu(out, half(out, x));
            case "geglu" -> (_, enc, out, x) -> enc.geglu(out, x, Gelu.EXACT);
            case "geglu tanh" -> (_, enc, out, x) -> enc.geglu(out, x, Gelu.TANH);
            case "clamped swiglu" -> (_, enc, out, x) -> enc.clampedSwiglu(out, x, 2.5f, 1.702f);
            case "add and scale" ->
                    (_, enc, out, x) -> {
                        enc.add(out, half(out, x));
                        enc.scale(out, 6.92f);
                    };
            case "softcap" ->
                    (_, enc, out, x) -> {
                        enc.add(out, half(out, x));
                        enc.softcap(out, 1.5f);
                    };
            case "add rows" ->
                    (device, enc, out, _) -> {
                        var table = Steps.floats(device, Data.rows(5, 9, out.columns()));
                        int[] rows = new int[out.rows()];
                        Arrays.setAll(rows, t -> t * 5 % 9);
                        enc.addRows(out, table, Steps.column(device, rows));
                    };
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Tensor half(Tensor out, Tensor x) {
        return x.columns(0, out.columns());
    }

    static Stream<Arguments> variantsAndOps() {
        return CpuDevice.variants().stream()
                .flatMap(variant ->
                        Stream.of(
                                        "layerNorm",
                                        "gelu",
                                        "gelu tanh",
                                        "relu",
                                        "geglu",
                                        "geglu tanh",
                                        "clamped swiglu",
                                        "add and scale",
                                        "softcap",
                                        "add rows")
                                .map(op -> Arguments.of(variant, op)));
    }

    static List<String> variants() {
        return CpuDevice.variants();
    }

    private static Tensor computed(Device device, String op, float[][] x, float[][] before) {
        var in = Data.strided(device, x, 3);
        var out = Data.strided(device, before, 1);
        Steps.run(device, enc -> op(op).record(device, enc, out, in));
        return out;
    }

    @ParameterizedTest
    @MethodSource("variantsAndOps")
    void rowOpsAgreeWithTheOracle(String variant, String op) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int n : SIZES) {
                for (int rows : n < 200 ? new int[] {1, 5, 130} : new int[] {1, 3}) {
                    float[][] x = spread(Data.rows(1, rows, 2 * n), 3);
                    float[][] before = Data.rows(2, rows, n);
                    Data.assertClose(
                            op + " of " + rows + " × " + n,
                            computed(cpu, op, x, before),
                            computed(oracle, op, x, before),
                            n == 1 ? 1e-4 : 300 * ULP);
                }
            }
        }
    }

    private static float[][] spread(float[][] rows, float factor) {
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= factor;
            }
        }
        return rows;
    }

    @ParameterizedTest
    @MethodSource("variantsAndOps")
    void companyAndThreadsNeverChangeABit(String variant, String op) {
        float[][] x = Data.rows(6, 40, 2 * 129);
        float[][] before = Data.rows(7, 40, 129);
        try (var one = CpuDevice.open(1, variant);
                var three = CpuDevice.open(3, variant)) {
            float[][] together = Data.read(computed(three, op, x, before));
            // The row that is added depends on where a token is; so this one stays where it was.
            for (int count : new int[] {1, 2, 17}) {
                float[][] some =
                        Data.read(
                                computed(
                                        one,
                                        op,
                                        Arrays.copyOf(x, count),
                                        Arrays.copyOf(before, count)));
                for (int r = 0; r < count; r++) {
                    Data.assertSameBits(op + ", row " + r + " of " + count, some[r], together[r]);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void activationsOfExtremeValuesNeitherOverflowNorPoisonTheirNeighbours(String variant) {
        float[] x = {1e30f, -1e30f, Float.NaN, 60, -60, 0, 1};
        try (var cpu = CpuDevice.open(1, variant)) {
            for (var gelu : Gelu.values()) {
                var out = Steps.floats(cpu, x);
                Steps.run(cpu, enc -> enc.gelu(out, out, gelu));
                float[] y = Steps.row(out, 0);
                assertThat(y[0]).as("%s", gelu).isEqualTo(1e30f);
                assertThat(Math.abs(y[1])).as("%s", gelu).isLessThan(1e-6f);
                assertThat(y[2]).isNaN();
                assertThat(y[3]).isEqualTo(60);
                assertThat(Math.abs(y[4])).isLessThan(1e-6f);
                assertThat(y[5]).isZero();
            }
            var capped = Steps.floats(cpu, x);
            Steps.run(cpu, enc -> enc.softcap(capped, 30));
            float[] y = Steps.row(capped, 0);
            assertThat(y[0]).isEqualTo(30);
            assertThat(y[1]).isEqualTo(-30);
            assertThat(y[2]).isNaN();
            assertThat(y[5]).isZero();
            var positive = Steps.floats(cpu, x);
            Steps.run(cpu, enc -> enc.relu(positive, positive));
            assertThat(Steps.row(positive, 0)).containsExactly(1e30f, 0, Float.NaN, 60, 0, 0, 1);
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void ropeTurnsAPartOfAHeadAndScalesIt(String variant) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int[] shape : new int[][] {{20, 4}, {64, 12}, {80, 32}, {128, 64}, {2, 1}}) {
                for (float magnitude : new float[] {1, 1.3466f}) {
                    Data.assertClose(
                            shape[1] + " pairs of " + shape[0],
                            rotated(cpu, shape[0], shape[1], magnitude),
                            rotated(oracle, shape[0], shape[1], magnitude),
                            16 * ULP);
                }
            }
        }
    }

    private static Tensor rotated(Device device, int headDim, int pairs, float magnitude) {
        int[] positions = {0, 1, 3, 4095, 131_071};
        var x = Data.strided(device, Data.rows(6, positions.length, 3 * headDim), 7);
        float[] frequencies = new float[pairs];
        for (int i = 0; i < pairs; i++) {
            frequencies[i] = (float) Math.pow(10_000, -1.0 * i / pairs);
        }
        var table = device.vector("rope", frequencies);
        var at = Steps.column(device, positions);
        Steps.run(device, enc -> enc.rope(x, headDim, at, table, magnitude));
        return x;
    }

    @Test
    void aRowOutsideOfItsTableFailsTheStep() {
        try (var cpu = CpuDevice.open(2)) {
            var out = Steps.floats(cpu, new float[][] {{1}, {2}});
            var table = Steps.floats(cpu, new float[][] {{1}, {2}, {3}});
            for (int row : new int[] {3, -1}) {
                assertThatThrownBy(() ->
                                Steps.run(
                                        cpu,
                                        enc -> enc.addRows(out, table, Steps.column(cpu, 0, row))))
                        .isInstanceOf(DeviceException.class)
                        .hasMessageContaining("row " + row + " at index 1");
            }
        }
    }

    // ---------------------------------------------------------------- mixtures of experts

    private static float[][] mixed(
            Device device, MixtureLayer m, float[][] x, float[][] logits, boolean normalized) {
        return m.added(device, x, logits, Data.rows(9, 400, m.hidden()), normalized);
    }

    /// Where x is rounded to BF16 on its way to two matrices, each of its elements moves by up to 2⁻⁹ of itself.
    private static double tolerance(String variant, DType weights) {
        return CpuFeatures.rounds(variant) && weights == DType.BF16 ? 2e-2 : 1e-4;
    }

    private static void assertClose(
            String what, float[][] actual, float[][] expected, double tolerance) {
        for (int r = 0; r < expected.length; r++) {
            for (int c = 0; c < expected[r].length; c++) {
                assertThat(Math.abs(actual[r][c] - (double) expected[r][c]))
                        .as("%s: [%d, %d]", what, r, c)
                        .isLessThan(tolerance);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void aMixtureOfExpertsAgreesWithTheOracle(String variant) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (var m :
                    List.of(
                            new MixtureLayer(4, 2, 40, 36, DType.BF16),
                            new MixtureLayer(8, 8, 33, 7, DType.F32),
                            new MixtureLayer(129, 3, 24, 20, DType.F16),
                            new MixtureLayer(1, 1, 7, 31, DType.F32))) {
                for (int tokens : new int[] {1, 5, 70}) {
                    float[][] x = Data.rows(7, tokens, m.hidden());
                    float[][] logits = Data.rows(8, tokens, m.experts());
                    for (boolean normalized : new boolean[] {true, false}) {
                        assertClose(
                                m + ", " + tokens + " tokens",
                                mixed(cpu, m, x, logits, normalized),
                                mixed(oracle, m, x, logits, normalized),
                                tolerance(variant, m.dtype()));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void whoElseAnExpertServesNeverChangesABit(String variant) {
        var m = new MixtureLayer(6, 3, 72, 52, DType.BF16);
        float[][] x = Data.rows(10, 60, m.hidden());
        float[][] logits = Data.rows(11, 60, m.experts());
        try (var one = CpuDevice.open(1, variant);
                var three = CpuDevice.open(3, variant)) {
            float[][] together = mixed(three, m, x, logits, true);
            for (int count : new int[] {1, 2, 13}) {
                float[][] some =
                        mixed(one, m, Arrays.copyOf(x, count), Arrays.copyOf(logits, count), true);
                for (int r = 0; r < count; r++) {
                    Data.assertSameBits("row " + r + " of " + count, some[r], together[r]);
                }
            }
        }
    }

    /// Quantized matmuls keep their rows in shared scratch between phases: experts must not meet there.
    @ParameterizedTest
    @MethodSource("variants")
    void quantizedExpertsGiveEachRowTheBitsOfTheirOwnMatmul(String variant) {
        int in = 96;
        int out = 45;
        int[] starts = {0, 3, 3, 4, 37, 40};
        try (var cpu = CpuDevice.open(3, variant)) {
            for (int bits : new int[] {4, 8}) {
                List<Matrix> experts = new ArrayList<>();
                for (int e = 0; e < starts.length - 1; e++) {
                    var full = Data.weights(400 + e, DType.F32, out, in);
                    experts.add(cpu.matrix("e", List.of(new QuantizedAtLoad(full, bits, 32))));
                }
                var bank = cpu.bank("bank", experts);
                var x = Data.strided(cpu, Data.rows(12, 40, in), 2);
                var biases = Steps.floats(cpu, Data.rows(13, experts.size(), out));
                var mixed = Tensor.allocate(cpu, "mixed", DType.F32, 40, out);
                var alone = Tensor.allocate(cpu, "alone", DType.F32, 40, out);
                var ends = Steps.column(cpu, starts);
                Steps.run(cpu, enc -> enc.moeMatmul(mixed, x, bank, ends, biases));
                for (int e = 0; e < experts.size(); e++) {
                    var matrix = experts.get(e);
                    var bias = biases.row(e);
                    for (int r = starts[e]; r < starts[e + 1]; r++) {
                        var row = r;
                        Steps.run(cpu, enc -> enc.matmul(alone.row(row), x.row(row), matrix, bias));
                        Data.assertSameBits(
                                bits + " bits, row " + r, Steps.row(mixed, r), Steps.row(alone, r));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void equalLogitsGoToTheLowerIdAndIdsAscend(String variant) {
        float[][] logits = {
            {1, 5, 5, 5, 2}, {0, 0, 0, 0, 0}, {9, 1, 2, 3, 8}, {Float.NaN, 1, 2, 3, 4}
        };
        try (var cpu = CpuDevice.open(2, variant)) {
            var ids = Tensor.allocate(cpu, "ids", DType.I32, 4, 2);
            var weights = Tensor.allocate(cpu, "weights", DType.F32, 4, 2);
            Steps.run(cpu, enc -> enc.moeRoute(ids, weights, Steps.floats(cpu, logits), true));
            int[][] expected = {{1, 2}, {0, 1}, {0, 4}};
            for (int t = 0; t < expected.length; t++) {
                assertThat(Steps.intAt(ids.columns(0, 1), t)).isEqualTo(expected[t][0]);
                assertThat(Steps.intAt(ids.columns(1, 1), t)).isEqualTo(expected[t][1]);
            }
            assertThat(Steps.row(weights, 0)).containsExactly(0.5f, 0.5f);
            assertThat(Steps.row(weights, 3)).contains(Float.NaN);
        }
    }

    @Test
    void matricesOfOneBankHaveOneShape() {
        try (var cpu = CpuDevice.open(1);
                var other = CpuDevice.open(1)) {
            var a = cpu.matrix("a", List.of(Data.weights(1, DType.F32, 4, 4)));
            var b = cpu.matrix("b", List.of(Data.weights(1, DType.F32, 4, 5)));
            var c = other.matrix("c", List.of(Data.weights(1, DType.F32, 4, 4)));
            assertThatThrownBy(() -> cpu.bank("bank", List.of(a, b)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("differ in shape");
            assertThatThrownBy(() -> cpu.bank("bank", List.of(a, c)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another device");
            assertThatThrownBy(() -> cpu.bank("bank", List.of()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
