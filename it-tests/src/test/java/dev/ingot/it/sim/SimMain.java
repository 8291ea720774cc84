package dev.ingot.it.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `ingot sim`: runs any number of seeds, and prints those that fail, the first with its trace.
final class SimMain {
    private static final int MOST_FAILURES = 20;
    private static final int MOST_SEEDS = 999;

    /// A line of it has a seed and its [Simulation.Report#hash].
    static final String DIGEST = "seed %d: %016x%n";

    private SimMain() {}

    /// Exits with 0 if no seed failed, 1 if one did, 2 when the command line is wrong.
    ///
    /// @param arguments `--seeds N --first SEED --requests M --faults PROBABILITY --digest`, each optional; or `--mutants`
    public static void main(String[] arguments) throws Exception {
        if (List.of(arguments).equals(List.of("--mutants"))) {
            System.exit(findMutants() ? 0 : 1);
        }
        boolean digest = false;
        long first = 1;
        long seeds = 100;
        int requests = 30;
        double probability = 0.01;
        for (int i = 0; i < arguments.length; i += 2) {
            if (arguments[i].equals("--digest")) {
                digest = true;
                i--;
                continue;
            }
            var value = i + 1 < arguments.length ? arguments[i + 1] : "";
            try {
                switch (arguments[i]) {
                    case "--seeds" -> seeds = Long.parseLong(value);
                    case "--first" -> first = Long.parseLong(value);
                    case "--requests" -> requests = Integer.parseInt(value);
                    case "--faults" -> probability = Double.parseDouble(value);
                    default -> fail("unknown " + arguments[i]);
                }
            } catch (NumberFormatException e) {
                fail(arguments[i] + " is '" + value + "', expected a number");
            }
        }
        System.exit(run(first, seeds, requests, probability, digest) ? 0 : 1);
    }

    private static void fail(String message) {
        System.err.println("ingot sim: " + message);
        System.err.println(
                "Flags: --seeds N, --first SEED, --requests M, --faults PROBABILITY (default"
                        + " 0.01), --digest (of each seed's messages); or"
                        + " --mutants alone: the first seed that finds each planted bug");
        System.exit(2);
    }

    private static boolean run(
            long first, long seeds, int requests, double probability, boolean digest) {
        long startNanos = System.nanoTime();
        var totals = new Totals();
        List<Long> failed = new ArrayList<>();
        try (var system = SimSystem.start()) {
            if (digest) {
                system.executor().hashTexts(true);
            }
            for (long seed = first; seed < first + seeds && failed.size() < MOST_FAILURES; seed++) {
                var settings = SimSettings.random(seed, requests);
                try {
                    var faults = Faults.random(seed, settings, probability);
                    var report = Simulation.run(system, seed, settings, faults);
                    totals.add(report);
                    if (digest) {
                        System.out.printf(Locale.ROOT, DIGEST, seed, report.hash());
                    }
                } catch (Violation violation) {
                    failed.add(seed);
                    print(violation, failed.size() == 1);
                }
            }
        }
        System.out.println(totals.describe((System.nanoTime() - startNanos) * 1e-9));
        System.out.println(failed.isEmpty() ? "no violation" : "FAILED seeds: " + failed);
        return failed.isEmpty();
    }

    private static boolean findMutants() throws Exception {
        boolean all = true;
        for (var mutant : Mutant.values()) {
            int seed = MutantLoader.seedThatFinds(mutant, 1, MOST_SEEDS);
            System.out.println(mutant + ": " + (seed > 0 ? "seed " + seed : "NOT FOUND"));
            all &= seed > 0;
        }
        return all;
    }

    private static void print(Violation violation, boolean whole) {
        var text = String.valueOf(violation.getMessage());
        System.out.println(whole ? text : text.lines().findFirst().orElse(""));
        var cause = violation.getCause();
        if (whole && cause != null && cause.getCause() != null) {
            cause.getCause().printStackTrace(System.out);
        }
    }
}
