package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.kernels.metal.WeightFormat.Kind;
import dev.ingot.kernels.metal.WeightFormat.Scale;
import java.lang.foreign.MemorySegment;

/// Levels and scales out of the layouts of files that the kernels do not read, value for value.
final class QuantizedLayouts {
    /// What the levels of IQ4_NL stand for.
    private static final byte[] IQ4 = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private QuantizedLayouts() {}

    /// How the blocks of a type are kept.
    static WeightFormat of(BlockWeights.Type type) {
        return switch (type) {
            case Q4_0 -> new WeightFormat(Kind.Q4, 32, Scale.F16, 8);
            case Q4_1 -> new WeightFormat(Kind.Q4, 32, Scale.F32, WeightFormat.STORED);
            case Q5_0 -> new WeightFormat(Kind.Q8, 32, Scale.F16, 16);
            case Q5_1, Q5_K -> new WeightFormat(Kind.Q8, 32, Scale.F32, WeightFormat.STORED);
            case Q8_0, IQ4_NL -> new WeightFormat(Kind.Q8, 32, Scale.F16, 128);
            case Q2_K -> new WeightFormat(Kind.Q4, 16, Scale.F32, WeightFormat.STORED);
            case Q3_K -> new WeightFormat(Kind.Q4, 16, Scale.F32, 4);
            case Q4_K -> new WeightFormat(Kind.Q4, 32, Scale.F32, WeightFormat.STORED);
            case Q6_K -> new WeightFormat(Kind.Q8, 16, Scale.F32, 32);
            case IQ4_XS -> new WeightFormat(Kind.Q8, 32, Scale.F32, 128);
            case MXFP4 -> new WeightFormat(Kind.FP4, 32, Scale.E8M0, 0);
            case NVFP4 -> new WeightFormat(Kind.FP4, 16, Scale.F32, 0);
        };
    }

    /// Levels of any number of bits, as MLX streams them, into 4 or 8 bits each.
    ///
    /// @param row `[in · bits / 8]` bytes
    static void widen(MemorySegment row, int bits, MemorySegment to, long offset, Kind kind) {
        long count = row.byteSize() * Byte.SIZE / bits;
        for (long i = 0; i < count; i++) {
            long bit = i * bits;
            int word = unsigned(row, bit / Byte.SIZE);
            if (bit % Byte.SIZE + bits > Byte.SIZE) {
                word |= unsigned(row, bit / Byte.SIZE + 1) << Byte.SIZE;
            }
            put(to, offset, kind, i, (word >> (bit % Byte.SIZE)) & ((1 << bits) - 1));
        }
    }

    /// One level of a row.
    static void put(MemorySegment to, long offset, Kind kind, long index, int level) {
        if (kind == Kind.Q8) {
            to.set(JAVA_BYTE, offset + index, (byte) level);
            return;
        }
        long at = offset + index / 2;
        int other = index % 2 == 0 ? 0 : unsigned(to, at) & 15;
        to.set(JAVA_BYTE, at, (byte) (index % 2 == 0 ? level : other | level << 4));
    }

    /// One row of GGML's blocks into a slab that holds all of them.
    static void unpack(BlockWeights w, int row, WeightSlab slab) {
        int elements = w.type().elements();
        int blocks = w.in() / elements;
        var to = new Row(slab, row);
        for (int b = 0; b < blocks; b++) {
            long at = ((long) row * blocks + b) * w.type().bytes();
            var block = w.blocks().asSlice(at, w.type().bytes());
            int first = b * elements;
            switch (w.type()) {
                case Q4_0 -> {
                    to.half(first, block, 0);
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, nibble(block, 2, i));
                    }
                }
                case Q4_1 -> {
                    to.scaleAndBias(first, half(block, 0), half(block, 2));
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, nibble(block, 4, i));
                    }
                }
                case Q5_0 -> {
                    to.half(first, block, 0);
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, nibble(block, 6, i) | fifth(block, 2, i));
                    }
                }
                case Q5_1 -> {
                    to.scaleAndBias(first, half(block, 0), half(block, 2));
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, nibble(block, 8, i) | fifth(block, 4, i));
                    }
                }
                case IQ4_NL -> {
                    to.half(first, block, 0);
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, IQ4[nibble(block, 2, i)] + 128);
                    }
                }
                case Q8_0 -> {
                    to.half(first, block, 0);
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, block.get(JAVA_BYTE, 2 + i) + 128);
                    }
                }
                case MXFP4 -> {
                    to.exponent(first, block.get(JAVA_BYTE, 0));
                    for (int i = 0; i < elements; i++) {
                        to.level(first + i, nibble(block, 1, i));
                    }
                }
                case Q2_K -> q2k(block, first, to);
                case Q3_K -> q3k(block, first, to);
                case Q4_K -> q4k(block, first, to);
                case Q5_K -> q5k(block, first, to);
                case Q6_K -> q6k(block, first, to);
                case IQ4_XS -> iq4xs(block, first, to);
                case NVFP4 -> nvfp4(block, first, to);
            }
        }
    }

    /// Two halves of 16: the lower halves of 16 bytes, then the upper.
    private static int nibble(MemorySegment block, int from, int i) {
        return (unsigned(block, from + i % 16) >> (4 * (i / 16))) & 15;
    }

    /// The fifth bits of 32 levels, in as many bits.
    private static int fifth(MemorySegment block, int from, int i) {
        return ((unsigned(block, from + i / 8) >> (i % 8)) & 1) << 4;
    }

    /// `ggml-common.h`: 16 bytes of a scale and a minimum of 4 bits each, 64 bytes of levels, two halves.
    private static void q2k(MemorySegment block, int first, Row to) {
        float scale = half(block, 80);
        float minimum = half(block, 82);
        for (int i = 0; i < 256; i++) {
            int shift = 2 * (i % 128 / 32);
            int levels = unsigned(block, 16 + 32 * (i / 128) + i % 32);
            to.level(first + i, (levels >> shift) & 3);
            if (i % 16 == 0) {
                int both = unsigned(block, i / 16);
                to.scaleAndBias(first + i, scale * (both & 15), -(minimum * (both >> 4)));
            }
        }
    }

    /// `ggml-common.h`: 32 bytes of the levels' third bits, 64 of their lower two, twelve bytes of 6-bit scales, a half.
    private static void q3k(MemorySegment block, int first, Row to) {
        float scale = half(block, 108);
        for (int i = 0; i < 256; i++) {
            int low = (unsigned(block, 32 + 32 * (i / 128) + i % 32) >> (2 * (i % 128 / 32))) & 3;
            int high = (unsigned(block, i % 32) >> (i / 32)) & 1;
            to.level(first + i, low | high << 2);
            if (i % 16 == 0) {
                int j = i / 16;
                int four = (unsigned(block, 96 + j % 8) >> (4 * (j / 8))) & 15;
                int two = (unsigned(block, 104 + j % 4) >> (2 * (j / 4))) & 3;
                to.scale(first + i, scale * ((four | two << 4) - 32));
            }
        }
    }

    /// `ggml-common.h`: a half, the upper two bits of eight scales, their lower four, 128 bytes of levels.
    private static void iq4xs(MemorySegment block, int first, Row to) {
        float scale = half(block, 0);
        for (int j = 0; j < 8; j++) {
            int four = (unsigned(block, 4 + j / 2) >> (4 * (j % 2))) & 15;
            int two = (unsigned(block, 2 + j / 4) >> (2 * (j % 4))) & 3;
            to.scale(first + 32 * j, scale * ((four | two << 4) - 32));
            for (int i = 0; i < 32; i++) {
                to.level(first + 32 * j + i, IQ4[nibble(block, 8 + 16 * j, i)] + 128);
            }
        }
    }

    /// `ggml-common.h`: four scales, each for 16 levels in two halves of eight.
    private static void nvfp4(MemorySegment block, int first, Row to) {
        for (int i = 0; i < 64; i++) {
            int both = unsigned(block, 4 + 8 * (i / 16) + i % 8);
            to.level(first + i, (both >> (4 * (i % 16 / 8))) & 15);
            if (i % 16 == 0) {
                to.scale(first + i, e4m3(unsigned(block, i / 16)));
            }
        }
    }

    /// A float of 4 bits of exponent and 3 of mantissa, without a sign. What would be no number is 0, as ggml has it.
    private static float e4m3(int bits) {
        int exponent = (bits >> 3) & 15;
        int mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7) {
            return 0;
        }
        return exponent == 0
                ? Math.scalb((float) mantissa, -9)
                : Math.scalb(8f + mantissa, exponent - 10);
    }

    /// `ggml-common.h`: as [#q4k], with 32 bytes of fifth bits before the levels.
    private static void q5k(MemorySegment block, int first, Row to) {
        scalesAndMinima(block, first, to);
        for (int i = 0; i < 256; i++) {
            int j = i / 32;
            int low = (unsigned(block, 48 + 32 * (j / 2) + i % 32) >> (4 * (j % 2))) & 15;
            int high = (unsigned(block, 16 + i % 32) >> j) & 1;
            to.level(first + i, low | high << 4);
        }
    }

    /// `ggml-common.h`: two halves, twelve bytes of 6-bit scales and minima, 128 bytes of levels.
    private static void q4k(MemorySegment block, int first, Row to) {
        scalesAndMinima(block, first, to);
        for (int i = 0; i < 256; i++) {
            int j = i / 32;
            int levels = unsigned(block, 16 + 32 * (j / 2) + i % 32);
            to.level(first + i, (levels >> (4 * (j % 2))) & 15);
        }
    }

    private static void scalesAndMinima(MemorySegment block, int first, Row to) {
        float scale = half(block, 0);
        float minimum = half(block, 2);
        for (int j = 0; j < 8; j++) {
            int s;
            int m;
            if (j < 4) {
                s = unsigned(block, 4 + j) & 63;
                m = unsigned(block, 8 + j) & 63;
            } else {
                int both = unsigned(block, 8 + j);
                s = (both & 15) | (unsigned(block, j) >> 6) << 4;
                m = both >> 4 | (unsigned(block, 4 + j) >> 6) << 4;
            }
            to.scaleAndBias(first + 32 * j, scale * s, -(minimum * m));
        }
    }

    /// `ggml-common.h`: 128 bytes of the levels' lower halves, 64 of their upper two bits, 16 scales, a half.
    private static void q6k(MemorySegment block, int first, Row to) {
        float scale = half(block, 208);
        for (int i = 0; i < 256; i++) {
            int part = i / 128;
            int k = i % 128 / 32;
            int l = i % 32;
            int low = (unsigned(block, 64 * part + l + 32 * (k & 1)) >> (k < 2 ? 0 : 4)) & 15;
            int high = (unsigned(block, 128 + 32 * part + l) >> (2 * k)) & 3;
            to.level(first + i, low | high << 4);
            if (i % 16 == 0) {
                to.scale(first + i, scale * block.get(JAVA_BYTE, 192 + i / 16));
            }
        }
    }

    private static float half(MemorySegment block, long at) {
        return Float.float16ToFloat(block.get(JAVA_SHORT_UNALIGNED, at));
    }

    private static int unsigned(MemorySegment data, long at) {
        return data.get(JAVA_BYTE, at) & 0xff;
    }

    /// A row of a slab, by the index of an input.
    private record Row(WeightSlab slab, int row) {
        void level(int index, int level) {
            var kind = slab.format().kind();
            put(
                    slab.levels().buffer().contents(),
                    slab.levels().offset() + row * kind.rowBytes(slab.in()),
                    kind,
                    index,
                    level);
        }

        void half(int index, MemorySegment block, long at) {
            var bits = block.get(JAVA_SHORT_UNALIGNED, at);
            slab.scales().buffer().contents().set(JAVA_SHORT_UNALIGNED, scaleAt(index), bits);
        }

        void exponent(int index, byte exponent) {
            slab.scales().buffer().contents().set(JAVA_BYTE, scaleAt(index), exponent);
        }

        void scale(int index, float scale) {
            slab.scales().buffer().contents().set(JAVA_FLOAT_UNALIGNED, scaleAt(index), scale);
        }

        void scaleAndBias(int index, float scale, float bias) {
            scale(index, scale);
            slab.biases().buffer().contents().set(JAVA_FLOAT_UNALIGNED, scaleAt(index), bias);
        }

        private long scaleAt(int index) {
            var format = slab.format();
            long group = (long) row * format.groups(slab.in()) + index / format.group();
            return group * format.scale().bytes();
        }
    }
}
