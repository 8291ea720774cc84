package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.QuantizedAtLoad;
import java.lang.foreign.MemorySegment;

/// Quantizes full weights at load as MLX's affine mode does: the edge of the larger magnitude is met
/// exactly, so is 0 nearly. Scale and bias are rounded as they are stored before the levels are chosen,
/// so that these make up for it.
final class AffineQuantizer {
    private static final float LEAST_SCALE = 1e-7f;

    private AffineQuantizer() {}

    /// One row into a slab of that format.
    static void quantize(QuantizedAtLoad source, int row, WeightSlab slab) {
        int in = source.in();
        var kind = slab.format().kind();
        var dtype = source.full().dtype();
        float[] w = new float[source.group()];
        for (int from = 0; from < in; from += w.length) {
            for (int i = 0; i < w.length; i++) {
                w[i] = read(source.full().data(), dtype, (long) row * in + from + i);
            }
            float low = w[0];
            float high = w[0];
            for (float value : w) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
            float top = (1 << source.bits()) - 1;
            float scale = Math.max((high - low) / top, LEAST_SCALE);
            boolean lowIsEdge = Math.abs(low) > Math.abs(high);
            float edge = lowIsEdge ? low : high;
            scale = lowIsEdge ? scale : -scale;
            float steps = (float) Math.rint(edge / scale);
            float bias = 0;
            if (steps != 0) {
                scale = edge / steps;
                bias = edge;
            }
            long group = ((long) row * in + from) / w.length;
            scale = store(slab.scales().buffer().contents(), dtype, group, scale);
            bias = store(slab.biases().buffer().contents(), dtype, group, bias);
            for (int i = 0; i < w.length; i++) {
                double level = Math.clamp(Math.rint((w[i] - bias) / scale), 0, top);
                QuantizedLayouts.put(
                        slab.levels().buffer().contents(),
                        row * kind.rowBytes(in),
                        kind,
                        from + i,
                        (int) level);
            }
        }
    }

    private static float read(MemorySegment data, DType dtype, long index) {
        return switch (dtype) {
            case F32 -> data.get(JAVA_FLOAT_UNALIGNED, 4 * index);
            case F16 -> Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, 2 * index));
            case BF16 -> Float.intBitsToFloat(data.get(JAVA_SHORT_UNALIGNED, 2 * index) << 16);
            case I32, I8 -> throw new IllegalArgumentException(dtype + " is no weight");
        };
    }

    /// @return the value that is left of it
    private static float store(MemorySegment to, DType dtype, long index, float value) {
        switch (dtype) {
            case F32 -> to.set(JAVA_FLOAT_UNALIGNED, 4 * index, value);
            case F16 -> to.set(JAVA_SHORT_UNALIGNED, 2 * index, Float.floatToFloat16(value));
            case BF16 -> {
                int bits = Float.floatToRawIntBits(value);
                short rounded = (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
                to.set(JAVA_SHORT_UNALIGNED, 2 * index, rounded);
            }
            case I32, I8 -> throw new IllegalArgumentException(dtype + " is no weight");
        }
        return read(to, dtype, index);
    }
}
