package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What quantized weights stand for, by the formats' definitions and as plainly as can be: each weight
/// worked out in double precision on its own and rounded to a float once.
public final class Dequantized {
    private static final double[] E2M1 = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

    private static final int[] IQ4 = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private Dequantized() {}

    /// All weights, row by row.
    public static float[] floats(WeightSource source) {
        if (source instanceof HostTensor dense) {
            return ReferenceDevice.decode(dense);
        }
        int in = source.in();
        float[] values = new float[Math.multiplyExact(source.out(), in)];
        if (source instanceof QuantizedAtLoad full) {
            quantized(full, values);
            return values;
        }
        if (source instanceof AffineWeights affine) {
            float[] scales = affine.scales().floats();
            float[] biases = affine.biases().floats();
            for (int i = 0; i < values.length; i++) {
                int group = i / affine.group();
                values[i] = (float) ((double) scales[group] * level(affine, i) + biases[group]);
            }
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            int row = i / in;
            int k = i % in;
            values[i] =
                    (float)
                            (switch (source) {
                                        case Mxfp4Weights mxfp4 -> mxfp4(mxfp4, row, k);
                                        case BlockWeights blocks -> block(blocks, row, k);
                                        default -> throw new AssertionError(source);
                                    }
                                    + 0.0); // −0 counts as 0
        }
        return values;
    }

    /// Level `index` of the stream that all rows make together: each is of whole bytes.
    private static int level(AffineWeights w, int index) {
        long bit = (long) index * w.bits();
        int level = 0;
        for (int b = 0; b < w.bits(); b++) {
            int at = (int) ((bit + b) % 8);
            level |= ((unsigned(w.levels(), (bit + b) / 8) >> at) & 1) << b;
        }
        return level;
    }

    private static double mxfp4(Mxfp4Weights w, int row, int k) {
        long at = (long) row * w.in() + k;
        int level = (unsigned(w.levels(), at / 2) >> (4 * (at % 2))) & 15;
        return e2m1(level) * e8m0(unsigned(w.exponents(), at / Mxfp4Weights.GROUP));
    }

    private static double e2m1(int level) {
        return level < 8 ? E2M1[level] : -E2M1[level - 8];
    }

    private static double e8m0(int exponent) {
        return exponent == 255 ? Double.NaN : Math.scalb(1.0, exponent - 127);
    }

    private static double block(BlockWeights w, int row, int k) {
        var type = w.type();
        long blocks = w.in() / type.elements();
        var b =
                w.blocks()
                        .asSlice((row * blocks + k / type.elements()) * type.bytes(), type.bytes());
        int i = k % type.elements();
        return switch (type) {
            case Q4_0 -> half(b, 0) * (nibbleOfHalves(b, 2, i) - 8);
            case Q8_0 -> half(b, 0) * b.get(ValueLayout.JAVA_BYTE, 2 + i);
            case MXFP4 -> e8m0(unsigned(b, 0)) * e2m1(nibbleOfHalves(b, 1, i));
            case Q4_1 -> half(b, 0) * nibbleOfHalves(b, 4, i) + half(b, 2);
            case Q5_0 -> half(b, 0) * ((nibbleOfHalves(b, 6, i) | (bit(b, 2, i) << 4)) - 16);
            case Q5_1 -> half(b, 0) * (nibbleOfHalves(b, 8, i) | (bit(b, 4, i) << 4)) + half(b, 2);
            case Q2_K -> q2k(b, i);
            case Q3_K -> q3k(b, i);
            case Q4_K -> q4k(b, 16, i, 0);
            case Q5_K -> q4k(b, 48, i, (unsigned(b, 16 + i % 32) >> (i / 32)) & 1);
            case Q6_K -> q6k(b, i);
            case IQ4_NL -> half(b, 0) * IQ4[nibbleOfHalves(b, 2, i)];
            case IQ4_XS -> iq4xs(b, i);
            case NVFP4 ->
                    e4m3(unsigned(b, i / 16))
                            * e2m1(
                                    (unsigned(b, 4 + 8 * (i / 16) + i % 8) >> (4 * (i % 16 / 8)))
                                            & 15);
        };
    }

    private static int nibbleOfHalves(MemorySegment b, int from, int i) {
        return (unsigned(b, from + i % 16) >> (4 * (i / 16))) & 15;
    }

    private static int bit(MemorySegment b, int from, int i) {
        return (unsigned(b, from + i / 8) >> (i % 8)) & 1;
    }

    /// The two lower bits of Q2_K and Q3_K.
    private static int pair(MemorySegment b, int from, int i) {
        return (unsigned(b, from + 32 * (i / 128) + i % 32) >> (2 * (i / 32 % 4))) & 3;
    }

    private static double q2k(MemorySegment b, int i) {
        int scale = unsigned(b, i / 16);
        return half(b, 80) * (scale & 15) * pair(b, 16, i) - half(b, 82) * (scale >> 4);
    }

    private static double q3k(MemorySegment b, int i) {
        int j = i / 16;
        int low = (unsigned(b, 96 + j % 8) >> (4 * (j / 8))) & 15;
        int high = (unsigned(b, 104 + j % 4) >> (2 * (j / 4))) & 3;
        int level = pair(b, 32, i) + 4 * ((unsigned(b, i % 32) >> (i / 32)) & 1) - 4;
        return half(b, 108) * ((low | (high << 4)) - 32) * level;
    }

    private static double iq4xs(MemorySegment b, int i) {
        int j = i / 32;
        int low = (unsigned(b, 4 + j / 2) >> (4 * (j % 2))) & 15;
        int high = ((unsigned(b, 2) | (unsigned(b, 3) << 8)) >> (2 * j)) & 3;
        return half(b, 0) * ((low | (high << 4)) - 32) * IQ4[nibbleOfHalves(b, 8 + 16 * j, i % 32)];
    }

    private static double e4m3(int bits) {
        int exponent = (bits >> 3) & 15;
        int mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7) {
            return 0;
        }
        return exponent == 0
                ? Math.scalb((double) mantissa, -9)
                : Math.scalb(8.0 + mantissa, exponent - 10);
    }

    /// Q4_K, and Q5_K with a fifth bit.
    private static double q4k(MemorySegment b, int nibbles, int i, int fifth) {
        int j = i / 32;
        int scale;
        int minimum;
        if (j < 4) {
            scale = unsigned(b, 4 + j) & 63;
            minimum = unsigned(b, 4 + j + 4) & 63;
        } else {
            scale = (unsigned(b, 4 + j + 4) & 15) | ((unsigned(b, 4 + j - 4) >> 6) << 4);
            minimum = (unsigned(b, 4 + j + 4) >> 4) | ((unsigned(b, 4 + j) >> 6) << 4);
        }
        int level = (unsigned(b, nibbles + 32 * (j / 2) + i % 32) >> (4 * (j % 2))) & 15;
        return half(b, 0) * scale * (level | (fifth << 4)) - half(b, 2) * minimum;
    }

    private static double q6k(MemorySegment b, int i) {
        int n = i / 128;
        int k = i % 128 / 32;
        int l = i % 32;
        int low = (unsigned(b, 64 * n + l + 32 * (k & 1)) >> (k < 2 ? 0 : 4)) & 15;
        int high = (unsigned(b, 128 + 32 * n + l) >> (2 * k)) & 3;
        int scale = b.get(ValueLayout.JAVA_BYTE, 192 + 8 * n + 2 * k + l / 16);
        return half(b, 208) * scale * ((low | (high << 4)) - 32);
    }

    private static double half(MemorySegment b, long at) {
        return Float.float16ToFloat((short) (unsigned(b, at) | (unsigned(b, at + 1) << 8)));
    }

    private static int unsigned(MemorySegment data, long at) {
        return data.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    /// MLX's quantizer (mlx 846d1762, `affine_quantize`) in floats, with scale and bias rounded to the
    /// weights' dtype before the levels are chosen.
    private static void quantized(QuantizedAtLoad source, float[] values) {
        float[] w = ReferenceDevice.decode(source.full());
        var dtype = source.full().dtype();
        int group = source.group();
        float top = (1 << source.bits()) - 1;
        for (int from = 0; from < w.length; from += group) {
            float low = Float.POSITIVE_INFINITY;
            float high = Float.NEGATIVE_INFINITY;
            for (int i = from; i < from + group; i++) {
                low = Math.min(low, w[i]);
                high = Math.max(high, w[i]);
            }
            float scale = Math.max((high - low) / top, 1e-7f);
            boolean lowEdge = Math.abs(low) > Math.abs(high);
            float edge = lowEdge ? low : high;
            scale = lowEdge ? scale : -scale;
            float q0 = (float) Math.rint(edge / scale);
            float bias = 0;
            if (q0 != 0) {
                scale = edge / q0;
                bias = edge;
            }
            scale = stored(dtype, scale);
            bias = stored(dtype, bias);
            for (int i = from; i < from + group; i++) {
                double level = Math.clamp(Math.rint((w[i] - bias) / scale), 0, top);
                values[i] = (float) (scale * level + bias);
            }
        }
    }

    private static float stored(DType dtype, float value) {
        return switch (dtype) {
            case F32 -> value;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case BF16 -> {
                int bits = Float.floatToRawIntBits(value);
                yield Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
            }
            case I32, I8 -> throw new IllegalArgumentException(dtype + " is no weight");
        };
    }
}
