package dev.ingot.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Every engine node is stopped and started again, one after the other, while clients stream.
@EnabledOnOs(OS.LINUX)
final class RollingRestartTest {
    private static final int NODES = 2;
    private static final int STREAMS = 12;
    private static final int TOKENS = 150;

    @Test
    void noStreamFailsAndNoneIsChanged() {
        try (var cluster = TestCluster.start(NODES, List.of(), List.of("--shutdown-timeout", "0"));
                var load = new Load(cluster.url())) {
            var undisturbed = Load.answers(Load.await(load.start(STREAMS, TOKENS)));
            for (int node = 0; node < NODES; node++) {
                var streams = load.start(STREAMS, TOKENS);
                Awaitility.await().until(() -> load.tokens() > STREAMS * 10);
                double moved = cluster.metric("ingot:request_resubmissions_total");
                cluster.engine(node).terminate();
                cluster.engine(node).awaitEnd();
                cluster.startAgain(node);
                var told = Load.await(streams);
                assertThat(Load.answers(told)).isEqualTo(undisturbed);
                assertThat(cluster.metric("ingot:request_resubmissions_total"))
                        .as("streams ran on node %d when it was stopped", node)
                        .isGreaterThan(moved);
                cluster.awaitServing(NODES);
            }
        }
    }
}
