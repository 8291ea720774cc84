package dev.ingot.api.ops;

import dev.ingot.api.http.RequestThreads;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices when a pool of threads has none left: puts an empty task on each every two seconds and sees how long it waits.
///
/// `/metrics` tells how long the last one waited, or this one has waited so far (`ingot:pool_wait_seconds`). One that still waits
/// when the next is due is logged, once, with what the pool's threads do.
///
/// It has a thread of its own, as it could not tell of a pool that it needs itself.
public final class StarvationWatch {
    /// Of a router: for requests, Pekko's own (heartbeats, connecting), and the rest.
    public static final List<String> OF_ROUTERS =
            List.of(
                    RequestThreads.DISPATCHER,
                    "pekko.actor.internal-dispatcher",
                    "pekko.actor.default-dispatcher");

    /// Of whoever has an engine: its scheduler's, too.
    public static final List<String> OF_ENGINES =
            Stream.concat(OF_ROUTERS.stream(), Stream.of("ingot.scheduler-dispatcher")).toList();

    private static final Duration INTERVAL = Duration.ofSeconds(2);
    private static final double SECOND = 1e-9;
    private static final int TOLD_THREADS = 4;
    private static final int TOLD_FRAMES = 12;
    private static final Logger log = LoggerFactory.getLogger(StarvationWatch.class);

    private final List<Pool> pools = new ArrayList<>();
    private final LongSupplier nanoClock;

    /// A pool, and at the same time the task that is put on it, one at a time.
    private final class Pool implements Runnable {
        private final String name;
        private final Executor threads;
        private boolean toldOf;
        private volatile long putNanos;
        private volatile long waitedNanos;
        private volatile boolean waiting;

        Pool(String name, Executor threads) {
            this.name = name;
            this.threads = threads;
        }

        @Override
        public void run() {
            waitedNanos = nanoClock.getAsLong() - putNanos;
            waiting = false;
        }

        double seconds() {
            return SECOND * (waiting ? nanoClock.getAsLong() - putNanos : waitedNanos);
        }

        void look() {
            if (waiting) {
                if (!toldOf) {
                    toldOf = true;
                    starves();
                }
                return;
            }
            if (toldOf) {
                toldOf = false;
                log.warn("Pool {} has threads again, after {} s", name, Math.round(seconds()));
            }
            putNanos = nanoClock.getAsLong();
            waiting = true;
            try {
                threads.execute(this);
            } catch (RejectedExecutionException e) {
                waiting = false; // It has ended, as its system has or is about to.
            }
        }

        private void starves() {
            log.warn(
                    "No thread of pool {} was free for {} s: {}",
                    name,
                    Math.round(seconds()),
                    whatTheyDo());
        }

        /// Pekko names threads by their pool.
        private String whatTheyDo() {
            return Thread.getAllStackTraces().entrySet().stream()
                    .filter(each -> each.getKey().getName().contains("-" + name + "-"))
                    .limit(TOLD_THREADS)
                    .map(each ->
                            each.getKey().getName()
                                    + ' '
                                    + each.getKey().getState()
                                    + List.of(each.getValue()).stream()
                                            .limit(TOLD_FRAMES)
                                            .map(frame -> "\n    at " + frame)
                                            .collect(Collectors.joining()))
                    .collect(Collectors.joining("\n  ", "\n  ", ""));
        }
    }

    /// Of pools by their names.
    StarvationWatch(
            Map<String, Executor> pools, PrometheusRegistry registry, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        pools.forEach((name, threads) -> this.pools.add(new Pool(name, threads)));
        GaugeWithCallback.builder()
                .name("ingot:pool_wait_seconds")
                .help("How long a task waited for a thread of a pool, or waits so far")
                .labelNames("pool")
                .callback(told -> this.pools.forEach(pool -> told.call(pool.seconds(), pool.name)))
                .register(registry);
    }

    /// Watches dispatchers of a system until it ends.
    ///
    /// @param dispatchers by their names in the configuration
    public static void start(
            ActorSystem<?> system, List<String> dispatchers, PrometheusRegistry registry) {
        var pools =
                dispatchers.stream()
                        .collect(
                                Collectors.<String, String, Executor>toMap(
                                        name -> name,
                                        name ->
                                                system.dispatchers()
                                                        .lookup(
                                                                DispatcherSelector.fromConfig(
                                                                        name))));
        var watch = new StarvationWatch(pools, registry, System::nanoTime);
        var thread = Thread.ofPlatform().daemon().name("starvation-watch").start(watch::watch);
        system.getWhenTerminated().whenComplete((_, _) -> thread.interrupt());
    }

    private void watch() {
        try {
            while (true) {
                look();
                Thread.sleep(INTERVAL);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // The system has ended.
        }
    }

    /// What is done at every interval.
    void look() {
        pools.forEach(Pool::look);
    }
}
