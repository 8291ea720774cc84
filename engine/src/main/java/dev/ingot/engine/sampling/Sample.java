package dev.ingot.engine.sampling;

import org.jspecify.annotations.Nullable;

/// One sampled token.
///
/// Log probabilities are those of the model itself: the log-softmax of its logits before any bias, penalty or temperature.
///
/// @param logprob of the token; NaN if no log probabilities were asked for
/// @param top the likeliest alternatives; null if no log probabilities were asked for
public record Sample(int token, float logprob, @Nullable TopLogprobs top) {
    /// A token without log probabilities.
    public static Sample of(int token) {
        return new Sample(token, Float.NaN, null);
    }
}
