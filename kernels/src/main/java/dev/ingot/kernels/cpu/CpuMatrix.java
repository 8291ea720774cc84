package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Matrix;
import java.lang.foreign.MemorySegment;

/// Weights packed into panels, in the order in which their device's variant reads them (`panels.h`).
///
/// @param owner the device that packed and frees it
record CpuMatrix(CpuDevice owner, MemorySegment memory, int out, int in, DType dtype)
        implements Matrix {}
