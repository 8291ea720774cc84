package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Tensor;

/// Measures what the CPU and its memory give, between the steps of a benchmark.
///
/// Used on the device's thread. Takes 512 MiB of memory to 2 GiB, an eighth of the machine's: many times
/// what caches hold, because a part that stays in them from one round to the next counts as memory. Where a
/// server's last level holds 480 MiB, 512 MiB are read a tenth faster than memory gives them.
public final class CpuCalibration {
    private static final long LEAST_BYTES = 512 << 20;
    private static final long MOST_BYTES = 2L << 30;
    private static final int SHARE_OF_MEMORY = 8;

    /// Some milliseconds of one core.
    private static final long ITERATIONS = 1 << 20;

    private static final int ROUNDS = 5;

    private final CpuDevice device;
    private final Tensor memory;
    private final Tensor sum;

    /// What the machine gave when it was asked: the yardstick of every speed measured in the same minute.
    ///
    /// @param readGigabytes bytes that all threads read from memory in a second, in 10⁹
    /// @param gigaflops operations that all threads made of fused multiply-adds in F32 in a second, in 10⁹
    /// @param weightGigaops the same of the multiply-adds that the device's matrices are multiplied with, by
    ///     their formats' shares of the weights
    public record Limits(double readGigabytes, double gigaflops, double weightGigaops) {}

    /// Takes the memory that is read.
    ///
    /// @throws DeviceException of kind `OUT_OF_MEMORY`
    public CpuCalibration(CpuDevice device) {
        this.device = device;
        long bytes = Math.clamp(HostMemory.totalBytes() / SHARE_OF_MEMORY, LEAST_BYTES, MOST_BYTES);
        int floats = (int) (bytes / LEAST_BYTES * (LEAST_BYTES / Float.BYTES));
        memory = Tensor.allocate(device, "calibration", DType.F32, 1, floats);
        sum = Tensor.allocate(device, "calibration's sum", DType.F32, 1, 1);
        // Memory that nobody wrote to is one page of zeros, which the caches hold.
        memory.contents().fill((byte) 1);
    }

    /// Takes some tenths of a second. Each figure is the best of a few short rounds: what else runs can only take
    /// away from it.
    public Limits measure() {
        double gigaflops = operations(Arithmetic.FLOAT);
        return new Limits(read(), gigaflops, weightOperations(gigaflops));
    }

    double read() {
        double gigabytes = 0;
        for (int i = 0; i < ROUNDS; i++) {
            long start = System.nanoTime();
            device.readForCalibration(sum, memory);
            gigabytes = Math.max(gigabytes, (double) memory.bytes() / (System.nanoTime() - start));
        }
        return gigabytes;
    }

    double operations(Arithmetic arithmetic) {
        double gigaops = 0;
        for (int i = 0; i < ROUNDS; i++) {
            gigaops = Math.max(gigaops, device.calibrate(arithmetic, ITERATIONS));
        }
        return gigaops;
    }

    /// The rate at which all weights would be multiplied once, each in its format.
    private double weightOperations(double gigaflops) {
        double weights = 0;
        double time = 0;
        for (var arithmetic : Arithmetic.values()) {
            long packed = device.packedWeights(arithmetic);
            if (packed > 0) {
                weights += packed;
                time += packed / operations(arithmetic);
            }
        }
        return weights == 0 ? gigaflops : weights / time;
    }
}
