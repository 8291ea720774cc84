package dev.ingot.engine.ops;

/// The weights of a softmax as integers: `w = 2⁴⁰ · e^((score − max) / T)`, with the same bits on every device.
///
/// Sums of integers are exact in any order, so that a draw by such weights is the same however a row is cut into
/// pieces, by whichever device. A weight is found by these steps and no others, which have one result everywhere:
///
/// 1. `y = (max − score) · scale`, two operations in F32, with `scale = log₂ e / T` rounded once, by the host;
/// 2. the [distance][#distance]: `y` as a fixed-point number with 24 bits behind the point, the rest cut off; at most 41;
/// 3. `2⁴⁰ · 2^−distance`, in integers: the distance's whole part is a shift, and `2^−t` of the rest `t` in [0, 1) is
///    `1 − t·(a₁ − t·(a₂ − t·(a₃ − t·(a₄ − t·a₅))))`, each product the upper half of one of two 32-bit numbers.
///
/// A higher score never has a smaller weight. The weight is off by a share of at most `1.4e-7 + 1.3e-7·y`, and by less
/// than one: what is less likely than the likeliest by more than 2⁴⁰ has none. The largest sum is that of
/// [#MAX_COUNT] weights of 2⁴⁰, 2⁶².
public final class SoftmaxWeight {
    /// The weight of the likeliest.
    public static final long ONE = 1L << 40;

    /// The most weights that may be added up: the largest vocabulary.
    public static final int MAX_COUNT = 1 << 22;

    /// The largest distance that has a weight above 0: of 1.
    public static final int FARTHEST = 40 << 24;

    private static final int FRACTION_BITS = 24;
    private static final float LIMIT = 41;

    /// `a₁` to `a₅` times 2³²: of least error, and with 2⁻¹ at the end of the interval.
    private static final long A1 = 0xb171d93dL;

    private static final long A2 = 0x3d7c413cL;
    private static final long A3 = 0x0e275966L;
    private static final long A4 = 0x025a8645L;
    private static final long A5 = 0x003d94deL;

    private static final double LOG2_E = 1.4426950408889634;

    /// Temperatures below 10⁻¹⁸ are all the same: the bound keeps numbers apart from those that a GPU takes for zero.
    private static final double LARGEST_SCALE = 0x1p60;

    private SoftmaxWeight() {}

    /// `log₂ e / T`.
    ///
    /// @param temperature above 0
    public static float scale(float temperature) {
        return (float) Math.min(LOG2_E / temperature, LARGEST_SCALE);
    }

    /// How far a score is below the largest, in halvings, with 24 bits behind the point.
    ///
    /// @param score at most `max`; −∞ is as far as anything is
    /// @param max finite
    /// @param scale as [#scale] gives it
    public static int distance(float score, float max, float scale) {
        return (int) (Math.min((max - score) * scale, LIMIT) * 0x1p24f);
    }

    /// The weight at a [#distance]; 0 beyond [#FARTHEST].
    public static long of(int distance) {
        long t = (distance & ((1L << FRACTION_BITS) - 1)) << 8;
        long p = A4 - ((A5 * t) >>> 32);
        p = A3 - ((p * t) >>> 32);
        p = A2 - ((p * t) >>> 32);
        p = A1 - ((p * t) >>> 32);
        long less = (p * t) >>> 32;
        return (ONE - (less << 8)) >> (distance >>> FRACTION_BITS);
    }

    /// The largest distance whose weight is at least `minP` of the likeliest's, and not 0.
    ///
    /// @param minP in 0 … 1
    public static int reach(float minP) {
        long least = Math.max(1, (long) Math.ceil(minP * 0x1p40));
        int low = 0;
        int high = FARTHEST;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (of(middle) >= least) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /// The logarithm of the sum of all `e^score` of a row, off by less than 10⁻⁶: `max + ln(sum · 2⁻⁴⁰)`.
    ///
    /// @param sum of the row's weights at temperature 1
    public static double logSum(float max, long sum) {
        return max + StrictMath.log(sum * 0x1p-40);
    }

    /// A share of 32 bits, rounded to the nearest and at least the least; 0 for everything.
    ///
    /// @param p above 0; 1 for everything
    public static int share(float p) {
        return p == 1 ? 0 : (int) Math.max(1, Math.round(p * 0x1p32));
    }

    /// The least weight that is at least this share of the total: the next integer above `total · share · 2⁻³²`.
    ///
    /// @param share as [#share(float)] gives it, and not 0
    public static long partOf(long total, int share) {
        long factor = Integer.toUnsignedLong(share);
        long low = (total & 0xffffffffL) * factor;
        return (total >>> 32) * factor + ((low + 0xffffffffL) >>> 32);
    }

    /// Where a draw falls among `total` equal parts: `total · random · 2⁻⁶⁴`, cut off; below `total`.
    ///
    /// @param random 64 bits
    public static long drawn(long total, long random) {
        return Math.unsignedMultiplyHigh(total, random);
    }
}
