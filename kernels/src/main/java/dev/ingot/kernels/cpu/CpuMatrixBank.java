package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.MatrixBank;
import java.lang.foreign.MemorySegment;

/// Matrices of one [CpuDevice], described one after another for the kernels.
///
/// @param memory `ingot_matrix[count]`, the device's
record CpuMatrixBank(CpuDevice owner, MemorySegment memory, int count, int out, int in)
        implements MatrixBank {}
