package dev.ingot.api.cluster;

import java.time.Duration;

/// How fast sequences end, to tell a refused client when to come back.
final class EndRate {
    private static final double WEIGHT = 0.2;
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private long lastNanos;
    private double nanosPerSequence;
    private boolean measured;

    /// A sequence ended at this time of a monotonic clock.
    void finished(long nowNanos) {
        if (measured) {
            nanosPerSequence += WEIGHT * (nowNanos - lastNanos - nanosPerSequence);
        }
        measured = true;
        lastNanos = nowNanos;
    }

    /// When half of `waiting` sequences will have ended, between one second and a minute.
    Duration timeToDrain(int waiting) {
        var estimate = Duration.ofNanos((long) (nanosPerSequence * waiting / 2));
        if (estimate.compareTo(SHORTEST) < 0) {
            return SHORTEST;
        }
        return estimate.compareTo(LONGEST) > 0 ? LONGEST : estimate;
    }
}
