package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.Encoder;

/// One step on the GPU: as many Metal command buffers as its work takes.
///
/// Nothing runs before [#commit], and nothing waits: the completion is told on a thread of Metal's.
final class MetalCommandBuffer implements CommandBuffer {
    private final MetalDevice device;
    private final ComputePass pass;
    private final MetalEncoder encoder;

    MetalCommandBuffer(MetalDevice device, ComputePass pass) {
        this.device = device;
        this.pass = pass;
        encoder = new MetalEncoder(device, pass);
    }

    @Override
    public Encoder encoder() {
        device.requireCurrent(this);
        return encoder;
    }

    @Override
    public void commit(Completion completion) {
        device.commit(this, completion);
    }

    ComputePass pass() {
        return pass;
    }
}
