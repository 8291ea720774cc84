package dev.ingot.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.it.Alone;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Three engine nodes and a router: one node is killed, one is paused, one is cut off, and no client can tell.
@Alone
@EnabledOnOs(OS.LINUX)
final class StreamsSurviveTheirNodeTest {
    @Test
    void killedPausedAndCutOffWhileStreamsRun() {
        try (var cluster = TestCluster.start(FaultRound.NODES, List.of());
                var load = new Load(cluster.url())) {
            var faults = new FaultRound(cluster, load);
            var undisturbed = faults.undisturbed();
            var told = faults.disturbed(0).told();
            assertThat(Load.answers(told)).isEqualTo(Load.answers(undisturbed));
            assertThat(told).allMatch(each -> each.continuity().equals("exact"));
            assertThat(cluster.metric("ingot:approximate_continuations_total")).isZero();
        }
    }
}
