package dev.ingot.engine.weights;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/// The values of ggml's blocks (`ggml-quants.c`, `dequantize_row_*`), one block at a time.
///
/// In every block `d` is an F16 scale; a quant has 4 low bits in a nibble and, where there are more, its high
/// bits elsewhere. The K types have 256 elements in sub-blocks, each with a small scale of its own.
public final class GgmlBlocks {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final Set<GgmlType> READABLE =
            EnumSet.of(
                    GgmlType.F32,
                    GgmlType.F16,
                    GgmlType.BF16,
                    GgmlType.Q4_0,
                    GgmlType.Q4_1,
                    GgmlType.Q5_0,
                    GgmlType.Q5_1,
                    GgmlType.Q8_0,
                    GgmlType.Q2_K,
                    GgmlType.Q3_K,
                    GgmlType.Q4_K,
                    GgmlType.Q5_K,
                    GgmlType.Q6_K,
                    GgmlType.IQ4_NL,
                    GgmlType.IQ4_XS,
                    GgmlType.MXFP4,
                    GgmlType.NVFP4);

    private static final int F16_EXPONENT = 0x7C00;
    private static final int MAX_BLOCK_ELEMENTS = 256;

    /// The 16 steps of IQ4, finer around zero.
    private static final int[] IQ4 = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    /// The 16 values of a 4-bit float (E2M1).
    private static final float[] FP4 = {
        0, .5f, 1, 1.5f, 2, 3, 4, 6, -0f, -.5f, -1, -1.5f, -2, -3, -4, -6
    };

    private GgmlBlocks() {}

    /// Whether [#decode] knows this type.
    public static boolean canRead(GgmlType type) {
        return READABLE.contains(type);
    }

    static String readable() {
        return READABLE.stream().map(GgmlType::name).collect(Collectors.joining(", "));
    }

    /// A copy as F16, each value rounded once.
    static HostTensor toF16(Path file, GgufFile.Blocks blocks) {
        long elements = blocks.shape().stream().reduce(1L, Math::multiplyExact);
        // Automatic: a device that packs its own copy lets go of this one while the next is made.
        var copy = Arena.ofAuto().allocate(DType.F16.bytes(elements), Long.BYTES);
        long columns = blocks.shape().getLast();
        boolean fits =
                LongStream.range(0, elements / columns)
                        .parallel()
                        .mapToObj(row -> rowToF16(blocks, row, columns, copy))
                        .reduce(true, Boolean::logicalAnd);
        if (!fits) {
            throw new CheckpointException(
                    file,
                    "tensor '"
                            + blocks.name()
                            + "': expected finite values of at most 65504, found others in its "
                            + blocks.type()
                            + " blocks");
        }
        return new HostTensor(blocks.name(), DType.F16, blocks.shape(), copy);
    }

    private static boolean rowToF16(
            GgufFile.Blocks blocks, long row, long columns, MemorySegment copy) {
        var type = blocks.type();
        float[] values = new float[MAX_BLOCK_ELEMENTS];
        boolean fits = true;
        for (long column = 0; column < columns; column += type.blockElements()) {
            long element = row * columns + column;
            decode(type, blocks.data(), type.bytes(element), values);
            for (int i = 0; i < type.blockElements(); i++) {
                short half = Float.floatToFloat16(values[i]);
                fits &= (half & F16_EXPONENT) != F16_EXPONENT;
                copy.set(SHORT, DType.F16.bytes(element + i), half);
            }
        }
        return fits;
    }

    /// The values of one block.
    ///
    /// @param at where the block begins in `data`
    /// @param y takes the block's elements from index 0 on
    public static void decode(GgmlType type, MemorySegment data, long at, float[] y) {
        switch (type) {
            case F32 -> y[0] = data.get(FLOAT, at);
            case F16 -> y[0] = half(data, at);
            case BF16 -> y[0] = Float.intBitsToFloat(data.get(SHORT, at) << 16);
            case Q4_0 -> nibbles(data, at + 2, 16, half(data, at), 8, 0, y);
            case Q4_1 -> nibbles(data, at + 4, 16, half(data, at), 0, half(data, at + 2), y);
            case Q5_0 -> fiveBits(data, at + 2, half(data, at), 16, 0, y);
            case Q5_1 -> fiveBits(data, at + 4, half(data, at), 0, half(data, at + 2), y);
            case Q8_0 -> q8(data, at, y);
            case Q2_K -> q2K(data, at, y);
            case Q3_K -> q3K(data, at, y);
            case Q4_K -> q4K(data, at, y);
            case Q5_K -> q5K(data, at, y);
            case Q6_K -> q6K(data, at, y);
            case IQ4_NL -> iq4(data, at + 2, half(data, at), y, 0);
            case IQ4_XS -> iq4Xs(data, at, y);
            case MXFP4 -> mxfp4(data, at, y);
            case NVFP4 -> nvfp4(data, at, y);
            default -> throw new IllegalArgumentException("no reader for " + type);
        }
    }

    /// Low nibbles first, then high ones.
    private static void nibbles(
            MemorySegment data, long at, int half, float d, int zero, float m, float[] y) {
        for (int j = 0; j < half; j++) {
            int b = u8(data, at + j);
            y[j] = d * ((b & 15) - zero) + m;
            y[j + half] = d * ((b >> 4) - zero) + m;
        }
    }

    /// 32 high bits, then 32 nibbles.
    private static void fiveBits(
            MemorySegment data, long at, float d, int zero, float m, float[] y) {
        int high = data.get(GgufCursor.INT, at);
        for (int j = 0; j < 16; j++) {
            int b = u8(data, at + 4 + j);
            y[j] = d * (((b & 15) | (bits(high, j, 1) << 4)) - zero) + m;
            y[j + 16] = d * (((b >> 4) | (bits(high, j + 16, 1) << 4)) - zero) + m;
        }
    }

    private static void q8(MemorySegment data, long at, float[] y) {
        float d = half(data, at);
        for (int j = 0; j < 32; j++) {
            y[j] = d * data.get(ValueLayout.JAVA_BYTE, at + 2 + j);
        }
    }

    /// 16 bytes of scale and minimum, 64 of quants, d, dmin.
    private static void q2K(MemorySegment data, long at, float[] y) {
        float d = half(data, at + 80);
        float dmin = half(data, at + 82);
        for (int i = 0; i < 256; i++) {
            int scale = u8(data, at + i / 16);
            int q = bits(u8(data, at + 16 + pairByte(i)), pairShift(i), 2);
            y[i] = d * (scale & 15) * q - dmin * (scale >> 4);
        }
    }

    /// 32 bytes of high bits, 64 of quants, 12 of 6-bit scales, d.
    private static void q3K(MemorySegment data, long at, float[] y) {
        float d = half(data, at + 108);
        for (int i = 0; i < 256; i++) {
            int s = i / 16;
            int low = bits(u8(data, at + 96 + s % 8), 4 * (s / 8), 4);
            int scale = (low | (bits(u8(data, at + 104 + s % 4), 2 * (s / 4), 2) << 4)) - 32;
            int q = bits(u8(data, at + 32 + pairByte(i)), pairShift(i), 2);
            int high = bits(u8(data, at + i % 32), i / 32, 1);
            y[i] = d * scale * (q - 4 * (1 - high));
        }
    }

    /// d, dmin, 12 bytes of scales and minima, 128 of nibbles.
    private static void q4K(MemorySegment data, long at, float[] y) {
        float d = half(data, at);
        float dmin = half(data, at + 2);
        for (int j = 0; j < 8; j++) {
            float scale = d * scaleOf(data, at + 4, j);
            float m = dmin * minOf(data, at + 4, j);
            for (int l = 0; l < 32; l++) {
                int q = bits(u8(data, at + 16 + nibbleByte(j, l)), 4 * (j % 2), 4);
                y[32 * j + l] = scale * q - m;
            }
        }
    }

    /// As Q4_K, with 32 bytes of high bits before the nibbles.
    private static void q5K(MemorySegment data, long at, float[] y) {
        float d = half(data, at);
        float dmin = half(data, at + 2);
        for (int j = 0; j < 8; j++) {
            float scale = d * scaleOf(data, at + 4, j);
            float m = dmin * minOf(data, at + 4, j);
            for (int l = 0; l < 32; l++) {
                int q = bits(u8(data, at + 48 + nibbleByte(j, l)), 4 * (j % 2), 4);
                int high = bits(u8(data, at + 16 + l), j, 1);
                y[32 * j + l] = scale * (q | (high << 4)) - m;
            }
        }
    }

    private static int scaleOf(MemorySegment data, long at, int j) {
        return j < 4
                ? u8(data, at + j) & 63
                : bits(u8(data, at + j + 4), 0, 4) | (bits(u8(data, at + j - 4), 6, 2) << 4);
    }

    private static int minOf(MemorySegment data, long at, int j) {
        return j < 4
                ? u8(data, at + j + 4) & 63
                : bits(u8(data, at + j + 4), 4, 4) | (bits(u8(data, at + j), 6, 2) << 4);
    }

    /// 128 bytes of nibbles, 64 of two high bits, 16 signed scales, d.
    private static void q6K(MemorySegment data, long at, float[] y) {
        float d = half(data, at + 208);
        for (int i = 0; i < 256; i++) {
            int n = i / 128;
            int k = i % 128 / 32;
            int l = i % 32;
            int low = bits(u8(data, at + (64 * n + l + 32 * (k % 2))), 4 * (k / 2), 4);
            int high = bits(u8(data, at + (128 + 32 * n + l)), 2 * k, 2);
            int scale = data.get(ValueLayout.JAVA_BYTE, at + 192 + i / 16);
            y[i] = d * scale * ((low | (high << 4)) - 32);
        }
    }

    private static void iq4(MemorySegment data, long at, float d, float[] y, int first) {
        for (int j = 0; j < 16; j++) {
            int b = u8(data, at + j);
            y[first + j] = d * IQ4[b & 15];
            y[first + j + 16] = d * IQ4[b >> 4];
        }
    }

    /// d, 2 bytes of high bits of the scales, 4 of low ones, 128 of nibbles.
    private static void iq4Xs(MemorySegment data, long at, float[] y) {
        float d = half(data, at);
        int high = data.get(SHORT, at + 2);
        for (int j = 0; j < 8; j++) {
            int scale =
                    bits(u8(data, at + 4 + j / 2), 4 * (j % 2), 4) | (bits(high, 2 * j, 2) << 4);
            iq4(data, at + (8 + 16 * j), d * (scale - 32), y, 32 * j);
        }
    }

    private static void mxfp4(MemorySegment data, long at, float[] y) {
        float scale = Math.scalb(1f, u8(data, at) - 127);
        for (int j = 0; j < 16; j++) {
            int b = u8(data, at + 1 + j);
            y[j] = scale * FP4[b & 15];
            y[j + 16] = scale * FP4[b >> 4];
        }
    }

    private static void nvfp4(MemorySegment data, long at, float[] y) {
        for (int s = 0; s < 4; s++) {
            float scale = e4m3(u8(data, at + s));
            for (int j = 0; j < 8; j++) {
                int b = u8(data, at + (4 + 8 * s + j));
                y[16 * s + j] = scale * FP4[b & 15];
                y[16 * s + j + 8] = scale * FP4[b >> 4];
            }
        }
    }

    /// An unsigned 8-bit float: 4 bits of exponent, 3 of mantissa; its all-ones value stands for 0, as in ggml.
    private static float e4m3(int bits) {
        if ((bits & 0x7F) == 0x7F) {
            return 0;
        }
        int exponent = (bits >> 3) & 15;
        int mantissa = bits & 7;
        return exponent == 0
                ? Math.scalb((float) mantissa, -9)
                : Math.scalb(8f + mantissa, exponent - 10);
    }

    /// Where the K types keep the two bits of element `i`: 32 bytes hold 128 elements.
    private static int pairByte(int i) {
        return 32 * (i / 128) + i % 32;
    }

    private static int pairShift(int i) {
        return 2 * (i % 128 / 32);
    }

    /// Where the K types keep the nibble of element `l` of sub-block `j`: 32 bytes hold two sub-blocks.
    private static int nibbleByte(int j, int l) {
        return 32 * (j / 2) + l;
    }

    private static int bits(int word, int shift, int count) {
        return (word >>> shift) & ((1 << count) - 1);
    }

    private static float half(MemorySegment data, long at) {
        return Float.float16ToFloat(data.get(SHORT, at));
    }

    private static int u8(MemorySegment data, long at) {
        return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }
}
