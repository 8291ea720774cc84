package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;

/// Memory that the device computes in and the host can see.
///
/// - Allocated once at load, at the limits; owned by the [Device] and freed when it closes.
/// - The host may touch [#contents] only while no command buffer that uses the buffer is running.
public interface DeviceBuffer {
    /// Length in bytes.
    long bytes();

    /// The buffer as the host sees it; its size is [#bytes].
    MemorySegment contents();
}
