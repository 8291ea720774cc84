package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.Encoder;

/// One step on the CPU.
///
/// [#commit] returns at once; the step runs on the queue's thread and the device's team. Two may be committed and not
/// ended, each with its own memory. Opening a new one discards what an older one had recorded and not committed.
final class CpuCommandBuffer implements CommandBuffer {
    private final CpuDevice device;
    private final CpuEncoder encoder;
    private final OpList ops;
    private boolean committed;

    CpuCommandBuffer(CpuDevice device, OpList ops) {
        this.device = device;
        this.ops = ops;
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
        device.commit(ops, completion);
    }

    /// Runs it on the calling thread: for what is timed. Nothing else may be committed.
    ///
    /// @throws dev.ingot.engine.ops.DeviceException if it failed
    void runNow() {
        requireOpen();
        committed = true;
        device.runNow(ops);
    }

    /// That ops may still be recorded into it.
    void requireOpen() {
        if (committed) {
            throw new IllegalStateException("the command buffer was committed");
        }
        device.requireCurrent(this);
    }
}
