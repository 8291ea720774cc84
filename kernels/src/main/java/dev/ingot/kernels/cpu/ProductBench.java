package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Products, for each format and number of rows.
///
/// Rows are multiplied with one matrix after another, many times what caches hold, so that weights come from
/// memory as a model's do.
final class ProductBench {
    private static final int OUT = 3072;
    private static final int IN = 1024;
    private static final long STREAM_BYTES = 512L << 20;
    private static final int[] ROWS = {1, 2, 4, 16, 128};

    private final CpuDevice device;
    private final BenchData data;
    private final KernelClock clock;

    ProductBench(CpuDevice device, BenchData data, KernelClock clock) {
        this.device = device;
        this.data = data;
        this.clock = clock;
    }

    void measure(Consumer<KernelFigure> figures) {
        var bf16 = BenchData.weights(DType.BF16, OUT, IN);
        for (WeightSource source :
                List.of(
                        BenchData.weights(DType.F32, OUT, IN),
                        BenchData.weights(DType.F16, OUT, IN),
                        bf16,
                        new QuantizedAtLoad(bf16, 8, 64),
                        new QuantizedAtLoad(bf16, 8, 32),
                        new QuantizedAtLoad(bf16, 4, 64),
                        new QuantizedAtLoad(bf16, 4, 32))) {
            measure(source, figures);
        }
    }

    private void measure(WeightSource source, Consumer<KernelFigure> figures) {
        var format = PackedFormat.of("benchmark", List.of(source));
        var matrices = new ArrayList<Matrix>();
        long bytes = 0;
        while (bytes < STREAM_BYTES) {
            matrices.add(device.matrix("benchmark", List.of(source)));
            bytes += matrices.getLast().bytes();
        }
        for (int rows : ROWS) {
            var x = data.floats(rows, IN);
            var out = Tensor.allocate(device, "out", DType.F32, rows, OUT);
            figures.accept(
                    clock.ofMemory(
                            "product with 3072×1024, " + format.label(),
                            rows,
                            matrices.size(),
                            (double) matrices.getFirst().bytes(),
                            2.0 * rows * OUT * IN,
                            format.arithmetic(),
                            enc -> matrices.forEach(m -> enc.matmul(out, x, m, null))));
        }
    }
}
