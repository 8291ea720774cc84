package dev.ingot.engine.ops;

import org.jspecify.annotations.Nullable;

/// What attention computes beside a softmax of products.
///
/// A score is `softcap(q · k · scale)`; the softmax of a token's scores runs over the positions that it
/// sees, and over its head's sink where there are sinks: a score of its own whose value is zero.
///
/// @param scale what a product is multiplied by; usually `1/√headDim`
/// @param window how many positions a token sees, itself included: at `p` those from `p − window + 1`
///     on; 0 for all
/// @param softcap scores are pressed between `−softcap` and `softcap` by a tangent; 0 for not at all
/// @param sinks `[1, heads]`, or null for none
public record Attention(float scale, int window, float softcap, @Nullable Tensor sinks) {
    /// @throws IllegalArgumentException if a number is negative or not one
    public Attention {
        if (window < 0 || !(softcap >= 0) || !Float.isFinite(softcap)) {
            throw new IllegalArgumentException(
                    "attention in a window of " + window + " with a soft cap of " + softcap);
        }
    }

    /// To all positions, without soft cap and sinks.
    public static Attention scaled(float scale) {
        return new Attention(scale, 0, 0, null);
    }

    /// To a window, without soft cap and sinks.
    ///
    /// @param window positions that a token sees; 0 for all
    public static Attention windowed(float scale, int window) {
        return new Attention(scale, window, 0, null);
    }
}
