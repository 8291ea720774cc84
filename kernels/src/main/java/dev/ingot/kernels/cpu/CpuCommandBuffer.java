package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Encoder;
import org.jspecify.annotations.Nullable;

/// One step on the CPU.
///
/// [#commit] runs the step on the calling thread and the device's team, and tells the completion before
/// it returns. All command buffers of a device record into the same memory: opening a new one discards
/// what an older one had recorded and not committed.
final class CpuCommandBuffer implements CommandBuffer {
    private final CpuDevice device;
    private final CpuEncoder encoder;
    private boolean committed;

    CpuCommandBuffer(CpuDevice device, OpList ops) {
        this.device = device;
        this.encoder = new CpuEncoder(device, this, ops);
    }

    @Override
    public Encoder encoder() {
        requireOpen();
        return encoder;
    }

    @Override
    public void commit(Completion completion) {
        requireOpen();
        committed = true;
        @Nullable DeviceException failure = device.run();
        if (failure == null) {
            completion.completed();
        } else {
            completion.failed(failure);
        }
    }

    /// That ops may still be recorded into it.
    void requireOpen() {
        if (committed) {
            throw new IllegalStateException("the command buffer was committed");
        }
        device.requireCurrent(this);
    }
}
