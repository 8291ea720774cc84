package dev.ingot.engine.sampling;

/// `e^x` for `x ≤ 0`, to about one unit in the last place, with the same bits on every machine.
///
/// `Math.exp` may differ between processors and `StrictMath.exp` is several times slower; a softmax over a large
/// vocabulary spends most of its time here. Only IEEE additions and multiplications in a fixed order are used.
final class Exponential {
    private static final double LOG2_E = 1.4426950408889634;

    /// The upper bits of ln 2, so few that `n · LN2_HIGH` is exact, and the rest (Cody & Waite 1980).
    private static final double LN2_HIGH = 0x1.62e42feep-1;

    private static final double LN2_LOW = 0x1.a39ef35793c76p-33;

    /// Adding and subtracting 1.5 · 2⁵² rounds to an integer.
    private static final double ROUNDER = 0x1.8p52;

    /// Below this the result is less than 10⁻³⁰⁰ and counts as 0.
    private static final double SMALLEST = -690;

    private Exponential() {}

    /// @param x at most 0; −∞ gives 0
    static double exp(double x) {
        if (x < SMALLEST) {
            return 0;
        }
        double shifted = x * LOG2_E + ROUNDER;
        double n = shifted - ROUNDER;
        double r = (x - n * LN2_HIGH) - n * LN2_LOW; // |r| ≤ ln 2 / 2
        double r2 = r * r;
        double r4 = r2 * r2;
        // Taylor to degree 13 by Estrin's scheme: pairs are independent of each other.
        double low = (1 + r) + r2 * (1.0 / 2 + r * (1.0 / 6));
        double middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
        double high =
                (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
        double top = 1.0 / 479001600 + r * (1.0 / 6227020800.0);
        double power = low + r4 * (middle + r4 * (high + r4 * top));
        return power * Double.longBitsToDouble((1023L + (long) n) << 52);
    }
}
