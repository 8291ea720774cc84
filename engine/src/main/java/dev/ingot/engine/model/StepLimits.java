package dev.ingot.engine.model;

/// The largest step that a model's activations are sized for.
///
/// @param maxTokens tokens of one step, prefill and decode together
/// @param maxLogitRows rows of logits of one step: at most one per sequence
public record StepLimits(int maxTokens, int maxLogitRows) {
    /// @throws IllegalArgumentException if a limit is not positive
    public StepLimits {
        if (maxTokens <= 0 || maxLogitRows <= 0) {
            throw new IllegalArgumentException(
                    "a step of " + maxTokens + " tokens and " + maxLogitRows + " rows of logits");
        }
    }
}
