package dev.ingot.engine.ops;

/// The ops of [Encoder] on plain arrays, one row at a time: the oracle that kernels are held against.
///
/// Inputs are the `F32` values that a device sees; every sum, root and exponential is in double
/// precision, and results are returned before they are rounded. The loops are the formulas.
public final class ReferenceOps {
    private ReferenceOps() {}

    /// One row of [Encoder#rmsNorm]: `x / √(mean(x²) + ε) · weight`.
    public static double[] rmsNorm(float[] x, float[] weight, float epsilon) {
        double sumOfSquares = 0;
        for (float value : x) {
            sumOfSquares += (double) value * value;
        }
        double inverse = 1 / Math.sqrt(sumOfSquares / x.length + epsilon);
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] * inverse * weight[i];
        }
        return out;
    }

    /// One row of [Encoder#matmul] without bias: `x · wᵀ`.
    ///
    /// @param x `[in]`
    /// @param w `[out, in]`, row-major
    /// @return `[out]`
    public static double[] matmul(float[] x, float[] w) {
        double[] out = new double[w.length / x.length];
        for (int o = 0; o < out.length; o++) {
            int row = o * x.length;
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                sum += (double) x[i] * w[row + i];
            }
            out[o] = sum;
        }
        return out;
    }

    /// One row of [Encoder#rope].
    ///
    /// @param x `[heads · headDim]`
    /// @param inverseFrequencies `[headDim / 2]`
    public static double[] rope(float[] x, int headDim, int position, float[] inverseFrequencies) {
        int half = headDim / 2;
        double[] out = new double[x.length];
        for (int head = 0; head < x.length; head += headDim) {
            for (int i = 0; i < half; i++) {
                double angle = (double) position * inverseFrequencies[i];
                double cos = Math.cos(angle);
                double sin = Math.sin(angle);
                float low = x[head + i];
                float high = x[head + i + half];
                out[head + i] = low * cos - high * sin;
                out[head + i + half] = high * cos + low * sin;
            }
        }
        return out;
    }

    /// One query head over one key/value head: `softmax(q · keysᵀ · scale) · values`.
    ///
    /// @param q `[headDim]`
    /// @param keys `[positions, headDim]`, already as the cache's dtype rounds them
    /// @param values `[positions, headDim]`, the same
    /// @return `[headDim]`
    public static double[] attend(float[] q, float[][] keys, float[][] values, double scale) {
        double[] weights = new double[keys.length];
        double max = Double.NEGATIVE_INFINITY;
        for (int p = 0; p < keys.length; p++) {
            double score = 0;
            for (int i = 0; i < q.length; i++) {
                score += (double) q[i] * keys[p][i];
            }
            weights[p] = score * scale;
            max = Math.max(max, weights[p]);
        }
        double sum = 0;
        for (int p = 0; p < weights.length; p++) {
            weights[p] = Math.exp(weights[p] - max);
            sum += weights[p];
        }
        double[] out = new double[q.length];
        for (int p = 0; p < weights.length; p++) {
            for (int i = 0; i < out.length; i++) {
                out[i] += weights[p] / sum * values[p][i];
            }
        }
        return out;
    }

    /// One row of [Encoder#swiglu].
    ///
    /// @param gateUp `[2n]`: the gate, then what it gates
    /// @return `[n]`
    public static double[] swiglu(float[] gateUp) {
        double[] out = new double[gateUp.length / 2];
        for (int i = 0; i < out.length; i++) {
            double gate = gateUp[i];
            out[i] = gate / (1 + Math.exp(-gate)) * gateUp[out.length + i];
        }
        return out;
    }

    /// One row of [Encoder#argmax]: −1 if any value is a NaN or an infinity, else the lowest index of
    /// the largest value.
    public static int argmax(float[] x) {
        int best = 0;
        for (int i = 0; i < x.length; i++) {
            if (!Float.isFinite(x[i])) {
                return -1;
            }
            if (x[i] > x[best]) {
                best = i;
            }
        }
        return best;
    }

    /// The value that is left when `value` is stored as `dtype` (to nearest, ties to even).
    ///
    /// @throws IllegalArgumentException for a type that does not store real numbers
    public static float rounded(float value, DType dtype) {
        return switch (dtype) {
            case F32 -> value;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case BF16 -> bf16ToFloat(floatToBf16(value));
            case I32, I8 ->
                    throw new IllegalArgumentException(dtype + " does not store a real number");
        };
    }

    /// The real number that a BF16 bit pattern stands for: the upper half of a `float`.
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// The BF16 bit pattern nearest to `value`, ties to even; a NaN stays a NaN.
    public static short floatToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
    }
}
