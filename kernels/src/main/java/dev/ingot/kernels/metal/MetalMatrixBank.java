package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import java.util.List;

/// The experts' weights side by side.
@SuppressWarnings("DoNotCallSuggester")
record MetalMatrixBank(MetalDevice owner, int count, int out, int in) implements MatrixBank {
    static MetalMatrixBank of(MetalDevice device, String label, List<Matrix> matrices) {
        throw new UnsupportedOperationException(label + ": banks " + matrices.size());
    }
}
