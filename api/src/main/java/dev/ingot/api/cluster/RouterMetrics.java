package dev.ingot.api.cluster;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// What a router counts. Safe from any thread.
public final class RouterMetrics {
    private final Gauge serving;
    private final Gauge known;
    private final Counter routed;
    private final Counter matched;
    private final Counter rejected;
    private final Counter linksLost;
    private final Counter convicted;

    public RouterMetrics(PrometheusRegistry registry) {
        serving = gauge(registry, "ingot:cluster_nodes_serving", "Engine nodes that take requests");
        known = gauge(registry, "ingot:cluster_nodes", "Engine nodes that have joined");
        routed = counter(registry, "ingot:router_choices", "Engines named to requests");
        matched =
                counter(
                        registry,
                        "ingot:router_prefix_choices",
                        "Of these, engines that were thought to hold the prompt's beginning");
        rejected = counter(registry, "ingot:router_rejected", "Requests for which all were full");
        linksLost = counter(registry, "ingot:router_links_lost", "Engine nodes lost");
        convicted =
                counter(
                        registry,
                        "ingot:router_convicted_requests",
                        "Requests that were given up because engine nodes crashed of them");
    }

    private static Gauge gauge(PrometheusRegistry registry, String name, String help) {
        var gauge = Gauge.builder().name(name).help(help).register(registry);
        gauge.set(0);
        return gauge;
    }

    private static Counter counter(PrometheusRegistry registry, String name, String help) {
        var counter = Counter.builder().name(name).help(help).register(registry);
        counter.inc(0);
        return counter;
    }

    void nodes(int servingCount, int knownCount) {
        serving.set(servingCount);
        known.set(knownCount);
    }

    void routed(boolean prefixMatched) {
        routed.inc();
        if (prefixMatched) {
            matched.inc();
        }
    }

    void rejected() {
        rejected.inc();
    }

    void convicted() {
        convicted.inc();
    }

    void linkLost() {
        linksLost.inc();
    }
}
