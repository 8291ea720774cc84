package dev.ingot.engine.model;

import java.util.List;

/// Rotary position embedding: how fast each pair of a head's elements turns with the position.
///
/// @param theta the base: pair `i` of a head turns by `theta^(−2i/headDim)` per position, before scaling
/// @param scaling how a model made for short sequences was stretched to long ones
public record Rope(double theta, Scaling scaling) {
    /// The ways to stretch; each one only changes the frequencies.
    public sealed interface Scaling {}

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
    /// @return `[headDim / 2]`
    public float[] inverseFrequencies(int headDim) {
        float[] frequencies = new float[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double frequency = Math.pow(theta, -2.0 * i / headDim);
            frequencies[i] =
                    (float)
                            switch (scaling) {
                                case Unscaled() -> frequency;
                                case Linear(double factor) -> frequency / factor;
                                case Llama3 llama3 -> scaled(frequency, llama3);
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
}
