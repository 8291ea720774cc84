package dev.ingot.engine.schedule;

import java.time.Duration;

/// Whose turn it is and how long one waits for it, as an operator sets it.
///
/// @param maxQueuedTokens prompt tokens that wait to be computed before a submission is refused; at least one
///     submission is always taken
/// @param maxQueueTime how long a sequence may wait for its first turn; zero for any time
/// @param normalShare share of the tokens computed that the normal class gets whatever the high one wants
/// @param lowShare share that the low class gets whatever the others want
/// @param longPromptTokens tokens from which on a prompt is long, and is prefilled at the pace that decodes allow
/// @param stretch how many times as long a step may become by a long prompt's chunk while others decode
/// @param stretchOfAll the same for all prompts' chunks together
/// @param watermark share of the KV blocks that is left free for those that run when another is let in, so that they
///     do not lose their blocks at their next tokens
public record SchedulingPolicy(
        long maxQueuedTokens,
        Duration maxQueueTime,
        double normalShare,
        double lowShare,
        int longPromptTokens,
        double stretch,
        double stretchOfAll,
        double watermark) {
    /// Short prompts are answered soon, and nobody who reads waits for more than the time of some three tokens: what a
    /// step was foretold to take is not exact.
    private static final double DEFAULT_STRETCH_OF_ALL = 2.5;

    private static final double DEFAULT_WATERMARK = 0.01;

    public static final SchedulingPolicy DEFAULT =
            new SchedulingPolicy(1 << 20, Duration.ZERO, 0.2, 0.05, 1024, 1.4);

    /// With the defaults for all prompts together, or as much as a long one may do, and for the watermark.
    public SchedulingPolicy(
            long maxQueuedTokens,
            Duration maxQueueTime,
            double normalShare,
            double lowShare,
            int longPromptTokens,
            double stretch) {
        this(
                maxQueuedTokens,
                maxQueueTime,
                normalShare,
                lowShare,
                longPromptTokens,
                stretch,
                Math.max(stretch, DEFAULT_STRETCH_OF_ALL),
                DEFAULT_WATERMARK);
    }

    public SchedulingPolicy {
        require(maxQueuedTokens >= 1, "max-num-queued-tokens", maxQueuedTokens, "at least 1");
        require(!maxQueueTime.isNegative(), "max-queue-seconds", maxQueueTime, "0 or more");
        require(
                normalShare >= 0 && lowShare >= 0 && normalShare + lowShare <= 1,
                "reserved-shares",
                normalShare + "," + lowShare,
                "two shares that add up to 1 at most");
        require(
                longPromptTokens >= 1,
                "long-prefill-token-threshold",
                longPromptTokens,
                "at least 1");
        require(stretch > 1, "long-prefill-stretch", stretch, "more than 1");
        require(
                stretchOfAll >= stretch,
                "prefill-stretch",
                stretchOfAll,
                "at least --long-prefill-stretch (" + stretch + ")");
        require(watermark >= 0 && watermark < 1, "kv-watermark", watermark, "0 or more, below 1");
    }

    private static void require(boolean valid, String flag, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    "--" + flag + " is " + value + ", expected " + expected);
        }
    }
}
