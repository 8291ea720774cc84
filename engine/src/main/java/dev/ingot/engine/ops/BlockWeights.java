package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;

/// Weights in the blocks of GGML's files (llama.cpp, `ggml-common.h`).
///
/// @param blocks the rows, each `in / type.elements()` blocks
public record BlockWeights(String name, Type type, int out, int in, MemorySegment blocks)
        implements WeightSource {
    /// @throws IllegalArgumentException if the sizes do not fit each other
    public BlockWeights {
        if (in % type.elements != 0
                || blocks.byteSize() != (long) out * in / type.elements * type.bytes) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + type
                            + " "
                            + out
                            + " × "
                            + in
                            + " in "
                            + blocks.byteSize()
                            + " bytes");
        }
    }

    @Override
    public long storedBytes() {
        return blocks.byteSize();
    }

    /// How a block is laid out.
    public enum Type {
        Q4_0(32, 18),
        Q8_0(32, 34),
        Q4_K(256, 144),
        Q6_K(256, 210),
        MXFP4(32, 17);

        private final int elements;
        private final int bytes;

        Type(int elements, int bytes) {
            this.elements = elements;
            this.bytes = bytes;
        }

        /// Weights in a block.
        public int elements() {
            return elements;
        }

        /// Size of a block.
        public int bytes() {
            return bytes;
        }
    }
}
