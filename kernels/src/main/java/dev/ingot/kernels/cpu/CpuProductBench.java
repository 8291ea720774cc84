package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// How fast the CPU's products are for each format and number of rows, beside what the machine gives in the
/// same seconds.
///
/// Rows are multiplied with one matrix after another, many times what caches hold, so that weights come from
/// memory as a model's do. A figure is the best of many short rounds: what else runs on the machine
/// can only take away from it. Used on the device's thread.
public final class CpuProductBench {
    private static final int OUT = 3072;
    private static final int IN = 1024;
    private static final long STREAM_BYTES = 512L << 20;
    private static final int[] ROWS = {1, 2, 4, 16, 128};

    private final CpuDevice device;
    private final CpuCalibration calibration;
    private final long nanosPerFigure;

    /// A format times so many rows.
    ///
    /// @param format of the weights, as they are packed
    /// @param nanos of one product with a matrix of 3072 × 1024
    /// @param gigabytes weights read in a second, in 10⁹ bytes
    /// @param gigaops operations in a second, in 10⁹
    /// @param ofLimit the least time for memory or arithmetic, as a share of the time taken
    public record Figure(
            String format,
            int rows,
            double nanos,
            double gigabytes,
            double gigaops,
            double ofLimit) {}

    /// @param nanosPerFigure how long each figure is looked for
    public CpuProductBench(CpuDevice device, CpuCalibration calibration, long nanosPerFigure) {
        this.device = device;
        this.calibration = calibration;
        this.nanosPerFigure = nanosPerFigure;
    }

    /// Measures, and tells each figure as soon as it stands.
    public void measure(Consumer<Figure> figures) {
        var bf16 = weights(DType.BF16);
        for (WeightSource source :
                List.of(
                        weights(DType.F32),
                        weights(DType.F16),
                        bf16,
                        new QuantizedAtLoad(bf16, 8, 64),
                        new QuantizedAtLoad(bf16, 8, 32),
                        new QuantizedAtLoad(bf16, 4, 64),
                        new QuantizedAtLoad(bf16, 4, 32))) {
            measure(source, figures);
        }
    }

    private void measure(WeightSource source, Consumer<Figure> figures) {
        var format = PackedFormat.of("benchmark", List.of(source));
        var matrices = new ArrayList<Matrix>();
        long bytes = 0;
        while (bytes < STREAM_BYTES) {
            matrices.add(device.matrix("benchmark", List.of(source)));
            bytes += matrices.getLast().bytes();
        }
        for (int rows : ROWS) {
            var x = Tensor.allocate(device, "x", DType.F32, rows, IN);
            for (long i = 0; i < (long) rows * IN; i++) {
                x.contents().setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 37 % 101 - 50) / 50f);
            }
            var out = Tensor.allocate(device, "out", DType.F32, rows, OUT);
            double read = calibration.read();
            double peak = calibration.operations(format.arithmetic());
            double nanos = best(matrices, x, out) / matrices.size();
            double size = matrices.getFirst().bytes();
            double operations = 2.0 * rows * OUT * IN;
            double least = Math.max(size / read, operations / peak);
            figures.accept(
                    new Figure(
                            format.label(),
                            rows,
                            nanos,
                            size / nanos,
                            operations / nanos,
                            least / nanos));
        }
    }

    private double best(List<Matrix> matrices, Tensor x, Tensor out) {
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + nanosPerFigure;
        do {
            var commands = device.newCommands();
            matrices.forEach(m -> commands.encoder().matmul(out, x, m, null));
            long start = System.nanoTime();
            commands.runNow();
            best = Math.min(best, System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return best;
    }

    private static HostTensor weights(DType dtype) {
        long bytes = dtype.bytes((long) OUT * IN);
        var data = Arena.ofAuto().allocate(bytes, Long.BYTES);
        for (long i = 0; i < bytes; i += 2) {
            data.set(
                    ValueLayout.JAVA_SHORT, i, (short) (0x3c00 + i % 509)); // finite in each format
        }
        return new HostTensor("benchmark", dtype, List.of((long) OUT, (long) IN), data);
    }
}
