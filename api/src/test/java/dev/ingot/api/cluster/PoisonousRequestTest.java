package dev.ingot.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.cluster.PlayedNodes.Told;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Output;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A request that crashes every engine node that computes it, and those beside it.
final class PoisonousRequestTest {
    private static final int TOKENS = 200;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void costsThreeNodesAndNobodyElsesAnswer(int nodes) throws Exception {
        try (var cluster = new PlayedNodes(nodes, PlayedNodes.Network.PERFECT)) {
            Map<Tokens, CompletableFuture<Told>> streams = new HashMap<>();
            for (int i = 0; i < 20; i++) {
                var prompt = Tokens.of(1, 2, 3, 60 + i);
                streams.put(prompt, cluster.stream(1000 + i, prompt, TOKENS));
            }
            var poison = cluster.stream(7, Tokens.of(PlayedNodes.POISON, 2, 3), TOKENS);

            assertThat(poison.get(60, TimeUnit.SECONDS).lastWord())
                    .isInstanceOfSatisfying(
                            Output.Broken.class,
                            broken -> assertThat(broken.message()).contains("crashed"));
            for (var stream : streams.entrySet()) {
                var told = stream.getValue().get(60, TimeUnit.SECONDS);
                assertThat(told.lastWord()).isInstanceOf(Output.Completed.class);
                assertThat(told.tokens()).isEqualTo(PlayedNodes.expected(stream.getKey(), TOKENS));
            }
            assertThat(cluster.crashes).hasValue(3);
            assertThat(cluster.metric("ingot:router_convicted_requests")).isEqualTo(1);
        }
    }

    @Test
    void isTheOneOnTrialAndNotThoseBesideIt() {
        var suspects = new CrashSuspects(1000);
        suspects.crashed("a", Set.of(1L, 2L));
        assertThat(suspects.verdict(1)).isEqualTo(CrashSuspects.Verdict.FREE);
        suspects.crashed("b", Set.of(1L, 2L, 3L));
        assertThat(suspects.verdict(1)).isEqualTo(CrashSuspects.Verdict.TRIAL);
        assertThat(suspects.verdict(3)).isEqualTo(CrashSuspects.Verdict.FREE);
        suspects.trying("c", 1, 0);
        assertThat(suspects.mayTry("c", 10)).isFalse();
        assertThat(suspects.mayTry("c", 1001)).as("a slow one holds up nobody").isTrue();
        suspects.cleared("c", 1);
        assertThat(suspects.verdict(1)).isEqualTo(CrashSuspects.Verdict.FREE);
        suspects.trying("c", 2, 20);
        suspects.crashed("c", Set.of(2L, 3L));
        assertThat(suspects.verdict(2)).isEqualTo(CrashSuspects.Verdict.GUILTY);
        assertThat(suspects.verdict(3)).isEqualTo(CrashSuspects.Verdict.TRIAL);
    }

    @Test
    void isNotOneWhoseNodeWasOnlyCutOff() {
        var suspects = new CrashSuspects(1000);
        suspects.trying("c", 2, 20);
        suspects.left("c");
        assertThat(suspects.mayTry("c", 21)).isTrue();
        assertThat(suspects.verdict(2)).isEqualTo(CrashSuspects.Verdict.FREE);
    }
}
