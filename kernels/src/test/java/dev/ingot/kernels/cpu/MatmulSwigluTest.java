package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.QuantizedWeights;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Two ops in one: the bits of the two, and nothing written between them where they are fused.
final class MatmulSwigluTest {
    private static final int[] ROWS = {1, 2, 7, 8, 16, 33, 70};

    /// The last two are no multiples of what is fused.
    private static final int[] COLUMNS = {64, 192, 33, 96};

    @ParameterizedTest
    @MethodSource("dev.ingot.kernels.cpu.MatmulTest#variantsAndFormats")
    void hasTheBitsOfTheTwoOpsInEveryFormat(String variant, DType format) {
        for (int n : COLUMNS) {
            try (var cpu = CpuDevice.open(2, variant)) {
                var matrix = cpu.matrix("w", List.of(Data.weights(n, format, 2 * n, 130)));
                hasTheBitsOfTheTwoOps(cpu, matrix);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.ingot.kernels.cpu.QuantizedTest#variantsAndFormats")
    void hasTheBitsOfTheTwoOpsInEveryQuantizedFormat(String variant, QuantizedWeights format) {
        for (int n : COLUMNS) {
            try (var cpu = CpuDevice.open(2, variant)) {
                var weights = format.make(n, 2 * n, 2 * format.granule());
                hasTheBitsOfTheTwoOps(cpu, cpu.matrix("w", List.of(weights)));
            }
        }
    }

    private static void hasTheBitsOfTheTwoOps(Device device, Matrix matrix) {
        var bias = device.vector("bias", Data.rows(3, 1, matrix.out())[0]);
        for (int rows : ROWS) {
            Tensor given = rows % 2 == 0 ? null : bias;
            float[][] two =
                    computed(
                            device,
                            matrix,
                            rows,
                            false,
                            (enc, out, x, between) -> {
                                enc.matmul(between, x, matrix, given);
                                enc.swiglu(out, between);
                            });
            float[][] one =
                    computed(
                            device,
                            matrix,
                            rows,
                            true,
                            (enc, out, x, between) ->
                                    enc.matmulSwiglu(out, x, matrix, given, between));
            for (int r = 0; r < rows; r++) {
                Data.assertSameBits(rows + " rows: " + r, one[r], two[r]);
            }
        }
    }

    private interface Recorded {
        void record(Encoder enc, Tensor out, Tensor x, Tensor between);
    }

    private static float[][] computed(
            Device device, Matrix matrix, int rows, boolean isOne, Recorded ops) {
        int n = matrix.out() / 2;
        var x = Data.strided(device, Data.rows(rows, rows, matrix.in()), rows % 3);
        var out = Data.strided(device, Data.rows(5, rows, n), rows % 2);
        float[][] untouched = Data.rows(6, rows, 2 * n);
        var between = Data.strided(device, untouched, 1);
        Steps.run(device, enc -> ops.record(enc, out, x, between));
        if (isOne && n % 64 == 0) {
            for (int r = 0; r < rows; r++) {
                Data.assertSameBits("between, untouched", Steps.row(between, r), untouched[r]);
            }
        }
        return Data.read(out);
    }
}
