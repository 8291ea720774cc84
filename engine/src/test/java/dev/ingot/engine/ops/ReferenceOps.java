package dev.ingot.engine.ops;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

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

    /// One row of [Encoder#layerNorm]: `(x − mean) / √(variance + ε) · weight + bias`.
    public static double[] layerNorm(float[] x, float[] weight, float[] bias, float epsilon) {
        double mean = 0;
        for (float value : x) {
            mean += value / (double) x.length;
        }
        double variance = 0;
        for (float value : x) {
            variance += (value - mean) * (value - mean) / x.length;
        }
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = (x[i] - mean) / Math.sqrt(variance + epsilon) * weight[i] + bias[i];
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

    /// A row as kernels see it that multiply in integers: each group's largest magnitude is 127 steps, and every
    /// element the nearest whole number of them.
    ///
    /// @param x of whole groups; a group may be all zeros
    public static float[] inBytes(float[] x, int group) {
        float[] rounded = new float[x.length];
        for (int from = 0; from < x.length; from += group) {
            float largest = 0;
            for (int i = from; i < from + group; i++) {
                largest = Math.max(largest, Math.abs(x[i]));
            }
            for (int i = from; i < from + group && largest > 0; i++) {
                rounded[i] = (float) (Math.rint(x[i] * (127 / largest)) * ((double) largest / 127));
            }
        }
        return rounded;
    }

    /// One row of [Encoder#rope].
    ///
    /// @param x `[heads · headDim]`
    /// @param inverseFrequencies `[rotated / 2]`: the rest of a head stays as it is
    public static double[] rope(
            float[] x, int headDim, int position, float[] inverseFrequencies, double magnitude) {
        int half = inverseFrequencies.length;
        double[] out = map(x, value -> value);
        for (int head = 0; head < x.length; head += headDim) {
            for (int i = 0; i < half; i++) {
                double angle = (double) position * inverseFrequencies[i];
                double cos = Math.cos(angle) * magnitude;
                double sin = Math.sin(angle) * magnitude;
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
    /// @param softcap 0 for none
    /// @param sink a score without a value; negative infinity for none
    /// @return `[headDim]`
    public static double[] attend(
            float[] q,
            float[][] keys,
            float[][] values,
            double scale,
            double softcap,
            double sink) {
        double[] weights = new double[keys.length];
        double max = sink;
        for (int p = 0; p < keys.length; p++) {
            double score = 0;
            for (int i = 0; i < q.length; i++) {
                score += (double) q[i] * keys[p][i];
            }
            weights[p] = score * scale;
            if (softcap > 0) {
                weights[p] = softcap * Math.tanh(weights[p] / softcap);
            }
            max = Math.max(max, weights[p]);
        }
        double sum = Math.exp(sink - max);
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

    /// One row of [Encoder#clampedSwiglu].
    ///
    /// @param gateUp `[2n]`: the gate, then what it gates
    /// @return `[n]`
    public static double[] clampedSwiglu(float[] gateUp, double limit, double alpha) {
        double[] out = new double[gateUp.length / 2];
        for (int i = 0; i < out.length; i++) {
            double gate = Math.min(gateUp[i], limit);
            double up = Math.clamp(gateUp[out.length + i], -limit, limit);
            out[i] = gate / (1 + Math.exp(-alpha * gate)) * (up + 1);
        }
        return out;
    }

    /// One row of [Encoder#geglu].
    ///
    /// @param gateUp `[2n]`: the gate, then what it gates
    /// @return `[n]`
    public static double[] geglu(float[] gateUp, Gelu kind) {
        double[] out = new double[gateUp.length / 2];
        for (int i = 0; i < out.length; i++) {
            out[i] = gelu(gateUp[i], kind) * gateUp[out.length + i];
        }
        return out;
    }

    /// One element of [Encoder#gelu].
    public static double gelu(double x, Gelu kind) {
        return switch (kind) {
            case EXACT -> x * normalProbability(x);
            case TANH ->
                    x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
        };
    }

    /// `Φ(x)`: Simpson's rule over the density from 0, in steps so fine that what is left is below 1e-13.
    private static double normalProbability(double x) {
        double end = Math.min(Math.abs(x), 10);
        int steps = 2000;
        double width = end / steps;
        double sum = 1 + Math.exp(-end * end / 2);
        for (int i = 1; i < steps; i++) {
            double at = i * width;
            sum += (i % 2 == 0 ? 2 : 4) * Math.exp(-at * at / 2);
        }
        double area = sum * width / 3 / Math.sqrt(2 * Math.PI);
        return x < 0 ? 0.5 - area : 0.5 + area;
    }

    /// A function of each element.
    public static double[] map(float[] x, DoubleUnaryOperator function) {
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = function.applyAsDouble(x[i]);
        }
        return out;
    }

    /// The ids of the `count` largest, the lower id first of two that are equal; by ascending id.
    public static int[] largest(float[] logits, int count) {
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted(
                        Comparator.comparingDouble((Integer e) -> -logits[e])
                                .thenComparingInt(e -> e))
                .limit(count)
                .mapToInt(e -> e)
                .sorted()
                .toArray();
    }

    /// The weights of the chosen experts: a softmax over them if `normalized`, else over all.
    public static double[] routingWeights(float[] logits, int[] chosen, boolean normalized) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double[] weights = new double[chosen.length];
        double sum = 0;
        for (int j = 0; j < chosen.length; j++) {
            weights[j] = Math.exp(logits[chosen[j]] - max);
            sum += weights[j];
        }
        if (!normalized) {
            sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit - max);
            }
        }
        for (int j = 0; j < weights.length; j++) {
            weights[j] /= sum;
        }
        return weights;
    }

    /// One row of [Encoder#argmax]: −1 if any value is a NaN or +∞, or all are −∞, else the lowest index of the
    /// largest value.
    public static int argmax(float[] x) {
        int best = -1;
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < x.length; i++) {
            if (!(x[i] < Float.POSITIVE_INFINITY)) {
                return -1;
            }
            if (x[i] > largest) {
                best = i;
                largest = x[i];
            }
        }
        return best;
    }

    /// What [#topK] says of every place of a row that holds a NaN or +∞.
    public static final int BROKEN = -2;

    /// One row of [Encoder#topK]: the indices, −1 where nothing is left.
    public static int[] topK(float[] x, int k) {
        int[] ids = new int[k];
        for (float value : x) {
            if (!(value < Float.POSITIVE_INFINITY)) {
                Arrays.fill(ids, BROKEN);
                return ids;
            }
        }
        int[] order =
                IntStream.range(0, x.length)
                        .filter(i -> x[i] > Float.NEGATIVE_INFINITY)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer i) -> -(x[i] + 0.0)))
                        .mapToInt(Integer::intValue)
                        .limit(k)
                        .toArray();
        Arrays.fill(ids, -1);
        System.arraycopy(order, 0, ids, 0, order.length);
        return ids;
    }

    /// One row of [Encoder#sample], by full sorts and numbers without a limit.
    ///
    /// @param draw the columns of a [Draw]
    public static int sample(float[] x, int[] draw) {
        int likeliest = topK(x, 1)[0];
        float scale = Float.intBitsToFloat(draw[0]);
        if (likeliest < 0 || scale == 0) {
            return Math.max(likeliest, -1);
        }
        long[] weights = new long[x.length];
        List<Integer> ranked = new ArrayList<>();
        for (int i = 0; i < x.length; i++) {
            int distance = SoftmaxWeight.distance(x[i], x[likeliest], scale);
            if (distance <= draw[1]) {
                weights[i] = SoftmaxWeight.of(distance);
                ranked.add(i);
            }
        }
        ranked.sort(
                Comparator.comparingDouble((Integer i) -> -(x[i] + 0.0)).thenComparingInt(i -> i));
        if (draw[2] > 0 && draw[2] < ranked.size()) {
            ranked.subList(draw[2], ranked.size()).clear();
        }
        if (draw[3] != 0) {
            BigInteger share = BigInteger.valueOf(Integer.toUnsignedLong(draw[3]));
            BigInteger target = sum(ranked, weights).multiply(share);
            int kept = 1;
            while (sum(ranked.subList(0, kept), weights).shiftLeft(32).compareTo(target) < 0) {
                kept++;
            }
            ranked.subList(kept, ranked.size()).clear();
        }
        BigInteger random =
                BigInteger.valueOf(Integer.toUnsignedLong(draw[5]))
                        .shiftLeft(32)
                        .add(BigInteger.valueOf(Integer.toUnsignedLong(draw[4])));
        long drawn = sum(ranked, weights).multiply(random).shiftRight(64).longValueExact();
        Collections.sort(ranked);
        for (int token : ranked) {
            drawn -= weights[token];
            if (drawn < 0) {
                return token;
            }
        }
        throw new AssertionError("a draw below the total");
    }

    private static BigInteger sum(List<Integer> tokens, long[] weights) {
        BigInteger sum = BigInteger.ZERO;
        for (int token : tokens) {
            sum = sum.add(BigInteger.valueOf(weights[token]));
        }
        return sum;
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
