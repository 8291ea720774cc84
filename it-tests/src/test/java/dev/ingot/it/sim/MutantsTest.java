package dev.ingot.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The simulation is worth what it finds: every planted bug, within a bounded number of seeds.
final class MutantsTest {
    private static final int SEEDS = 300;

    @ParameterizedTest
    @EnumSource
    void everyPlantedBugIsFound(Mutant mutant) throws Exception {
        var run = MutantLoader.of(mutant).loadClass(MutantRun.class.getName());
        int seeds = (int) run.getMethod("seedsToFind", int.class).invoke(null, SEEDS);
        assertThat(seeds).as("seeds until %s was found", mutant).isPositive();
        System.out.println(mutant + " found by seed " + seeds);
    }
}
