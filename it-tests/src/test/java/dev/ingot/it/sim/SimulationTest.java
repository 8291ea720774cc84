package dev.ingot.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A fixed budget of seeds; `ingot sim` runs more.
final class SimulationTest {
    private static final int SEEDS = 200;
    private static final int REQUESTS = 30;

    private static @Nullable SimSystem system;

    @BeforeAll
    static void start() {
        system = SimSystem.start();
    }

    @AfterAll
    static void stop() {
        if (system != null) {
            system.close();
        }
    }

    private static Simulation.Report run(long seed, Faults faults) {
        var running = system;
        if (running == null) {
            throw new IllegalStateException("not started");
        }
        return Simulation.run(running, seed, SimSettings.random(seed, REQUESTS), faults);
    }

    /// With every fault at about this probability.
    private static Simulation.Report run(long seed, double probability) {
        return run(seed, Faults.random(seed, SimSettings.random(seed, REQUESTS), probability));
    }

    @Test
    void noInvariantIsViolatedWhateverFailsAtOnePercent() {
        var total = new Totals();
        for (long seed = 1; seed <= SEEDS; seed++) {
            total.add(run(seed, 0.01));
        }
        for (var fault : Fault.values()) {
            assertThat(total.faults(fault)).as("%s happened", fault).isPositive();
        }
        assertThat(total.metric("preemptions")).isPositive();
        assertThat(total.metric("hits")).isPositive();
        assertThat(total.metric("forked tokens")).isPositive();
        assertThat(total.metric("copied blocks")).isPositive();
        assertThat(total.metric("window blocks")).isPositive();
        assertThat(total.metric("timed out")).isPositive();
        assertThat(total.ends(ClientLog.End.COMPLETED)).isGreaterThan(SEEDS * REQUESTS / 2);
    }

    @Test
    void everythingCompletesWhereNothingFails() {
        for (long seed = 1; seed <= 40; seed++) {
            var report = run(seed, Faults.none());
            assertThat(report.faults()).isEmpty();
            assertThat(report.ends().keySet())
                    .isSubsetOf(
                            ClientLog.End.COMPLETED,
                            ClientLog.End.REFUSED,
                            ClientLog.End.TIMED_OUT);
            assertThat(report.metrics()).containsEntry("restarts", 0.0);
        }
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        for (long seed = 7; seed < 12; seed++) {
            var first = run(seed, 0.05);
            var second = run(seed, 0.05);
            assertThat(second).isEqualTo(first);
        }
        assertThat(run(7, Faults.none()).hash()).isNotEqualTo(run(8, Faults.none()).hash());
    }
}
