package dev.ingot.it.sim;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// `ingot sim`: runs any number of seeds and prints the first that fails, with its trace.
final class SimMain {
    private SimMain() {}

    /// @param arguments `--seeds N --first SEED --requests M --faults PROBABILITY`, each optional
    public static void main(String[] arguments) {
        long first = 1;
        long seeds = 100;
        int requests = 30;
        double probability = 0.01;
        for (int i = 0; i < arguments.length; i += 2) {
            var value = i + 1 < arguments.length ? arguments[i + 1] : "";
            switch (arguments[i]) {
                case "--seeds" -> seeds = Long.parseLong(value);
                case "--first" -> first = Long.parseLong(value);
                case "--requests" -> requests = Integer.parseInt(value);
                case "--faults" -> probability = Double.parseDouble(value);
                default -> {
                    System.err.println(
                            "sim: unknown " + arguments[i] + "; expected --seeds N, --first SEED,"
                                    + " --requests M or --faults PROBABILITY");
                    System.exit(2);
                }
            }
        }
        System.exit(run(first, seeds, requests, probability) ? 0 : 1);
    }

    private static boolean run(long first, long seeds, int requests, double probability) {
        long startNanos = System.nanoTime();
        long steps = 0;
        long tokens = 0;
        double simulatedSeconds = 0;
        Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
        Map<ClientLog.End, Integer> ends = new EnumMap<>(ClientLog.End.class);
        Map<String, Double> metrics = new TreeMap<>();
        List<Long> failed = new ArrayList<>();
        try (var system = SimSystem.start()) {
            for (long seed = first; seed < first + seeds && failed.size() < 20; seed++) {
                try {
                    var report =
                            Simulation.run(
                                    system,
                                    seed,
                                    SimSettings.random(seed, requests),
                                    Faults.random(seed, probability));
                    steps += report.steps();
                    tokens += report.tokens();
                    simulatedSeconds += report.simulated().toMillis() * 1e-3;
                    report.faults().forEach((fault, n) -> faults.merge(fault, n, Integer::sum));
                    report.ends().forEach((end, n) -> ends.merge(end, n, Integer::sum));
                    report.metrics().forEach((name, n) -> metrics.merge(name, n, Double::sum));
                } catch (Violation violation) {
                    failed.add(seed);
                    var text = String.valueOf(violation.getMessage());
                    System.out.println(failed.size() == 1 ? text : text.lines().findFirst().orElse(""));
                    if (failed.size() == 1 && violation.getCause() != null && violation.getCause().getCause() != null) {
                        violation.getCause().getCause().printStackTrace(System.out);
                    }
                }
            }
        }
        double seconds = (System.nanoTime() - startNanos) * 1e-9;
        System.out.printf(
                "%d seeds from %d, %d requests each: %d messages, %d tokens, %.0f s simulated in %.1f s (%.0f messages"
                        + " per second)%n",
                seeds, first, requests, steps, tokens, simulatedSeconds, seconds, steps / seconds);
        System.out.println("ends: " + ends);
        System.out.println("faults: " + faults);
        System.out.println("engine: " + metrics);
        System.out.println(
                failed.isEmpty() ? "no violation" : "seed " + failed.getFirst() + " FAILED");
        return failed.isEmpty();
    }
}
