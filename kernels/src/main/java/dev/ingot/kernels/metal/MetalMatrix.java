package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.WeightSource;
import java.util.List;

/// Weights in the layout that the kernels read.
@SuppressWarnings("DoNotCallSuggester")
record MetalMatrix(MetalDevice owner, int out, int in, long bytes) implements Matrix {
    static MetalMatrix of(MetalDevice device, String label, List<? extends WeightSource> rowParts) {
        throw new UnsupportedOperationException(label + ": matrices " + rowParts.size());
    }
}
