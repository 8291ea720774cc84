package dev.ingot.kernels.metal;

/// How the rows of a [WeightSlab] are stored: what a kernel is specialised for, `weights.h`.
///
/// @param kind which weights a lane takes at a time
/// @param group inputs that share a scale, a power of two; 0 for a dense format
/// @param scale how scales and biases are stored; of no meaning for a dense format
/// @param zero the level that stands for 0 where no biases are stored, else [#STORED]
record WeightFormat(Kind kind, int group, Scale scale, int zero) {
    /// Biases lie beside the scales.
    static final int STORED = -1;

    /// The kernels' instantiations.
    enum Kind {
        F32("f32", 32),
        F16("f16", 16),
        BF16("bf16", 16),
        /// Unsigned levels of 4 bits, the lower half of a byte first.
        Q4("q4", 4),
        /// Unsigned levels of 8 bits.
        Q8("q8", 8),
        /// Floats of 4 bits (E2M1), the lower half of a byte first.
        FP4("fp4", 4);

        private final String suffix;
        private final int bits;

        Kind(String suffix, int bits) {
            this.suffix = suffix;
            this.bits = bits;
        }

        /// Ends the names of its kernels.
        String suffix() {
            return suffix;
        }

        boolean isDense() {
            return bits >= 16;
        }

        /// Weights that a lane takes at a time: `STEP`.
        int step() {
            return isDense() ? 4 : 8;
        }

        /// Bytes of a row, which is padded to whole steps.
        long rowBytes(int in) {
            return (long) Math.ceilDiv(in, step()) * step() * bits / Byte.SIZE;
        }

        /// What a row's address must be a multiple of: what a lane loads at once.
        int alignment() {
            return step() * bits / Byte.SIZE;
        }
    }

    /// `SCALE_TYPE`
    enum Scale {
        F32(0, 4),
        F16(1, 2),
        BF16(2, 2),
        E8M0(3, 1);

        private final int code;
        private final int bytes;

        Scale(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        int code() {
            return code;
        }

        int bytes() {
            return bytes;
        }
    }

    static WeightFormat dense(Kind kind) {
        return new WeightFormat(kind, 0, Scale.F32, 0);
    }

    boolean hasBiases() {
        return zero == STORED;
    }

    /// Groups of a row.
    int groups(int in) {
        return group == 0 ? 0 : in / group;
    }

    int groupShift() {
        return group == 0 ? 0 : Integer.numberOfTrailingZeros(group);
    }
}
