package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/// Native memory of a [CpuDevice]; the CPU is its own host, so both see the same.
///
/// @param owner the device that frees it
record CpuBuffer(CpuDevice owner, MemorySegment contents) implements DeviceBuffer {
    @Override
    public long bytes() {
        return contents.byteSize();
    }
}
