package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;

/// Weights of 4-bit floats (E2M1) with an exponent for every 32 inputs (OCP Microscaling Formats 1.0), as
/// MLX stores them.
///
/// @param levels `[out, in / 2]` bytes; the lower half of a byte comes first
/// @param exponents `[out, in / 32]` bytes; `e` stands for `2^(e − 127)`, 255 for NaN
public record Mxfp4Weights(
        String name, int out, int in, MemorySegment levels, MemorySegment exponents)
        implements WeightSource {
    /// Inputs that share an exponent.
    public static final int GROUP = 32;

    /// @throws IllegalArgumentException if the sizes do not fit each other
    public Mxfp4Weights {
        if (in % GROUP != 0
                || levels.byteSize() != (long) out * in / 2
                || exponents.byteSize() != (long) out * in / GROUP) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + out
                            + " × "
                            + in
                            + " with "
                            + levels.byteSize()
                            + " bytes of levels and "
                            + exponents.byteSize()
                            + " of exponents");
        }
    }

    @Override
    public long storedBytes() {
        return levels.byteSize() + exponents.byteSize();
    }
}
