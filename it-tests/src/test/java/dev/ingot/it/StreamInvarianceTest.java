package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// A fixed budget of workloads; `ingot check-streams` runs more.
final class StreamInvarianceTest {
    @Test
    void aStreamHasTheSameTokensHoweverItIsScheduled() throws Exception {
        try (var check = new StreamInvariance()) {
            for (long seed = 1;
                    seed <= 2 * StreamInvariance.TOGETHER;
                    seed += StreamInvariance.TOGETHER) {
                assertThat(check.run(seed)).isEmpty();
            }
            assertThat(check.preemptions()).as("streams were preempted").isPositive();
            assertThat(check.hits()).as("prefixes were found").isPositive();
            assertThat(check.resumed()).as("streams were under way at a restart").isPositive();
        }
    }
}
