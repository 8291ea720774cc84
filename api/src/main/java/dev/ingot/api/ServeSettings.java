package dev.ingot.api;

import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.worker.WorkerSettings;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/// What `ingot serve` was asked for, checked.
///
/// @param names that requests may use for the model; the first is the one that answers carry
/// @param maxWaiting sequences that wait before requests are refused
/// @param policy whose turn it is, and how long one waits for it
/// @param grace how long running requests may take to end when the node is stopped
/// @param seed of the seeds that are drawn for requests without one; empty for random ones
/// @param chat how the model is spoken with
public record ServeSettings(
        String host,
        int port,
        List<String> names,
        WorkerSettings worker,
        int maxWaiting,
        boolean prefixCaching,
        SchedulingPolicy policy,
        Duration grace,
        OptionalLong seed,
        ChatSettings chat) {
    /// What running requests have to end, unless said otherwise.
    public static final Duration DEFAULT_GRACE = Duration.ofSeconds(10);

    public ServeSettings {
        names = List.copyOf(names);
    }
}
