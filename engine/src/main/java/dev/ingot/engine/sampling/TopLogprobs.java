package dev.ingot.engine.sampling;

import java.util.Arrays;

/// The likeliest tokens of one position with their log probabilities, likeliest first, lower id first among equals.
///
/// Tokens that cannot occur (logit −∞) are left out, so there may be fewer than were asked for.
public final class TopLogprobs {
    /// No alternatives were asked for.
    public static final TopLogprobs NONE = new TopLogprobs(new int[0], new float[0]);

    private final int[] tokens;
    private final float[] logprobs;

    private TopLogprobs(int[] tokens, float[] logprobs) {
        this.tokens = tokens;
        this.logprobs = logprobs;
    }

    /// Takes copies of both.
    public static TopLogprobs of(int[] tokens, float[] logprobs) {
        if (tokens.length != logprobs.length) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens, " + logprobs.length + " logprobs");
        }
        return tokens.length == 0 ? NONE : new TopLogprobs(tokens.clone(), logprobs.clone());
    }

    /// How many alternatives.
    public int size() {
        return tokens.length;
    }

    /// The alternative of this rank, 0 for the likeliest.
    public int token(int rank) {
        return tokens[rank];
    }

    /// Its natural log probability.
    public float logprob(int rank) {
        return logprobs[rank];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TopLogprobs that
                && Arrays.equals(tokens, that.tokens)
                && Arrays.equals(logprobs, that.logprobs);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(logprobs);
    }

    @Override
    public String toString() {
        return "TopLogprobs" + Arrays.toString(tokens) + Arrays.toString(logprobs);
    }
}
