package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import java.util.List;

/// How a matrix lies in panels: the fields of `ingot_matrix`.
///
/// Every quantized source has one that holds it value for value:
///
/// | source | levels | group | scales | bits a weight (in the file) |
/// | --- | --- | --- | --- | --- |
/// | affine, 2 to 4 bits, groups of 64 | 4 bits | 64 | as stored, with biases | 4.5 (16-bit scales: bits + 0.5) |
/// | affine, 5 to 8 bits, groups of 64 | 8 bits | 64 | as stored, with biases | 8.5 (bits + 0.5) |
/// | affine, groups of 32; of 128 as of 64 | as above | 32 | as stored, with biases | 5 or 9 (bits + 1) |
/// | MXFP4 | 4 bits, E2M1 | 32 | BF16 | 4.5 (4.25) |
/// | NVFP4 | 4 bits, E2M1 | 16 | F32 | 6 (4.5) |
/// | Q4_0 | 4 bits | 32 | F16 | 4.5 (4.5) |
/// | Q4_1 | 4 bits | 32 | F16, with biases | 5 (5) |
/// | Q5_0 | 8 bits | 32 | F16 | 8.5 (5.5) |
/// | Q5_1 | 8 bits | 32 | F16, with biases | 9 (6) |
/// | Q8_0 | 8 bits | 32 | F16 | 8.5 (8.5) |
/// | Q2_K | 4 bits | 16 | F32, with biases | 8 (2.63) |
/// | Q3_K | 4 bits | 16 | F32 | 6 (3.44) |
/// | Q4_K | 4 bits | 32 | F32, with biases | 6 (4.5) |
/// | Q5_K | 8 bits | 32 | F32, with biases | 10 (5.5) |
/// | Q6_K | 8 bits | 16 | F32 | 10 (6.56) |
/// | IQ4_NL | 8 bits | 32 | F16 | 8.5 (4.5) |
/// | IQ4_XS | 8 bits | 32 | F32 | 9 (4.25) |
///
/// @param code `INGOT_F32` … `INGOT_Q8`
/// @param group inputs that share a scale; 0 for a dense format, and so are those after it
/// @param scaleFormat code of the scales' and biases' type
/// @param zero the level that stands for 0 where biases are not stored, else −1
/// @param levels `INGOT_LINEAR` or `INGOT_E2M1`
record PackedFormat(int code, int group, int scaleFormat, int zero, int levels) {
    private static final int F32 = Formats.code(DType.F32);
    private static final int F16 = Formats.code(DType.F16);
    private static final int BF16 = Formats.code(DType.BF16);
    private static final int Q4 = 3;
    private static final int Q8 = 4;
    private static final int LINEAR = 0;
    private static final int E2M1 = 1;
    private static final int E2M1_ZERO = 12;
    private static final int IQ4_ZERO = 127;
    private static final int STORED = -1;
    private static final int LARGEST_GROUP = 64;
    private static final int SMALLEST_GROUP = 16;

    /// The format that holds all parts of a matrix.
    ///
    /// @throws IllegalArgumentException if there is none, naming `label` and the part
    static PackedFormat of(String label, List<? extends WeightSource> parts) {
        WeightSource first = parts.getFirst();
        PackedFormat format = of(first);
        for (WeightSource part : parts) {
            PackedFormat other = of(part);
            if (!format.stacksWith(other)) {
                throw new IllegalArgumentException(
                        label + ": " + describe(part) + " does not stack on " + describe(first));
            }
            format = format.wideEnoughFor(other);
        }
        return format;
    }

    private static PackedFormat of(WeightSource source) {
        return switch (source) {
            case HostTensor dense -> {
                if (dense.dtype() == DType.I8) {
                    throw new IllegalArgumentException(describe(dense) + ": no weights");
                }
                yield new PackedFormat(Formats.code(dense.dtype()), 0, 0, 0, 0);
            }
            case AffineWeights affine ->
                    new PackedFormat(
                            affine.bits() <= 4 ? Q4 : Q8,
                            groupWithin(affine),
                            Formats.code(affine.scales().dtype()),
                            STORED,
                            LINEAR);
            case QuantizedAtLoad full ->
                    new PackedFormat(
                            full.bits() == 4 ? Q4 : Q8,
                            full.group(),
                            Formats.code(full.full().dtype()),
                            STORED,
                            LINEAR);
            case Mxfp4Weights ignored -> new PackedFormat(Q4, 32, BF16, E2M1_ZERO, E2M1);
            case BlockWeights blocks ->
                    switch (blocks.type()) {
                        case Q4_0 -> new PackedFormat(Q4, 32, F16, 8, LINEAR);
                        case Q4_1 -> new PackedFormat(Q4, 32, F16, STORED, LINEAR);
                        case Q5_0 -> new PackedFormat(Q8, 32, F16, 16, LINEAR);
                        case Q5_1 -> new PackedFormat(Q8, 32, F16, STORED, LINEAR);
                        case Q8_0 -> new PackedFormat(Q8, 32, F16, 128, LINEAR);
                        case Q2_K -> new PackedFormat(Q4, 16, F32, STORED, LINEAR);
                        case Q3_K -> new PackedFormat(Q4, 16, F32, 4, LINEAR);
                        case Q4_K -> new PackedFormat(Q4, 32, F32, STORED, LINEAR);
                        case Q5_K -> new PackedFormat(Q8, 32, F32, STORED, LINEAR);
                        case Q6_K -> new PackedFormat(Q8, 16, F32, 32, LINEAR);
                        case IQ4_NL -> new PackedFormat(Q8, 32, F16, IQ4_ZERO, LINEAR);
                        case IQ4_XS -> new PackedFormat(Q8, 32, F32, IQ4_ZERO, LINEAR);
                        case MXFP4 -> new PackedFormat(Q4, 32, BF16, E2M1_ZERO, E2M1);
                        case NVFP4 -> new PackedFormat(Q4, 16, F32, E2M1_ZERO, E2M1);
                    };
        };
    }

    private static int groupWithin(AffineWeights affine) {
        for (int group = LARGEST_GROUP; group >= SMALLEST_GROUP; group /= 2) {
            if (affine.group() % group == 0) {
                return group;
            }
        }
        throw new IllegalArgumentException(
                affine.name() + ": groups of " + affine.group() + " are no multiple of 16");
    }

    Arithmetic arithmetic() {
        if (code == Q4) {
            return Arithmetic.FOUR_BITS;
        }
        if (code == Q8) {
            return Arithmetic.EIGHT_BITS;
        }
        return code == BF16 ? Arithmetic.BF16 : Arithmetic.FLOAT;
    }

    /// As a benchmark calls it: `BF16`, `4 bits by 64`.
    String label() {
        return switch (arithmetic()) {
            case FLOAT -> code == F32 ? "F32" : "F16";
            case BF16 -> "BF16";
            case EIGHT_BITS -> "8 bits by " + group;
            case FOUR_BITS -> "4 bits by " + group;
        };
    }

    static String describe(WeightSource part) {
        String kind = part instanceof HostTensor tensor ? " " + tensor.dtype() : "";
        return part.name() + kind + "[" + part.out() + ", " + part.in() + "]";
    }

    private boolean stacksWith(PackedFormat other) {
        boolean dense = group == 0 || other.group == 0;
        return dense
                ? equals(other)
                : levels == other.levels && (levels == LINEAR || code == other.code);
    }

    private PackedFormat wideEnoughFor(PackedFormat other) {
        if (equals(other)) {
            return this;
        }
        return new PackedFormat(
                Math.max(code, other.code),
                Math.min(group, other.group),
                sharedScaleFormat(other),
                zero == other.zero ? zero : STORED,
                levels);
    }

    /// One that holds both scales, and where biases come to be stored those too: 127 scales need more bits than
    /// a scale, 8, 16 or 128 do not.
    private int sharedScaleFormat(PackedFormat other) {
        boolean odd = zero != other.zero && (zero == IQ4_ZERO || other.zero == IQ4_ZERO);
        return scaleFormat == other.scaleFormat && !odd ? scaleFormat : F32;
    }
}
