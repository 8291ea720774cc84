package dev.ingot.kernels.doctor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;

/// Numbers that are the same at every call: drawn from a seed of their own.
final class Inputs {
    private static final float[] FP4 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Inputs() {}

    /// Weights, and the numbers that they stand for.
    record Weights(WeightSource source, HostTensor full) {}

    /// Normally distributed.
    static float[] normal(long seed, int count) {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /// Activations `[rows, columns]`.
    static Tensor floats(Device device, long seed, int rows, int columns) {
        var tensor = Tensor.allocate(device, "doctor", DType.F32, rows, columns);
        MemorySegment.copy(
                normal(seed, rows * columns), 0, tensor.contents(), JAVA_FLOAT, 0, rows * columns);
        return tensor;
    }

    /// An output `[rows, columns]`, of zeros.
    static Tensor out(Device device, int rows, int columns) {
        return Tensor.allocate(device, "doctor's output", DType.F32, rows, columns);
    }

    /// An output of integers.
    static Tensor intsOut(Device device, int rows, int columns) {
        return Tensor.allocate(device, "doctor's output", DType.I32, rows, columns);
    }

    /// A column of integers.
    static Tensor ints(Device device, int... values) {
        var tensor = Tensor.allocate(device, "doctor", DType.I32, values.length, 1);
        MemorySegment.copy(values, 0, tensor.contents(), JAVA_INT, 0, values.length);
        return tensor;
    }

    /// What is drawn of so many rows.
    static Tensor draws(Device device, Draw... draws) {
        var tensor = Tensor.allocate(device, "doctor", DType.I32, draws.length, Draw.COLUMNS);
        for (int row = 0; row < draws.length; row++) {
            draws[row].write(tensor.contents(), row);
        }
        return tensor;
    }

    /// Weights in full.
    static Weights full(long seed, DType dtype, int out, int in) {
        float[] values = normal(seed, out * in);
        MemorySegment stored = Arena.ofAuto().allocate(dtype.bytes((long) out * in), 64);
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case F32 -> stored.setAtIndex(JAVA_FLOAT, i, values[i]);
                case F16 -> {
                    short half = Float.floatToFloat16(values[i]);
                    stored.setAtIndex(SHORT, i, half);
                    values[i] = Float.float16ToFloat(half);
                }
                case BF16 -> {
                    int bits = Float.floatToRawIntBits(values[i]) & 0xffff0000;
                    stored.setAtIndex(SHORT, i, (short) (bits >>> 16));
                    values[i] = Float.intBitsToFloat(bits);
                }
                case I32, I8 -> throw new IllegalArgumentException("weights of " + dtype);
            }
        }
        var source = new HostTensor("weights", dtype, List.of((long) out, (long) in), stored);
        return new Weights(source, decoded(values, out, in));
    }

    /// MLX's affine weights of 4 or 8 bits.
    static Weights affine(long seed, int bits, int out, int in) {
        int group = 32;
        var random = new Random(seed);
        float[] values = new float[out * in];
        MemorySegment levels = Arena.ofAuto().allocate((long) out * in * bits / 8, 64);
        Weights scales = full(seed + 1, DType.F16, out, in / group);
        Weights biases = full(seed + 2, DType.F16, out, in / group);
        for (int i = 0; i < values.length; i++) {
            int level = random.nextInt(1 << bits);
            if (bits == 8) {
                levels.set(JAVA_BYTE, i, (byte) level);
            } else {
                int shift = (i % 2) * 4;
                int byteSoFar = levels.get(JAVA_BYTE, i / 2);
                levels.set(JAVA_BYTE, i / 2, (byte) (byteSoFar | (level << shift)));
            }
            int of = (i / in) * (in / group) + (i % in) / group;
            values[i] = element(scales, of) * level + element(biases, of);
        }
        var source =
                new AffineWeights(
                        "weights",
                        levels,
                        bits,
                        (HostTensor) scales.source(),
                        (HostTensor) biases.source());
        return new Weights(source, decoded(values, out, in));
    }

    /// GGML's Q8_0 and Q4_0.
    static Weights blocks(long seed, BlockWeights.Type type, int out, int in) {
        var random = new Random(seed);
        float[] values = new float[out * in];
        MemorySegment stored =
                Arena.ofAuto().allocate((long) out * in / type.elements() * type.bytes(), 64);
        for (int block = 0; block < values.length / type.elements(); block++) {
            long at = (long) block * type.bytes();
            short scale = Float.floatToFloat16((float) (0.01 + 0.1 * random.nextDouble()));
            stored.set(SHORT, at, scale);
            for (int i = 0; i < type.elements(); i++) {
                int level;
                if (type == BlockWeights.Type.Q8_0) {
                    level = random.nextInt(255) - 127;
                    stored.set(JAVA_BYTE, at + 2 + i, (byte) level);
                } else {
                    level = random.nextInt(16) - 8;
                    int half = type.elements() / 2;
                    long byteAt = at + 2 + i % half;
                    int nibble = (level + 8) << (i < half ? 0 : 4);
                    stored.set(JAVA_BYTE, byteAt, (byte) (stored.get(JAVA_BYTE, byteAt) | nibble));
                }
                values[block * type.elements() + i] = Float.float16ToFloat(scale) * level;
            }
        }
        return new Weights(
                new BlockWeights("weights", type, out, in, stored), decoded(values, out, in));
    }

    /// MXFP4 as GGML stores it: an exponent for each block, and numbers of 4 bits.
    static Weights fp4(long seed, int out, int in) {
        var type = BlockWeights.Type.MXFP4;
        var random = new Random(seed);
        float[] values = new float[out * in];
        int half = type.elements() / 2;
        MemorySegment stored =
                Arena.ofAuto().allocate((long) out * in / type.elements() * type.bytes(), 64);
        for (int block = 0; block < values.length / type.elements(); block++) {
            long at = (long) block * type.bytes();
            int exponent = random.nextInt(4) - 5;
            stored.set(JAVA_BYTE, at, (byte) (exponent + 127));
            for (int i = 0; i < type.elements(); i++) {
                int code = random.nextInt(16);
                long byteAt = at + 1 + i % half;
                int nibble = code << (i < half ? 0 : 4);
                stored.set(JAVA_BYTE, byteAt, (byte) (stored.get(JAVA_BYTE, byteAt) | nibble));
                float size = FP4[code & 7] * (float) Math.scalb(1.0, exponent);
                values[block * type.elements() + i] = code < 8 ? size : -size;
            }
        }
        return new Weights(
                new BlockWeights("weights", type, out, in, stored), decoded(values, out, in));
    }

    private static float element(Weights weights, int index) {
        return weights.full().data().getAtIndex(JAVA_FLOAT, index);
    }

    private static HostTensor decoded(float[] values, int out, int in) {
        MemorySegment data = Arena.ofAuto().allocate((long) Float.BYTES * values.length, 64);
        MemorySegment.copy(values, 0, data, JAVA_FLOAT, 0, values.length);
        return new HostTensor("weights in full", DType.F32, List.of((long) out, (long) in), data);
    }
}
