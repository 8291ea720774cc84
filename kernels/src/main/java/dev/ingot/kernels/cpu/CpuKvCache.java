package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import java.lang.foreign.MemorySegment;

/// K and V of all layers, one layer after another; within a layer as `ingot_cache` says.
///
/// @param owner the device that frees it
record CpuKvCache(CpuDevice owner, KvGeometry geometry, MemorySegment memory) implements KvCache {
    /// Where a layer begins.
    MemorySegment layer(int layer) {
        return memory.asSlice(geometry.bytes() / geometry.layers() * layer);
    }
}
