package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.Matrix;
import java.lang.foreign.MemorySegment;

/// Weights packed into panels, in the order in which their device's variant reads them (`panels.h`,
/// `quants.h`).
///
/// @param owner the device that packed and frees it
record CpuMatrix(CpuDevice owner, MemorySegment memory, int out, int in, PackedFormat format)
        implements Matrix {
    @Override
    public long bytes() {
        return memory.byteSize();
    }
}
