package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.Encoder;
import java.util.function.Consumer;

/// Times ops, beside what the machine gives in the same seconds.
///
/// A figure is the best of many short rounds: what else runs on the machine can only take away from it.
final class KernelClock {
    /// So many of what lies in the caches run in one round, so that the round's own start does not count.
    private static final int SHORT_OPS = 100;

    private final CpuDevice device;
    private final CpuCalibration calibration;
    private final long nanosPerFigure;

    /// @param nanosPerFigure how long each figure is looked for
    KernelClock(CpuDevice device, CpuCalibration calibration, long nanosPerFigure) {
        this.device = device;
        this.calibration = calibration;
        this.nanosPerFigure = nanosPerFigure;
    }

    /// Nanoseconds of the fastest round of these ops.
    private double best(Consumer<Encoder> ops) {
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + nanosPerFigure;
        do {
            var commands = device.newCommands();
            ops.accept(commands.encoder());
            long start = System.nanoTime();
            commands.runNow();
            best = Math.min(best, System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return best;
    }

    /// Of many ops of one kind whose data comes from memory.
    ///
    /// @param count how many ops there are
    /// @param bytes that one of them reads
    /// @param operations of one of them
    KernelFigure ofMemory(
            String kernel,
            int rows,
            int count,
            double bytes,
            double operations,
            Arithmetic arithmetic,
            Consumer<Encoder> ops) {
        double least =
                Math.max(
                        bytes / calibration.read(),
                        operations / calibration.operations(arithmetic));
        double nanos = best(ops) / count;
        return new KernelFigure(
                kernel, rows, nanos, bytes / nanos, operations / nanos, least / nanos);
    }

    /// Of an op whose data lies in the caches.
    ///
    /// @param floats that it reads and writes for a row, counted as 4 bytes each
    KernelFigure ofCaches(String kernel, int rows, long floats, Consumer<Encoder> op) {
        Consumer<Encoder> ops =
                enc -> {
                    for (int i = 0; i < SHORT_OPS; i++) {
                        op.accept(enc);
                    }
                };
        double nanos = best(ops) / SHORT_OPS;
        double bytes = (double) Float.BYTES * floats * rows;
        return new KernelFigure(kernel, rows, nanos, bytes / nanos, Double.NaN, Double.NaN);
    }
}
