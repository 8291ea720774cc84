package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Tensor;

/// What the encoder's parts share while a step is recorded: the pass, the arguments being written, and how
/// tensors are bound.
final class StepOps {
    /// Threads of a simdgroup.
    static final int LANES = 32;

    private final MetalDevice device;
    private final ComputePass pass;
    private final KernelArguments arguments;
    private int maxThreads;

    StepOps(MetalDevice device, ComputePass pass) {
        this.device = device;
        this.pass = pass;
        arguments = device.arguments();
    }

    MetalDevice device() {
        return device;
    }

    ComputePass pass() {
        return pass;
    }

    /// Begins the next struct of arguments.
    KernelArguments arguments() {
        return arguments.begin();
    }

    /// Begins an op and numbers it for [MetalFaults].
    ///
    /// @return its number
    int begin(String name, long bytes, long operations) {
        pass.op(name, bytes, operations);
        return device.faults().number(name);
    }

    void pipeline(String source, String function, FunctionConstants constants) {
        Pipeline pipeline = device.pipeline(source, function, constants);
        pass.pipeline(pipeline);
        maxThreads = pipeline.maxThreads();
    }

    /// Threads of a threadgroup of the kernel that was set: whole simdgroups, as many as are wanted or as its registers
    /// allow. The same at every step, so that sums over a threadgroup keep their order.
    int threads(int wanted) {
        int whole = Math.ceilDiv(wanted, LANES) * LANES;
        return Math.min(whole, maxThreads / LANES * LANES);
    }

    void bind(int index, Tensor tensor) {
        pass.buffer(index, (MetalBuffer) tensor.buffer(), tensor.byteOffset());
    }

    void bind(int index, MetalSlice slice) {
        pass.buffer(index, slice.buffer(), slice.offset());
    }

    void bindFaults() {
        pass.buffer(MetalFaults.BUFFER, device.faults().word(), 0);
    }

    /// Bytes of a tensor's elements.
    static long bytes(Tensor tensor) {
        return tensor.dtype().bytes((long) tensor.rows() * tensor.columns());
    }

    /// Bytes of so many activations.
    static long activationBytes(long count) {
        return DType.F32.bytes(count);
    }
}
