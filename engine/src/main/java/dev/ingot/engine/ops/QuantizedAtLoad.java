package dev.ingot.engine.ops;

/// Weights that a file holds in full and that the device is to quantize, as MLX's affine mode does.
///
/// @param full `[out, in]`; scales and biases are kept in its dtype
/// @param bits 4 or 8
/// @param group inputs that share a scale: 32 or 64; divides `in`
public record QuantizedAtLoad(HostTensor full, int bits, int group) implements WeightSource {
    /// @throws IllegalArgumentException if the tensor cannot be quantized so
    public QuantizedAtLoad {
        if (full.shape().size() != 2
                || full.dtype() == DType.I32
                || (bits != 4 && bits != 8)
                || (group != 32 && group != 64)
                || full.dimension(1) % group != 0) {
            throw new IllegalArgumentException(
                    full.name()
                            + " "
                            + full.dtype()
                            + full.shape()
                            + " in "
                            + bits
                            + " bits by "
                            + group);
        }
    }

    @Override
    public String name() {
        return full.name();
    }

    @Override
    public int out() {
        return full.out();
    }

    @Override
    public int in() {
        return full.in();
    }

    /// Levels, and a scale and a bias for every group.
    @Override
    public long storedBytes() {
        long elements = (long) out() * in();
        return elements * bits / Byte.SIZE + 2 * full.dtype().bytes(elements / group);
    }
}
