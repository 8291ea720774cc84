package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;

/// What kernels are timed with: numbers of no meaning, of a model's sizes.
final class BenchData {
    private final CpuDevice device;
    private final Random random = new Random(1);

    BenchData(CpuDevice device) {
        this.device = device;
    }

    /// Normally distributed.
    Tensor floats(int rows, int columns, double deviation) {
        var tensor = Tensor.allocate(device, "benchmark", DType.F32, rows, columns);
        var contents = tensor.contents();
        for (long i = 0; i < (long) rows * columns; i++) {
            contents.setAtIndex(
                    ValueLayout.JAVA_FLOAT, i, (float) (deviation * random.nextGaussian()));
        }
        return tensor;
    }

    Tensor floats(int rows, int columns) {
        return floats(rows, columns, 1);
    }

    Tensor ints(int rows, int columns) {
        return Tensor.allocate(device, "benchmark", DType.I32, rows, columns);
    }

    /// A column with these values.
    Tensor column(int... values) {
        var tensor = ints(values.length, 1);
        for (int i = 0; i < values.length; i++) {
            tensor.contents().setAtIndex(ValueLayout.JAVA_INT, i, values[i]);
        }
        return tensor;
    }

    /// Weights that are finite in each format.
    static HostTensor weights(DType dtype, int out, int in) {
        long bytes = dtype.bytes((long) out * in);
        var data = Arena.ofAuto().allocate(bytes, Long.BYTES);
        for (long i = 0; i < bytes; i += 2) {
            data.set(ValueLayout.JAVA_SHORT, i, (short) (0x3c00 + i % 509));
        }
        return new HostTensor("benchmark", dtype, List.of((long) out, (long) in), data);
    }
}
