package dev.ingot.scheduler;

import java.util.function.LongSupplier;

/// How long a client waits: for the first token, for each after it, and for the end; recorded as it comes.
final class Latency {
    private final EngineMetrics metrics;
    private final LongSupplier nanoClock;
    private final boolean oneChoice;
    private final long arrivedNanos;
    private long firstTokenNanos;
    private long lastTokenNanos;

    /// Of a request that arrives now.
    ///
    /// @param oneChoice whether its tokens follow each other; those of several choices come between each other
    Latency(EngineMetrics metrics, LongSupplier nanoClock, boolean oneChoice) {
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.oneChoice = oneChoice;
        this.arrivedNanos = nanoClock.getAsLong();
    }

    void delivered(int tokens) {
        if (tokens == 0) {
            return;
        }
        long now = nanoClock.getAsLong();
        if (firstTokenNanos == 0) {
            firstTokenNanos = now;
            metrics.firstToken(now - arrivedNanos);
        } else if (oneChoice) {
            metrics.nextToken(now - lastTokenNanos);
        }
        lastTokenNanos = now;
    }

    void completed(Engine.Usage usage) {
        metrics.requestCompleted(nanoClock.getAsLong() - arrivedNanos, usage);
    }
}
