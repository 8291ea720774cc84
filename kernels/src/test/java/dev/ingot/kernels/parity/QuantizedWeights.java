package dev.ingot.kernels.parity;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Random weights in every quantized format, of about the size 1/√in.
public enum QuantizedWeights {
    AFFINE_4_G64,
    AFFINE_4_G32_F16,
    AFFINE_4_G128_F32,
    AFFINE_8_G64,
    AFFINE_8_G32,
    AFFINE_2_G64,
    AFFINE_3_G64,
    AFFINE_5_G64,
    AFFINE_6_G64,
    MXFP4,
    GGML_Q4_0,
    GGML_Q4_1,
    GGML_Q5_0,
    GGML_Q5_1,
    GGML_Q8_0,
    GGML_Q2_K,
    GGML_Q3_K,
    GGML_Q4_K,
    GGML_Q5_K,
    GGML_Q6_K,
    GGML_IQ4_NL,
    GGML_IQ4_XS,
    GGML_MXFP4,
    GGML_NVFP4,
    AT_LOAD_4,
    AT_LOAD_8,
    AT_LOAD_4_F32;

    /// What `in` must be a multiple of.
    public int granule() {
        return switch (this) {
            case GGML_Q2_K, GGML_Q3_K, GGML_Q4_K, GGML_Q5_K, GGML_Q6_K, GGML_IQ4_XS -> 256;
            case AFFINE_4_G128_F32 -> 128;
            case AFFINE_4_G32_F16, AFFINE_8_G32, MXFP4, GGML_MXFP4 -> 32;
            case GGML_Q4_0, GGML_Q4_1, GGML_Q5_0, GGML_Q5_1, GGML_Q8_0, GGML_IQ4_NL -> 32;
            default -> 64;
        };
    }

    public WeightSource make(long seed, int out, int in) {
        return switch (this) {
            case AFFINE_4_G64 -> affine(seed, out, in, 4, 64, DType.BF16);
            case AFFINE_4_G32_F16 -> affine(seed, out, in, 4, 32, DType.F16);
            case AFFINE_4_G128_F32 -> affine(seed, out, in, 4, 128, DType.F32);
            case AFFINE_8_G64 -> affine(seed, out, in, 8, 64, DType.BF16);
            case AFFINE_8_G32 -> affine(seed, out, in, 8, 32, DType.F16);
            case AFFINE_2_G64 -> affine(seed, out, in, 2, 64, DType.BF16);
            case AFFINE_3_G64 -> affine(seed, out, in, 3, 64, DType.BF16);
            case AFFINE_5_G64 -> affine(seed, out, in, 5, 64, DType.BF16);
            case AFFINE_6_G64 -> affine(seed, out, in, 6, 64, DType.F16);
            case MXFP4 -> mxfp4(seed, out, in);
            case GGML_Q4_0 -> blocks(BlockWeights.Type.Q4_0, seed, out, in);
            case GGML_Q4_1 -> blocks(BlockWeights.Type.Q4_1, seed, out, in);
            case GGML_Q5_0 -> blocks(BlockWeights.Type.Q5_0, seed, out, in);
            case GGML_Q5_1 -> blocks(BlockWeights.Type.Q5_1, seed, out, in);
            case GGML_Q8_0 -> blocks(BlockWeights.Type.Q8_0, seed, out, in);
            case GGML_Q2_K -> blocks(BlockWeights.Type.Q2_K, seed, out, in);
            case GGML_Q3_K -> blocks(BlockWeights.Type.Q3_K, seed, out, in);
            case GGML_Q4_K -> blocks(BlockWeights.Type.Q4_K, seed, out, in);
            case GGML_Q5_K -> blocks(BlockWeights.Type.Q5_K, seed, out, in);
            case GGML_Q6_K -> blocks(BlockWeights.Type.Q6_K, seed, out, in);
            case GGML_IQ4_NL -> blocks(BlockWeights.Type.IQ4_NL, seed, out, in);
            case GGML_IQ4_XS -> blocks(BlockWeights.Type.IQ4_XS, seed, out, in);
            case GGML_MXFP4 -> blocks(BlockWeights.Type.MXFP4, seed, out, in);
            case GGML_NVFP4 -> blocks(BlockWeights.Type.NVFP4, seed, out, in);
            case AT_LOAD_4 -> new QuantizedAtLoad(Data.weights(seed, DType.BF16, out, in), 4, 64);
            case AT_LOAD_8 -> new QuantizedAtLoad(Data.weights(seed, DType.F16, out, in), 8, 64);
            case AT_LOAD_4_F32 ->
                    new QuantizedAtLoad(Data.weights(seed, DType.F32, out, in), 4, 32);
        };
    }

    private static AffineWeights affine(
            long seed, int out, int in, int bits, int group, DType dtype) {
        var random = new Random(seed);
        byte[] levels = new byte[out * in * bits / 8];
        random.nextBytes(levels);
        int groups = in / group;
        float spread = (float) (1 / Math.sqrt(in) / (1 << bits) * 4);
        float[] scales = new float[out * groups];
        float[] biases = new float[out * groups];
        for (int i = 0; i < scales.length; i++) {
            // Some scales are negative, as MLX's quantizer makes them.
            scales[i] = spread * (0.5f + random.nextFloat()) * (random.nextBoolean() ? 1 : -1);
            biases[i] = -scales[i] * ((1 << bits) - 1) * (0.3f + 0.4f * random.nextFloat());
        }
        return new AffineWeights(
                "affine" + bits + "-" + seed,
                MemorySegment.ofArray(levels),
                bits,
                floats("scales", dtype, out, groups, scales),
                floats("biases", dtype, out, groups, biases));
    }

    private static HostTensor floats(String name, DType dtype, int rows, int columns, float[] x) {
        var data = MemorySegment.ofArray(new byte[(int) dtype.bytes(x.length)]);
        for (int i = 0; i < x.length; i++) {
            switch (dtype) {
                case F32 -> data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, x[i]);
                case F16 ->
                        data.set(
                                ValueLayout.JAVA_SHORT_UNALIGNED,
                                2L * i,
                                Float.floatToFloat16(x[i]));
                case BF16 ->
                        data.set(
                                ValueLayout.JAVA_SHORT_UNALIGNED,
                                2L * i,
                                (short) (Float.floatToRawIntBits(x[i]) >>> 16));
                case I32, I8 -> throw new IllegalArgumentException(name);
            }
        }
        return new HostTensor(name, dtype, List.of((long) rows, (long) columns), data);
    }

    private static Mxfp4Weights mxfp4(long seed, int out, int in) {
        var random = new Random(seed);
        byte[] levels = new byte[out * in / 2];
        random.nextBytes(levels);
        byte[] exponents = new byte[out * in / 32];
        int usual = 125 - (int) (Math.log(in) / Math.log(4));
        for (int i = 0; i < exponents.length; i++) {
            exponents[i] = (byte) (usual + random.nextInt(3));
        }
        return new Mxfp4Weights(
                "mxfp4-" + seed,
                out,
                in,
                MemorySegment.ofArray(levels),
                MemorySegment.ofArray(exponents));
    }

    private static BlockWeights blocks(BlockWeights.Type type, long seed, int out, int in) {
        var random = new Random(seed);
        byte[] data = new byte[out * in / type.elements() * type.bytes()];
        random.nextBytes(data);
        double size = 1 / Math.sqrt(in);
        for (int b = 0; b < data.length; b += type.bytes()) {
            double wide = size * (0.5 + random.nextDouble());
            switch (type) {
                case Q4_0 -> half(data, b, wide / 5);
                case Q4_1 -> {
                    half(data, b, wide / 5);
                    half(data, b + 2, wide * -1.5);
                }
                case Q5_0 -> half(data, b, wide / 10);
                case Q5_1 -> {
                    half(data, b, wide / 10);
                    half(data, b + 2, wide * -1.5);
                }
                case Q8_0, IQ4_NL -> half(data, b, wide / 75);
                case Q2_K -> {
                    half(data, b + 80, wide / 8);
                    half(data, b + 82, wide / 5);
                }
                case Q3_K -> half(data, b + 108, wide / 3 / 16);
                case Q4_K -> {
                    half(data, b, wide / 5 / 32);
                    half(data, b + 2, wide * 1.5 / 32);
                }
                case Q5_K -> {
                    half(data, b, wide / 10 / 32);
                    half(data, b + 2, wide * 1.5 / 32);
                }
                case Q6_K -> half(data, b + 208, wide / 20 / 64);
                case IQ4_XS -> half(data, b, wide / 75 / 16);
                case NVFP4 -> {
                    for (int s = 0; s < 4; s++) {
                        data[b + s] = (byte) (16 + random.nextInt(8)); // 1/32 to 1/17
                    }
                }
                case MXFP4 -> data[b] = (byte) (125 - Math.log(in) / Math.log(4));
            }
        }
        return new BlockWeights(type + "-" + seed, type, out, in, MemorySegment.ofArray(data));
    }

    private static void half(byte[] data, int at, double value) {
        short bits = Float.floatToFloat16((float) value);
        data[at] = (byte) bits;
        data[at + 1] = (byte) (bits >> 8);
    }

    /// Several of them as one matrix.
    public List<WeightSource> parts(int in, int... outs) {
        List<WeightSource> parts = new ArrayList<>();
        for (int out : outs) {
            parts.add(make(out, out, in));
        }
        return parts;
    }
}
