package dev.ingot.engine.schedule;

/// What a prompt's tokens add to a step: `c · (α + β · depth)` nanoseconds for a chunk of `c` tokens at that depth, as each
/// of them costs the same work, and attends to all that is before it.
///
/// α and β are a least-squares fit to the nanoseconds per token of the chunks in the last few hundred steps. A large chunk
/// counts no more than a middling one: the first of all is often both large and slow, and the next ones are not like it.
final class PrefillCost {
    private static final double DECAY = 0.998;

    /// Tokens of a chunk that counts as much as any larger one.
    private static final double WHOLE_POINT = 16;

    private double points;
    private double sumDepth;
    private double sumDepth2;
    private double sumNanos;
    private double sumNanosDepth;
    private double nanosPerToken;
    private double nanosPerTokenAndDepth;

    /// So many tokens, at this depth in the mean, added so much to a step.
    void learn(double tokens, double depth, double nanos) {
        double weight = Math.min(1, tokens / WHOLE_POINT);
        double weightedNanos = weight * nanos / tokens;
        points = DECAY * points + weight;
        sumDepth = DECAY * sumDepth + weight * depth;
        sumDepth2 = DECAY * sumDepth2 + weight * depth * depth;
        sumNanos = DECAY * sumNanos + weightedNanos;
        sumNanosDepth = DECAY * sumNanosDepth + weightedNanos * depth;
        double determinant = points * sumDepth2 - sumDepth * sumDepth;
        nanosPerToken = sumNanos / points;
        nanosPerTokenAndDepth = 0;
        // Chunks that were all at about one depth say nothing about another.
        if (determinant > 1e-3 * points * sumDepth2) {
            double atNoDepth = (sumNanos * sumDepth2 - sumNanosDepth * sumDepth) / determinant;
            double slope = (sumNanosDepth * points - sumNanos * sumDepth) / determinant;
            if (atNoDepth > 0 && slope > 0) {
                nanosPerToken = atNoDepth;
                nanosPerTokenAndDepth = slope;
            }
        }
    }

    boolean isKnown() {
        return nanosPerToken > 0;
    }

    /// What a token at depth 0 adds; 0 where nothing is known.
    double nanosPerToken() {
        return nanosPerToken;
    }

    /// What so many tokens at this depth in the mean add; 0 where nothing is known.
    double nanos(double tokens, double depth) {
        return tokens * (nanosPerToken + nanosPerTokenAndDepth * depth);
    }
}
