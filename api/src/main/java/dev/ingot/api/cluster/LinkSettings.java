package dev.ingot.api.cluster;

import java.time.Duration;

/// How a link finds out that its other end is gone.
///
/// @param heartbeat how often each end says that it lives
/// @param lease how long the engine may be silent before its requests go on elsewhere
/// @param routerLease how long the router may be silent before its requests are ended
public record LinkSettings(Duration heartbeat, Duration lease, Duration routerLease) {
    /// What holds unless configured otherwise: a loss is noticed within two seconds.
    public static final LinkSettings DEFAULT =
            new LinkSettings(
                    Duration.ofMillis(250), Duration.ofMillis(1500), Duration.ofSeconds(5));

    /// Messages that may be unconfirmed before a link is given up.
    static final int OUTBOX = 1 << 16;
}
