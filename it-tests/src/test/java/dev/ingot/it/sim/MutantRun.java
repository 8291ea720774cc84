package dev.ingot.it.sim;

/// Runs seeds until one fails: what a mutant is held to, in a class loader of its own.
public final class MutantRun {
    private MutantRun() {}

    /// How many seeds it took, or 0 where none of `most` found anything.
    public static int seedsToFind(int most) {
        try (var system = SimSystem.start()) {
            for (int seed = 1; seed <= most; seed++) {
                try {
                    var settings = SimSettings.random(seed, 30);
                    Simulation.run(system, seed, settings, Faults.random(seed, settings, 0.01));
                } catch (Violation violation) {
                    return seed;
                }
            }
        }
        return 0;
    }
}
