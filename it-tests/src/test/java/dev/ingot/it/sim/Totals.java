package dev.ingot.it.sim;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/// What many seeds came to together.
final class Totals {
    private final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
    private final Map<ClientLog.End, Integer> ends = new EnumMap<>(ClientLog.End.class);
    private final Map<String, Double> metrics = new TreeMap<>();
    private long seeds;
    private long requests;
    private long steps;
    private long tokens;
    private double simulatedSeconds;

    void add(Simulation.Report report) {
        seeds++;
        requests += report.requests();
        steps += report.steps();
        tokens += report.tokens();
        simulatedSeconds += report.simulated().toMillis() * 1e-3;
        report.faults().forEach((fault, count) -> faults.merge(fault, count, Integer::sum));
        report.ends().forEach((end, count) -> ends.merge(end, count, Integer::sum));
        report.metrics().forEach((name, value) -> metrics.merge(name, value, Double::sum));
    }

    int faults(Fault fault) {
        return faults.getOrDefault(fault, 0);
    }

    int ends(ClientLog.End end) {
        return ends.getOrDefault(end, 0);
    }

    double metric(String name) {
        return metrics.getOrDefault(name, 0.0);
    }

    String describe(double seconds) {
        return "%d seeds, %d requests: %d messages, %d tokens, %.0f s simulated in %.1f s (%.0f messages per second)%n"
                        .formatted(
                                seeds,
                                requests,
                                steps,
                                tokens,
                                simulatedSeconds,
                                seconds,
                                steps / seconds)
                + "ends: "
                + ends
                + "\nfaults: "
                + faults
                + "\nengine: "
                + metrics;
    }
}
