package dev.ingot.engine.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Numbers as a quantized format stores them, and what the stored ones stand for.
///
/// Quantized as plainly as can be: the programs that make real files look for better levels.
///
/// @param bytes of the levels; of GGUF's types with everything that belongs to them
/// @param scales, biases one for each group; only of MLX's
/// @param values what they stand for, each worked out in double precision from what is stored
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Quantized(byte[] bytes, float[] scales, float[] biases, float[] values) {
    private static final double[] E2M1 = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    private static final int SUPER = 256;

    /// In blocks of a type of GGUF; `F16` and `BF16` have blocks of one.
    ///
    /// @param values of whole blocks
    public static Quantized blocks(GgmlType type, float[] values) {
        int size = type.blockElements();
        var out =
                ByteBuffer.allocate(values.length / size * type.blockBytes())
                        .order(ByteOrder.LITTLE_ENDIAN);
        float[] stored = new float[values.length];
        for (int at = 0; at < values.length; at += size) {
            switch (type) {
                case F16 -> {
                    stored[at] = half(values[at]);
                    out.putShort(Float.floatToFloat16(stored[at]));
                }
                case BF16 -> {
                    stored[at] = brainFloat(values[at]);
                    out.putShort((short) (Float.floatToRawIntBits(stored[at]) >>> 16));
                }
                case Q4_0, Q5_0 ->
                        symmetric(values, at, type == GgmlType.Q4_0 ? 4 : 5, out, stored);
                case Q4_1, Q5_1 -> affine(values, at, type == GgmlType.Q4_1 ? 4 : 5, out, stored);
                case Q8_0 -> eightBits(values, at, out, stored);
                case Q4_K, Q5_K ->
                        superBlock(values, at, type == GgmlType.Q4_K ? 4 : 5, out, stored);
                case Q6_K -> sixBits(values, at, out, stored);
                case MXFP4 -> mxfp4(values, at, out, stored);
                default -> throw new IllegalArgumentException(type.toString());
            }
        }
        return new Quantized(out.array(), new float[0], new float[0], stored);
    }

    /// MLX's affine mode: a stream of levels, and a half precision scale and bias for each group.
    public static Quantized mlx(float[] values, int bits, int group) {
        int groups = values.length / group;
        float[] scales = new float[groups];
        float[] biases = new float[groups];
        float[] stored = new float[values.length];
        byte[] levels = new byte[Math.toIntExact((long) values.length * bits / 8)];
        for (int g = 0; g < groups; g++) {
            float min = extreme(values, g * group, group, false);
            float max = extreme(values, g * group, group, true);
            scales[g] = half(Math.max((max - min) / ((1 << bits) - 1), 1e-7f));
            biases[g] = half(min);
            for (int i = g * group; i < (g + 1) * group; i++) {
                int level = level((values[i] - biases[g]) / scales[g], 0, (1 << bits) - 1);
                stored[i] = (float) ((double) scales[g] * level + biases[g]);
                for (int b = 0; b < bits; b++) {
                    long bit = (long) i * bits + b;
                    levels[(int) (bit / 8)] |= (byte) (((level >> b) & 1) << (bit % 8));
                }
            }
        }
        return new Quantized(levels, scales, biases, stored);
    }

    /// MLX's mxfp4: 4-bit floats, lower halves first; the exponents of the groups of 32 are the scales.
    public static Quantized mlxMxfp4(float[] values) {
        byte[] levels = new byte[values.length / 2];
        float[] exponents = new float[values.length / 32];
        float[] stored = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            if (i % 32 == 0) {
                exponents[i / 32] = exponent(values, i);
            }
            int code = e2m1(values[i], (int) exponents[i / 32]);
            levels[i / 2] |= (byte) (code << (i % 2 * 4));
            stored[i] = (float) value(code, (int) exponents[i / 32]);
        }
        return new Quantized(levels, exponents, new float[0], stored);
    }

    // ------------------------------------------------------------------ blocks of 32

    private static void symmetric(float[] w, int at, int bits, ByteBuffer out, float[] stored) {
        int zero = 1 << (bits - 1);
        float d = half(edge(w, at, 32) / -zero);
        int[] levels = new int[32];
        for (int i = 0; i < 32; i++) {
            levels[i] = d == 0 ? zero : level(w[at + i] / d + zero, 0, 2 * zero - 1);
            stored[at + i] = (float) ((double) d * (levels[i] - zero));
        }
        out.putShort(Float.floatToFloat16(d));
        put(levels, bits, out);
    }

    private static void affine(float[] w, int at, int bits, ByteBuffer out, float[] stored) {
        float min = half(extreme(w, at, 32, false));
        float d = half((extreme(w, at, 32, true) - min) / ((1 << bits) - 1));
        int[] levels = new int[32];
        for (int i = 0; i < 32; i++) {
            levels[i] = d == 0 ? 0 : level((w[at + i] - min) / d, 0, (1 << bits) - 1);
            stored[at + i] = (float) ((double) d * levels[i] + min);
        }
        out.putShort(Float.floatToFloat16(d)).putShort(Float.floatToFloat16(min));
        put(levels, bits, out);
    }

    /// The fifth bits first, in one number; then halves: the first 16 levels are the lower ones.
    private static void put(int[] levels, int bits, ByteBuffer out) {
        if (bits == 5) {
            int high = 0;
            for (int i = 0; i < 32; i++) {
                high |= (levels[i] >> 4) << i;
            }
            out.putInt(high);
        }
        for (int j = 0; j < 16; j++) {
            out.put((byte) ((levels[j] & 15) | ((levels[j + 16] & 15) << 4)));
        }
    }

    private static void eightBits(float[] w, int at, ByteBuffer out, float[] stored) {
        float d = half(Math.abs(edge(w, at, 32)) / 127);
        out.putShort(Float.floatToFloat16(d));
        for (int i = at; i < at + 32; i++) {
            int level = d == 0 ? 0 : level(w[i] / d, -127, 127);
            out.put((byte) level);
            stored[i] = (float) ((double) d * level);
        }
    }

    private static void mxfp4(float[] w, int at, ByteBuffer out, float[] stored) {
        int exponent = exponent(w, at);
        int[] codes = new int[32];
        for (int i = 0; i < 32; i++) {
            codes[i] = e2m1(w[at + i], exponent);
            stored[at + i] = (float) value(codes[i], exponent);
        }
        out.put((byte) exponent);
        put(codes, 4, out);
    }

    // ------------------------------------------------------------------ blocks of 256

    /// Eight groups of 32 with a scale and a minimum of six bits each.
    private static void superBlock(float[] w, int at, int bits, ByteBuffer out, float[] stored) {
        int most = (1 << bits) - 1;
        float[] scales = new float[8];
        float[] minima = new float[8];
        for (int g = 0; g < 8; g++) {
            float min = Math.min(0, extreme(w, at + 32 * g, 32, false));
            scales[g] = (extreme(w, at + 32 * g, 32, true) - min) / most;
            minima[g] = -min;
        }
        float d = half(extreme(scales, 0, 8, true) / 63);
        float dmin = half(extreme(minima, 0, 8, true) / 63);
        byte[] packed = new byte[12];
        byte[] high = new byte[32];
        byte[] low = new byte[128];
        for (int g = 0; g < 8; g++) {
            int scale = level(scales[g] / d, 0, 63);
            int minimum = dmin == 0 ? 0 : level(minima[g] / dmin, 0, 63);
            pack(packed, g, scale, minimum);
            for (int i = 0; i < 32; i++) {
                float x = w[at + 32 * g + i];
                int level = scale == 0 ? 0 : level((x + dmin * minimum) / (d * scale), 0, most);
                stored[at + 32 * g + i] =
                        (float) ((double) d * scale * level - (double) dmin * minimum);
                low[32 * (g / 2) + i] |= (byte) ((level & 15) << (g % 2 * 4));
                high[i] |= (byte) ((level >> 4) << g);
            }
        }
        out.putShort(Float.floatToFloat16(d)).putShort(Float.floatToFloat16(dmin)).put(packed);
        if (bits == 5) {
            out.put(high);
        }
        out.put(low);
    }

    private static void pack(byte[] packed, int group, int scale, int minimum) {
        if (group < 4) {
            packed[group] |= (byte) scale;
            packed[group + 4] |= (byte) minimum;
        } else {
            packed[group + 4] |= (byte) ((scale & 15) | ((minimum & 15) << 4));
            packed[group - 4] |= (byte) ((scale >> 4) << 6);
            packed[group] |= (byte) ((minimum >> 4) << 6);
        }
    }

    /// Sixteen groups of 16 with a scale of eight bits each.
    private static void sixBits(float[] w, int at, ByteBuffer out, float[] stored) {
        float[] scales = new float[16];
        for (int g = 0; g < 16; g++) {
            scales[g] = edge(w, at + 16 * g, 16) / -32;
        }
        float d = half(Math.abs(edge(scales, 0, 16)) / 127);
        byte[] low = new byte[128];
        byte[] high = new byte[64];
        byte[] packed = new byte[16];
        for (int i = 0; i < SUPER; i++) {
            int half = i / 128;
            int quarter = i % 128 / 32;
            int l = i % 32;
            int scale = d == 0 ? 0 : level(scales[i / 16] / d, -128, 127);
            int level = scale == 0 ? 0 : level(w[at + i] / (d * scale), -32, 31);
            stored[at + i] = (float) ((double) d * scale * level);
            packed[i / 16] = (byte) scale;
            low[64 * half + l + 32 * (quarter & 1)] |=
                    (byte) (((level + 32) & 15) << (quarter < 2 ? 0 : 4));
            high[32 * half + l] |= (byte) (((level + 32) >> 4) << (2 * quarter));
        }
        out.put(low).put(high).put(packed).putShort(Float.floatToFloat16(d));
    }

    // ------------------------------------------------------------------ numbers

    private static int level(float exact, int least, int most) {
        return Math.clamp(Math.round(exact), least, most);
    }

    private static float half(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }

    private static float brainFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
    }

    /// The one that is furthest from zero.
    private static float edge(float[] w, int at, int count) {
        float edge = 0;
        for (int i = at; i < at + count; i++) {
            edge = Math.abs(w[i]) > Math.abs(edge) ? w[i] : edge;
        }
        return edge;
    }

    private static float extreme(float[] w, int at, int count, boolean largest) {
        float extreme = w[at];
        for (int i = at; i < at + count; i++) {
            extreme = largest ? Math.max(extreme, w[i]) : Math.min(extreme, w[i]);
        }
        return extreme;
    }

    /// So that the largest of 32 is at most 6 times the power of two; with 127 added.
    private static int exponent(float[] w, int at) {
        float most = Math.abs(edge(w, at, 32));
        return most == 0
                ? 127
                : Math.clamp((int) Math.ceil(Math.log(most / 6) / Math.log(2)) + 127, 1, 254);
    }

    private static int e2m1(float w, int exponent) {
        int best = 0;
        for (int code = 1; code < 16; code++) {
            if (Math.abs(value(code, exponent) - w) < Math.abs(value(best, exponent) - w)) {
                best = code;
            }
        }
        return best;
    }

    private static double value(int code, int exponent) {
        return (code < 8 ? 1 : -1) * E2M1[code & 7] * Math.scalb(1.0, exponent - 127);
    }
}
