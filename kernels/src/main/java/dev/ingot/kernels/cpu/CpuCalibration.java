package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Measures what the CPU and its memory give, between the steps of a benchmark.
///
/// Used on the device's thread. Takes 512 MiB of the device's memory: many times what
/// caches hold, because a part that stays in them from one round to the next counts as memory.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
public final class CpuCalibration {
    private static final int READ_FLOATS = 128 << 20;

    /// Some milliseconds of one core.
    private static final long FMA_ITERATIONS = 1 << 20;

    private static final int ROUNDS = 5;

    private final CpuDevice device;
    private final Tensor memory;
    private final Tensor sum;
    private final MethodHandle fma;

    /// What the machine gave when it was asked: the yardstick of every speed measured in the same minute.
    ///
    /// @param readGigabytes bytes that all threads read from memory in a second, in 10⁹
    /// @param gigaflops operations that all threads made of fused multiply-adds in F32 in a second, in 10⁹
    public record Limits(double readGigabytes, double gigaflops) {}

    /// Takes the memory that is read.
    ///
    /// @throws DeviceException of kind `OUT_OF_MEMORY`
    public CpuCalibration(CpuDevice device) {
        this.device = device;
        memory = Tensor.allocate(device, "calibration", DType.F32, 1, READ_FLOATS);
        sum = Tensor.allocate(device, "calibration's sum", DType.F32, 1, 1);
        // Memory that nobody wrote to is one page of zeros, which the caches hold.
        memory.contents().fill((byte) 1);
        fma =
                Linker.nativeLinker()
                        .downcallHandle(
                                NativeLibrary.load(device.info().variant())
                                        .findOrThrow("ingot_calibrate_fma"),
                                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    }

    /// Takes about a tenth of a second. Each figure is the best of a few short rounds: what else runs can only take
    /// away from it.
    public Limits measure() {
        double gigabytes = 0;
        double gigaflops = 0;
        for (int i = 0; i < ROUNDS; i++) {
            long start = System.nanoTime();
            device.readForCalibration(sum, memory);
            gigabytes = Math.max(gigabytes, 4.0 * READ_FLOATS / (System.nanoTime() - start));
            gigaflops = Math.max(gigaflops, fma());
        }
        return new Limits(gigabytes, gigaflops);
    }

    /// `int32_t ingot_calibrate_fma(int32_t threads, int64_t iterations, double *gigaflops)`
    private double fma() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment gigaflops = arena.allocate(JAVA_DOUBLE);
            int status = (int) fma.invokeExact(device.info().threads(), FMA_ITERATIONS, gigaflops);
            if (status != CpuKernels.Status.OK) {
                throw new DeviceException(
                        DeviceException.Kind.UNAVAILABLE,
                        "calibration: the system would not start its threads");
            }
            return gigaflops.get(JAVA_DOUBLE, 0);
        } catch (DeviceException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("ingot_calibrate_fma", e);
        }
    }
}
