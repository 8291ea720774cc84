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
        Q4_1(32, 20),
        Q5_0(32, 22),
        Q5_1(32, 24),
        Q8_0(32, 34),
        Q2_K(256, 84),
        Q3_K(256, 110),
        Q4_K(256, 144),
        Q5_K(256, 176),
        Q6_K(256, 210),
        IQ4_NL(32, 18),
        IQ4_XS(256, 136),
        MXFP4(32, 17),
        NVFP4(64, 36);

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
