package dev.ingot.it.sim;

import dev.ingot.api.console.ConsoleCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `ingot sim`: runs any number of seeds, and prints those that fail, the first with its trace.
@Command(
        name = "ingot sim",
        description = {
            "Run the engine's actors in simulated time, with faults, and check the invariants after"
                    + " every message.",
            "Ends with status 1 if a seed failed."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class SimMain extends ConsoleCommand {
    private static final int MOST_FAILURES = 20;
    private static final int MOST_SEEDS = 999;

    /// A line of it has a seed and its [Simulation.Report#hash].
    static final String DIGEST = "seed %d: %016x%n";

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "100",
            description = "how many; default ${DEFAULT-VALUE}")
    private long seeds;

    @Option(
            names = "--first",
            paramLabel = "SEED",
            defaultValue = "1",
            description = "the first of them; default ${DEFAULT-VALUE}")
    private long first;

    @Option(
            names = "--requests",
            paramLabel = "N",
            defaultValue = "30",
            description = "of each seed; default ${DEFAULT-VALUE}")
    private int requests;

    @Option(
            names = "--faults",
            paramLabel = "PROBABILITY",
            defaultValue = "0.01",
            description = "of each fault where it may happen; default ${DEFAULT-VALUE}")
    private double probability;

    @Option(names = "--digest", description = "print a hash of each seed's messages")
    private boolean digest;

    @Option(
            names = "--mutants",
            description = "instead: look for the first seed that finds each planted bug")
    private boolean mutants;

    /// Exits with 0 if no seed failed, 1 if one did, 2 when the command line is wrong.
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SimMain()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        check(seeds >= 1, "--seeds is " + seeds + ", expected 1 or more");
        check(requests >= 1, "--requests is " + requests + ", expected 1 or more");
        check(
                probability >= 0 && probability <= 1,
                "--faults is " + probability + ", expected 0 to 1");
        boolean passed = mutants ? findMutants() : run(first, seeds, requests, probability, digest);
        return passed ? 0 : 1;
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
