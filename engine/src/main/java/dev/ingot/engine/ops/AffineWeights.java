package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;

/// Weights as MLX quantizes them: `scale · level + bias`, with a scale and a bias for every group of
/// neighbouring inputs.
///
/// A row's levels are one little-endian stream of `bits` bits each, unsigned.
///
/// @param levels `[out, in · bits / 8]` bytes, exactly
/// @param bits of a level: 2, 3, 4, 5, 6 or 8
/// @param scales `[out, in / group]`, of real numbers
/// @param biases like `scales`, of the same dtype
public record AffineWeights(
        String name, MemorySegment levels, int bits, HostTensor scales, HostTensor biases)
        implements WeightSource {
    /// @throws IllegalArgumentException if the sizes do not fit each other
    public AffineWeights {
        boolean knownBits = (bits >= 2 && bits <= 6) || bits == 8;
        if (!knownBits
                || scales.shape().size() != 2
                || scales.dtype() == DType.I32
                || !scales.shape().equals(biases.shape())
                || scales.dtype() != biases.dtype()) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + bits
                            + " bits, scales "
                            + scales.dtype()
                            + scales.shape()
                            + ", biases "
                            + biases.dtype()
                            + biases.shape());
        }
        long rows = Math.max(1, scales.shape().getFirst());
        long bitsInRow = levels.byteSize() / rows * Byte.SIZE;
        long groups = Math.max(1, scales.shape().get(1));
        if (levels.byteSize() % rows != 0
                || bitsInRow % bits != 0
                || bitsInRow / bits % groups != 0
                || bitsInRow / bits > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + levels.byteSize()
                            + " bytes of "
                            + bits
                            + "-bit levels do not go with scales "
                            + scales.shape());
        }
    }

    @Override
    public int out() {
        return scales.dimension(0);
    }

    @Override
    public int in() {
        return Math.toIntExact(levels.byteSize() / Math.max(1, out()) * Byte.SIZE / bits);
    }

    /// Inputs that share a scale.
    public int group() {
        return in() / Math.max(1, scales.dimension(1));
    }

    @Override
    public long storedBytes() {
        return levels.byteSize() + scales.storedBytes() + biases.storedBytes();
    }
}
