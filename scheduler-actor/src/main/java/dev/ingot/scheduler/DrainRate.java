package dev.ingot.scheduler;

import java.time.Duration;

/// How fast prompt tokens are computed while there are some, to tell a refused client when to come back.
///
/// An average over the last seconds of such work: what lies [#HALF_LIFE_NANOS] of it back counts half.
final class DrainRate {
    private static final double HALF_LIFE_NANOS = Duration.ofSeconds(5).toNanos();
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private double tokens;
    private double nanos;

    /// A step that took this long has computed `count` prompt tokens.
    void computed(int count, long stepNanos) {
        if (count == 0) {
            return;
        }
        double kept = Math.pow(0.5, stepNanos / HALF_LIFE_NANOS);
        tokens = kept * tokens + count;
        nanos = kept * nanos + stepNanos;
    }

    double tokensPerSecond() {
        return nanos == 0 ? 0 : tokens / nanos * 1e9;
    }

    /// When so many tokens will have been computed, between one second and a minute; a second where nothing was
    /// measured yet.
    Duration timeToDrain(long count) {
        double rate = tokensPerSecond();
        var estimate = rate == 0 ? SHORTEST : Duration.ofMillis((long) (count / rate * 1e3));
        if (estimate.compareTo(SHORTEST) < 0) {
            return SHORTEST;
        }
        return estimate.compareTo(LONGEST) > 0 ? LONGEST : estimate;
    }
}
