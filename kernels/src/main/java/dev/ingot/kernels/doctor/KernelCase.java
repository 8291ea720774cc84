package dev.ingot.kernels.doctor;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Tensor;
import java.util.List;
import java.util.function.Consumer;

/// One kernel at one shape, with inputs that are the same wherever it runs.
///
/// @param kernel the op, and the weights' format where it has any
/// @param shape of what it computes
/// @param tolerance how far an element may be off, in shares of the largest
/// @param subject what is tried
/// @param reference what it is compared with on the reference device: the same, or the same on weights
///     in full where the subject's are quantized
public record KernelCase(
        String kernel, String shape, double tolerance, Setup subject, Setup reference) {
    /// Puts the inputs on a device.
    @FunctionalInterface
    public interface Setup {
        Prepared on(Device device);
    }

    /// Inputs on a device.
    ///
    /// @param ops records what is tried
    /// @param outputs what is compared, of `F32` or `I32`
    public record Prepared(Consumer<Encoder> ops, List<Tensor> outputs) {}

    KernelCase(String kernel, String shape, double tolerance, Setup setup) {
        this(kernel, shape, tolerance, setup, setup);
    }
}
