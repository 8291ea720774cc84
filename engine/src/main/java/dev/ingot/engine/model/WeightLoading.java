package dev.ingot.engine.model;

/// What happens to weights that a checkpoint holds in full (F32, F16, BF16) when they are loaded.
///
/// Matrices whose rows no group of 32 divides stay as they are, and so do norms and biases.
public enum WeightLoading {
    /// They are used as they are.
    AS_STORED(0),
    /// Quantized to 4 bits in MLX's affine mode, by groups of 64: 4.5 bits a weight.
    QUANTIZE_4BIT(4),
    /// Quantized to 8 bits in MLX's affine mode, by groups of 64: 8.5 bits a weight.
    QUANTIZE_8BIT(8);

    private final int bits;

    WeightLoading(int bits) {
        this.bits = bits;
    }

    /// Bits of a level; 0 where nothing is quantized.
    int bits() {
        return bits;
    }
}
