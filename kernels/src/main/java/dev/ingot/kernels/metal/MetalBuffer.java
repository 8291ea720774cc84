package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/// An `MTLBuffer` in memory that host and GPU share.
///
/// @param owner the device that frees it
/// @param id the Metal object
/// @param contents the host's view, which ends with the device
record MetalBuffer(MetalDevice owner, String label, MemorySegment id, MemorySegment contents)
        implements DeviceBuffer {
    @Override
    public long bytes() {
        return contents.byteSize();
    }
}
