package dev.ingot.api.cluster;

import java.time.Duration;

/// Tells the silence of the other end from our own sleep: a process that was paused finds a long silence when it wakes,
/// while what was said meanwhile still waits to be read.
final class Silence {
    private final long leaseNanos;
    private final long oversleptNanos;
    private long lastHeard;
    private long lastCheck;

    Silence(Duration lease, Duration checkInterval, long nowNanos) {
        this.leaseNanos = lease.toNanos();
        this.oversleptNanos = 4 * checkInterval.toNanos();
        this.lastHeard = nowNanos;
        this.lastCheck = nowNanos;
    }

    void heard(long nowNanos) {
        lastHeard = nowNanos;
    }

    /// Whether the other end has been silent for its whole lease. To be asked once per interval.
    boolean isOver(long nowNanos) {
        if (nowNanos - lastCheck > oversleptNanos) {
            lastHeard = nowNanos; // We slept, not the other one: it gets its lease anew.
        }
        lastCheck = nowNanos;
        return nowNanos - lastHeard > leaseNanos;
    }
}
