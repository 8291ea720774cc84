package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.ops.ReferenceOps;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.parity.Data;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class RowOpsTest {
    private static final int[] SIZES = {1, 7, 24, 31, 33, 64, 80, 129, 1030, 4099};
    private static final double ULP = Math.ulp(1f);

    static List<String> variants() {
        return CpuDevice.variants();
    }

    @ParameterizedTest
    @MethodSource("variants")
    void rmsNormAgreesWithTheOracle(String variant) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int n : SIZES) {
                for (int rows : new int[] {1, 5, 130}) {
                    Data.assertClose(
                            rows + " × " + n, norm(cpu, rows, n), norm(oracle, rows, n), 40 * ULP);
                }
            }
        }
    }

    private static Tensor norm(Device device, int rows, int n) {
        var x = Data.strided(device, Data.rows(1, rows, n), 3);
        var out = Data.strided(device, Data.rows(2, rows, n), 1);
        var weight = device.vector("norm", Data.rows(3, 1, n)[0]);
        Steps.run(
                device,
                enc -> {
                    enc.rmsNorm(out, x, weight, 1e-6f);
                    enc.rmsNorm(out, out, weight, 1e-5f);
                });
        return out;
    }

    @ParameterizedTest
    @MethodSource("variants")
    void aRowOfZerosHasANorm(String variant) {
        try (var cpu = CpuDevice.open(1, variant)) {
            var x = Steps.floats(cpu, new float[40]);
            var weight = cpu.vector("norm", Data.rows(3, 1, 40)[0]);
            Steps.run(cpu, enc -> enc.rmsNorm(x, x, weight, 1e-6f));
            for (float y : Steps.row(x, 0)) {
                assertThat(Math.abs(y)).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void headsAreNormedOnTheirOwnAndNothingBesideThem(String variant) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int headDim : new int[] {24, 64, 80, 128}) {
                Data.assertClose(
                        "heads of " + headDim,
                        headNorms(cpu, headDim),
                        headNorms(oracle, headDim),
                        20 * ULP);
            }
        }
    }

    private static Tensor headNorms(Device device, int headDim) {
        var qkv = Steps.floats(device, Data.rows(4, 9, 5 * headDim));
        var weight = device.vector("norm", Data.rows(5, 1, headDim)[0]);
        Steps.run(
                device, enc -> enc.rmsNormHeads(qkv.columns(headDim, 3 * headDim), weight, 1e-6f));
        return qkv;
    }

    @ParameterizedTest
    @MethodSource("variants")
    void ropeAgreesWithTheOracleFarIntoAContext(String variant) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int headDim : new int[] {2, 24, 64, 80, 128}) {
                Data.assertClose(
                        "heads of " + headDim,
                        rotate(cpu, headDim),
                        rotate(oracle, headDim),
                        16 * ULP);
            }
        }
    }

    private static Tensor rotate(Device device, int headDim) {
        int[] positions = {
            0, 1, 2, 3, 100, 4095, 32_767, 131_071, 1_000_003, Integer.MAX_VALUE / 4
        };
        var x = Data.strided(device, Data.rows(6, positions.length, 3 * headDim), 7);
        float[] frequencies = new float[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) Math.pow(10_000, -2.0 * i / headDim);
        }
        var table = device.vector("rope", frequencies);
        var at = Steps.column(device, positions);
        Steps.run(device, enc -> enc.rope(x, headDim, at, table));
        return x;
    }

    @ParameterizedTest
    @MethodSource("variants")
    void swigluAgreesWithTheOracle(String variant) {
        try (var cpu = CpuDevice.open(2, variant);
                var oracle = new ReferenceDevice()) {
            for (int n : SIZES) {
                Data.assertClose("of " + n, gate(cpu, n, 4), gate(oracle, n, 4), 400 * ULP);
            }
        }
    }

    private static Tensor gate(Device device, int n, float spread) {
        float[][] values = Data.rows(7, 3, 2 * n);
        for (float[] row : values) {
            for (int i = 0; i < n; i++) {
                row[i] *= spread;
            }
        }
        var gateUp = Data.strided(device, values, 2);
        var out = Data.strided(device, Data.rows(8, 3, n), 1);
        Steps.run(device, enc -> enc.swiglu(out, gateUp));
        return out;
    }

    /// `silu(x) / x` is `1 / (1 + e⁻ˣ)`: the exponential over all its range, relative to the truth.
    @ParameterizedTest
    @MethodSource("variants")
    void theExponentialIsWithinItsStatedError(String variant) {
        int n = 200_000;
        float[] gateUp = new float[2 * n];
        for (int i = 0; i < n; i++) {
            gateUp[i] = -86f + (i + 0.5f) * (172f / n);
            gateUp[n + i] = 1;
        }
        try (var cpu = CpuDevice.open(1, variant)) {
            var x = Steps.floats(cpu, gateUp);
            var out = Tensor.allocate(cpu, "out", DType.F32, 1, n);
            Steps.run(cpu, enc -> enc.swiglu(out, x));
            float[] actual = Steps.row(out, 0);
            double worst = 0;
            for (int i = 0; i < n; i++) {
                double expected = gateUp[i] / (1 + Math.exp(-(double) gateUp[i]));
                worst = Math.max(worst, Math.abs(actual[i] - expected) / Math.abs(expected));
            }
            // Two units for e^x, half each for the sum, the quotient and the product.
            assertThat(worst).isLessThan(3.5 * ULP);
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void extremeGatesNeitherOverflowNorPoisonTheirNeighbours(String variant) {
        float[] gateUp = new float[2 * 20];
        java.util.Arrays.fill(gateUp, 20, 40, 1f);
        gateUp[0] = 1e30f;
        gateUp[1] = -1e30f;
        gateUp[2] = Float.NaN;
        gateUp[3] = 2;
        try (var cpu = CpuDevice.open(1, variant)) {
            var x = Steps.floats(cpu, gateUp);
            var out = Tensor.allocate(cpu, "out", DType.F32, 1, 20);
            Steps.run(cpu, enc -> enc.swiglu(out, x));
            float[] actual = Steps.row(out, 0);
            assertThat(actual[0]).isEqualTo(1e30f);
            assertThat(Math.abs(actual[1])).isLessThan(1e-6f);
            assertThat(actual[2]).isNaN();
            assertThat(actual[3])
                    .isEqualTo(
                            2f / (1 + (float) Math.exp(-2)),
                            org.assertj.core.data.Offset.offset(1e-6f));
            assertThat(actual[4]).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void gatheredRowsAreCopies(String variant) {
        float[][] values = Data.rows(9, 50, 33);
        int[] chosen = {49, 0, 7, 7, 31};
        try (var cpu = CpuDevice.open(2, variant)) {
            var x = Data.strided(cpu, values, 4);
            var out = Data.strided(cpu, Data.rows(10, chosen.length, 33), 2);
            var rows = Steps.column(cpu, chosen);
            Steps.run(cpu, enc -> enc.gatherRows(out, x, rows));
            for (int i = 0; i < chosen.length; i++) {
                Data.assertSameBits("row " + i, Steps.row(out, i), values[chosen[i]]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void noRowsToGatherIsAStepLikeAnyOther(String variant) {
        try (var cpu = CpuDevice.open(2, variant)) {
            var x = Steps.floats(cpu, Data.rows(9, 5, 33));
            var out = Tensor.allocate(cpu, "out", DType.F32, 1, 33).firstRows(0);
            Steps.run(cpu, enc -> enc.gatherRows(out, x, Steps.column(cpu)));
            assertThat(out.rows()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void argmaxTakesTheLowestOfEqualsAndRefusesBrokenRows(String variant) {
        int n = 5003;
        float[][] rows = Data.rows(11, 11, n);
        rows[0][4999] = rows[0][17] = rows[0][18] = 100;
        rows[1][n - 1] = 100;
        rows[2][3] = Float.NaN;
        rows[3][n - 1] = Float.POSITIVE_INFINITY;
        rows[4][n - 2] = Float.NEGATIVE_INFINITY;
        java.util.Arrays.fill(rows[5], -3);
        java.util.Arrays.fill(rows[6], -Float.MAX_VALUE);
        java.util.Arrays.fill(rows[7], -0f);
        rows[7][9] = 0f;
        rows[8][0] = Float.MAX_VALUE;
        java.util.Arrays.fill(rows[9], Float.NaN);
        java.util.Arrays.fill(rows[10], Float.NEGATIVE_INFINITY);
        rows[4][77] = 100;
        try (var cpu = CpuDevice.open(2, variant)) {
            var x = Data.strided(cpu, rows, 3);
            var out = Steps.ints(cpu, new int[rows.length][2]).columns(1, 1);
            Steps.run(cpu, enc -> enc.argmax(out, x));
            int[] actual = new int[rows.length];
            for (int r = 0; r < rows.length; r++) {
                actual[r] = Steps.intAt(out, r);
            }
            assertThat(actual).containsExactly(17, n - 1, -1, -1, 77, 0, 0, 0, 0, -1, -1);
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void argmaxFindsTheLargestAtEveryPlaceOfShortRows(String variant) {
        try (var cpu = CpuDevice.open(2, variant)) {
            for (int n : new int[] {1, 7, 16, 31, 33, 129}) {
                float[][] rows = Data.rows(12, n, n);
                for (int r = 0; r < n; r++) {
                    rows[r][r] = 50;
                }
                var x = Steps.floats(cpu, rows);
                var out = Tensor.allocate(cpu, "out", DType.I32, n, 1);
                Steps.run(cpu, enc -> enc.argmax(out, x));
                for (int r = 0; r < n; r++) {
                    assertThat(Steps.intAt(out, r)).isEqualTo(r);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void topKListsTheLargestInOrderAndRefusesBrokenRows(String variant) {
        try (var cpu = CpuDevice.open(2, variant)) {
            for (int n : new int[] {1, 7, 31, 33, 129, 2048, 5003}) {
                float[][] rows = Data.rows(13, 9, n);
                java.util.Arrays.fill(rows[1], -3);
                java.util.Arrays.fill(rows[2], Float.NEGATIVE_INFINITY);
                rows[2][n / 2] = -7;
                rows[3][n - 1] = Float.NaN;
                rows[4][n / 3] = Float.POSITIVE_INFINITY;
                for (int i = 0; i < n; i++) {
                    rows[5][i] = i; // each beats all before it
                    rows[6][i] = (i * 37) % 5; // many equals
                    rows[7][i] = i % 2 == 0 ? -0f : 0f;
                    rows[8][i] = Float.isFinite(rows[8][i]) && i % 3 > 0 ? rows[8][i] : -1e30f;
                }
                for (int k : new int[] {1, 2, 20, 64}) {
                    assertTopK(cpu, rows, k);
                }
            }
        }
    }

    private static void assertTopK(CpuDevice cpu, float[][] rows, int k) {
        var x = Data.strided(cpu, rows, 3);
        var ids = Tensor.allocate(cpu, "ids", DType.I32, rows.length, k);
        var values = Tensor.allocate(cpu, "values", DType.F32, rows.length, k);
        Steps.run(cpu, enc -> enc.topK(ids, values, x));
        for (int r = 0; r < rows.length; r++) {
            int[] expected = ReferenceOps.topK(rows[r], k);
            for (int j = 0; j < k; j++) {
                String where = "row " + r + " of " + rows[r].length + ", place " + j + " of " + k;
                assertThat(ids.row(r).contents().getAtIndex(ValueLayout.JAVA_INT, j))
                        .as(where)
                        .isEqualTo(Math.max(expected[j], -1));
                float value = values.row(r).contents().getAtIndex(ValueLayout.JAVA_FLOAT, j);
                if (expected[j] == ReferenceOps.BROKEN) {
                    assertThat(value).as(where).isNaN();
                } else {
                    assertThat(value)
                            .as(where)
                            .isEqualTo(
                                    expected[j] < 0
                                            ? Float.NEGATIVE_INFINITY
                                            : rows[r][expected[j]]);
                }
            }
        }
    }
}
