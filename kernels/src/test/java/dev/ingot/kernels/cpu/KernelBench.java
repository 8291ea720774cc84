package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.parity.Data;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/// How fast the kernels are beside what this machine's memory gives, in the same minute.
///
/// After `mvn -pl kernels -am test-compile`, in the repository's root:
///
/// ```
/// java --enable-native-access=ALL-UNNAMED -Dingot.cpu.variant=avx2 \
///     -cp kernels/target/classes:kernels/target/test-classes:engine/target/classes:engine/target/test-classes \
///     dev.ingot.kernels.cpu.KernelBench 2
/// ```
///
/// The argument is the number of threads. A figure is the best of many short rounds: what else runs on
/// the machine can only take away from it.
public final class KernelBench {
    private static final long NANOS_PER_FIGURE = 700_000_000;

    /// More than any cache: weights of a GEMV come from memory, as a model's do.
    private static final long STREAM_BYTES = 128L << 20;

    private final CpuDevice cpu;

    private KernelBench(CpuDevice cpu) {
        this.cpu = cpu;
    }

    public static void main(String[] arguments) {
        int threads = arguments.length == 0 ? 0 : Integer.parseInt(arguments[0]);
        try (var cpu = CpuDevice.open(threads)) {
            System.out.println(cpu.info());
            var bench = new KernelBench(cpu);
            bench.read();
            var full = weights(DType.BF16, 3072, 1024);
            for (WeightSource source :
                    List.of(
                            full,
                            new QuantizedAtLoad(full, 8, 64),
                            new QuantizedAtLoad(full, 4, 64),
                            new QuantizedAtLoad(full, 4, 32))) {
                bench.stream(source);
                bench.multiply(source);
            }
            bench.attend(16, 8, 128);
            bench.read();
        }
    }

    private void read() {
        int floats = 1 << 25;
        var x = Tensor.allocate(cpu, "calibration", DType.F32, 1, floats);
        var out = Tensor.allocate(cpu, "sum", DType.F32, 1, 1);
        double seconds = best(() -> cpu.readForCalibration(out, x));
        report("read", 4.0 * floats / seconds / 1e9, "GB/s");
    }

    /// A few rows times many matrices, one after another.
    private void stream(WeightSource w) {
        List<Matrix> matrices = new ArrayList<>();
        long bytes = 0;
        for (int i = 0; bytes < STREAM_BYTES; i++) {
            matrices.add(cpu.matrix("w" + i, List.of(w)));
            bytes += matrices.getLast().bytes();
        }
        double operations = 2.0 * matrices.size() * w.out() * w.in();
        for (int rows : new int[] {1, 2, 4, 8, 16}) {
            var x = Steps.floats(cpu, Data.rows(1, rows, w.in()));
            var y = Tensor.allocate(cpu, "y", DType.F32, rows, w.out());
            double seconds = best(step(enc -> matrices.forEach(m -> enc.matmul(y, x, m, null))));
            report(name(w, rows), bytes / seconds / 1e9, "GB/s");
            report(name(w, rows), operations * rows / seconds / 1e9, "GOP/s");
        }
    }

    /// A prompt's rows times one matrix.
    private void multiply(WeightSource w) {
        var m = cpu.matrix("w", List.of(w));
        for (int rows : new int[] {64, 128, 512}) {
            var x = Steps.floats(cpu, Data.rows(1, rows, w.in()));
            var y = Tensor.allocate(cpu, "y", DType.F32, rows, w.out());
            double seconds = best(step(enc -> enc.matmul(y, x, m, null)));
            report(name(w, rows), 2.0 * w.out() * w.in() * rows / seconds / 1e9, "GOP/s");
        }
    }

    private static String name(WeightSource w, int rows) {
        String format =
                w instanceof QuantizedAtLoad q ? q.bits() + " bits by " + q.group() : "bf16";
        return format + ", " + w.out() + "×" + w.in() + ", " + rows + " rows";
    }

    /// Decode at some depth: what is read is all of K and V, once.
    private void attend(int heads, int kvHeads, int headDim) {
        int blockSize = 16;
        int layers = 28;
        for (int length : new int[] {512, 4096}) {
            for (int sequences : new int[] {1, 8}) {
                int blocks = length / blockSize;
                var geometry =
                        new KvGeometry(
                                layers, kvHeads, headDim, blockSize, blocks * sequences, DType.F16);
                var cache = cpu.kvCache(geometry);
                int[][] tables = new int[sequences][blocks];
                int[] starts = new int[sequences + 1];
                for (int s = 0; s < sequences; s++) {
                    starts[s + 1] = s + 1;
                    for (int b = 0; b < blocks; b++) {
                        tables[s][b] = b * sequences + s;
                    }
                }
                int[] positions = new int[sequences];
                int[] lengths = new int[sequences];
                Arrays.fill(positions, length - 1);
                Arrays.fill(lengths, length);
                var at = Steps.column(cpu, positions);
                var batch =
                        new Batch(
                                at,
                                at,
                                at,
                                Steps.column(cpu, starts),
                                Steps.column(cpu, lengths),
                                Steps.ints(cpu, tables),
                                at);
                var q = Steps.floats(cpu, Data.rows(1, sequences, heads * headDim));
                var out = Tensor.allocate(cpu, "out", DType.F32, sequences, heads * headDim);
                double seconds =
                        best(
                                step(enc -> {
                                    for (int l = 0; l < layers; l++) {
                                        enc.pagedAttention(out, q, cache, l, 0.1f, batch);
                                    }
                                }));
                report(
                        "attention, " + sequences + " × " + length + " positions",
                        geometry.bytes() / seconds / 1e9,
                        "GB/s");
            }
        }
    }

    private Runnable step(Consumer<Encoder> ops) {
        return () -> Steps.run(cpu, ops);
    }

    private static HostTensor weights(DType format, int out, int in) {
        long bytes = format.bytes((long) out * in);
        var data = Arena.ofAuto().allocate(bytes, Long.BYTES);
        for (long i = 0; i < bytes; i += 2) {
            data.set(ValueLayout.JAVA_SHORT, i, (short) (i % 251 * 8));
        }
        return new HostTensor("w", format, List.of((long) out, (long) in), data);
    }

    /// Seconds of the fastest round.
    private static double best(Runnable work) {
        work.run();
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + NANOS_PER_FIGURE;
        while (System.nanoTime() < end) {
            long start = System.nanoTime();
            work.run();
            best = Math.min(best, System.nanoTime() - start);
        }
        return best / 1e9;
    }

    private static void report(String what, double value, String unit) {
        System.out.printf(Locale.ROOT, "%-36s %8.1f %s%n", what, value, unit);
    }
}
