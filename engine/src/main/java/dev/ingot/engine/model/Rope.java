package dev.ingot.engine.model;

import java.util.List;

/// Rotary position embedding: how fast each pair of a head's elements turns with the position.
///
/// @param theta the base: pair `i` of a head turns by `theta^(−2i/rotated)` per position, before scaling
/// @param scaling how a model made for short sequences was stretched to long ones
/// @param rotatedShare which part of a head is turned: its first `⌊headDim · rotatedShare⌋` elements
public record Rope(double theta, Scaling scaling, double rotatedShare) {
    /// The ways to stretch; each one only changes the frequencies and the magnitude.
    public sealed interface Scaling {}

    /// Of whole heads.
    public Rope(double theta, Scaling scaling) {
        this(theta, scaling, 1);
    }

    /// Not stretched.
    public record Unscaled() implements Scaling {}

    /// Positions are divided by `factor` (Chen et al. 2023, position interpolation).
    public record Linear(double factor) implements Scaling {}

    /// Llama 3.1's way: slow pairs are divided by `factor`, fast ones stay, those between are blended.
    ///
    /// @param lowFrequencyFactor a pair that turns less often than this in `originalMaxPositions` is slow
    /// @param highFrequencyFactor a pair that turns more often than this is fast; above the low one
    /// @param originalMaxPositions what the model was first trained on
    public record Llama3(
            double factor,
            double lowFrequencyFactor,
            double highFrequencyFactor,
            int originalMaxPositions)
            implements Scaling {}

    /// YaRN (Peng et al. 2023): pairs that turn often in the original length stay, those that turn
    /// seldom are divided by `factor`, and those between are blended by their index.
    ///
    /// @param magnitude what rotated elements are multiplied by
    /// @param fastTurns a pair that turns at least so often stays
    /// @param slowTurns a pair that turns at most so often is divided
    /// @param originalMaxPositions what the model was first trained on
    /// @param truncated the blend begins and ends at whole indices
    public record Yarn(
            double factor,
            double magnitude,
            double fastTurns,
            double slowTurns,
            int originalMaxPositions,
            boolean truncated)
            implements Scaling {}

    /// LongRoPE (Ding et al. 2024): every pair is divided by a number of its own.
    ///
    /// @param factors one per pair
    /// @param magnitude what rotated elements are multiplied by
    public record LongRope(List<Double> factors, double magnitude) implements Scaling {
        public LongRope {
            factors = List.copyOf(factors);
        }
    }

    /// Elements of a head that are turned; even.
    public int rotated(int headDim) {
        return (int) (headDim * rotatedShare) / 2 * 2;
    }

    /// What rotated elements are multiplied by.
    public float magnitude() {
        return (float)
                switch (scaling) {
                    case Yarn yarn -> yarn.magnitude;
                    case LongRope longRope -> longRope.magnitude;
                    case Unscaled _, Linear _, Llama3 _, Divided _ -> 1.0;
                };
    }

    /// Each pair's frequency is divided by its own number: what any way of stretching comes to, as GGUF files store it.
    ///
    /// @param divisors one for each pair of a head
    public record Divided(List<Double> divisors) implements Scaling {
        public Divided {
            divisors = List.copyOf(divisors);
        }
    }

    /// The angle per position of each pair of a head, in radians.
    ///
    /// @return `[rotated / 2]`
    public float[] inverseFrequencies(int headDim) {
        int rotated = rotated(headDim);
        float[] frequencies = new float[rotated / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double frequency = Math.pow(theta, -2.0 * i / rotated);
            frequencies[i] =
                    (float)
                            switch (scaling) {
                                case Unscaled() -> frequency;
                                case Linear(double factor) -> frequency / factor;
                                case Llama3 llama3 -> scaled(frequency, llama3);
                                case Yarn yarn -> scaled(frequency, i, rotated, yarn);
                                case LongRope longRope -> frequency / longRope.factors.get(i);
                                case Divided(var divisors) -> frequency / divisors.get(i);
                            };
        }
        return frequencies;
    }

    private static double scaled(double frequency, Llama3 llama3) {
        double turns = llama3.originalMaxPositions * frequency / (2 * Math.PI);
        if (turns < llama3.lowFrequencyFactor) {
            return frequency / llama3.factor;
        }
        if (turns > llama3.highFrequencyFactor) {
            return frequency;
        }
        double fast =
                (turns - llama3.lowFrequencyFactor)
                        / (llama3.highFrequencyFactor - llama3.lowFrequencyFactor);
        return (1 - fast) * frequency / llama3.factor + fast * frequency;
    }

    private double scaled(double frequency, int pair, int rotated, Yarn yarn) {
        double low = pairThatTurns(yarn.fastTurns, rotated, yarn);
        double high = pairThatTurns(yarn.slowTurns, rotated, yarn);
        if (yarn.truncated) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, rotated - 1);
        if (low == high) {
            high += 0.001; // as transformers does
        }
        double slow = Math.clamp((pair - low) / (high - low), 0, 1);
        return slow * frequency / yarn.factor + (1 - slow) * frequency;
    }

    /// The (fractional) index of the pair that turns so often in the original length.
    private double pairThatTurns(double turns, int rotated, Yarn yarn) {
        return rotated
                * Math.log(yarn.originalMaxPositions / (turns * 2 * Math.PI))
                / (2 * Math.log(theta));
    }
}
