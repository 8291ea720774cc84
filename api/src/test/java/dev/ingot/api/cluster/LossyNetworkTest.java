package dev.ingot.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.cluster.PlayedNodes.Network;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.RequestSpec;
import dev.ingot.scheduler.Requests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Faults 22 to 26: what links say is lost, doubled, held back and told in another order, in both directions.
final class LossyNetworkTest {
    private static final int STREAMS = 12;
    private static final int TOKENS = 300;
    private static final int ROUNDS = 3;

    /// What the network does.
    enum Kind {
        LOSES,
        DOUBLES,
        HOLDS_BACK,
        REORDERS
    }

    /// Does one thing to one of eight messages.
    private static final class Lossy implements Network {
        private final Kind kind;
        private final Random random;
        final AtomicInteger faults = new AtomicInteger();

        Lossy(Kind kind, long seed) {
            this.kind = kind;
            this.random = new Random(seed);
        }

        private synchronized boolean isHit() {
            return random.nextInt(8) == 0;
        }

        @Override
        public <M> ActorRef<M> between(ActorTestKit kit, Class<M> type, ActorRef<M> to) {
            Behavior<Object> relay =
                    Behaviors.withTimers(timers -> {
                        var held = new ArrayList<M>();
                        timers.startTimerWithFixedDelay("release", Duration.ofMillis(15));
                        return Behaviors.receiveMessage(message -> {
                            if (!type.isInstance(message)) {
                                held.forEach(to::tell);
                                held.clear();
                                return Behaviors.same();
                            }
                            M word = type.cast(message);
                            if (!isHit()) {
                                to.tell(word);
                                return Behaviors.same();
                            }
                            faults.incrementAndGet();
                            switch (kind) {
                                case LOSES -> {}
                                case DOUBLES -> {
                                    to.tell(word);
                                    to.tell(word);
                                }
                                case HOLDS_BACK, REORDERS -> held.add(word);
                            }
                            if (kind == Kind.REORDERS && held.size() > 2) {
                                for (var each : held.reversed()) {
                                    to.tell(each);
                                }
                                held.clear();
                            }
                            return Behaviors.same();
                        });
                    });
            // A gate is known by its name.
            var name = to.path().name();
            return (name.startsWith("node") ? kit.spawn(relay, "to-" + name) : kit.spawn(relay))
                    .narrow();
        }
    }

    @ParameterizedTest
    @EnumSource
    void noTokenIsLostDoubledOrOutOfOrder(Kind kind) throws Exception {
        var network = new Lossy(kind, 22);
        try (var cluster = new PlayedNodes(2, network)) {
            for (int round = 0; round < ROUNDS; round++) {
                var streams = new HashMap<Tokens, CompletableFuture<PlayedNodes.Told>>();
                for (int i = 0; i < STREAMS; i++) {
                    int number = round * STREAMS + i;
                    var prompt = Tokens.of(1, 2, 60 + number);
                    streams.put(prompt, cluster.stream(500 + number, prompt, TOKENS));
                }
                for (var stream : streams.entrySet()) {
                    var told = stream.getValue().get(60, TimeUnit.SECONDS);
                    assertThat(told.lastWord()).isInstanceOf(Output.Completed.class);
                    assertThat(told.tokens())
                            .isEqualTo(PlayedNodes.expected(stream.getKey(), TOKENS));
                }
            }
            assertThat(network.faults).as("faults").hasValueGreaterThan(50);
            assertThat(cluster.doubled()).as("sequences that ran twice").isZero();
            assertThat(cluster.metric("ingot:router_links_lost")).isZero();
            Awaitility.await().until(() -> cluster.live() == 0);
        }
    }

    /// 22, 24: an abort that is lost or comes late leaves nothing running.
    @ParameterizedTest
    @EnumSource(names = {"LOSES", "HOLDS_BACK"})
    void whoLeavesLeavesNothingBehind(Kind kind) {
        var network = new Lossy(kind, 24);
        try (var cluster = new PlayedNodes(2, network)) {
            var probe = cluster.kit.<Requests.Answer>createTestProbe();
            for (int i = 0; i < STREAMS; i++) {
                cluster.requests()
                        .tell(
                                new Requests.Open(
                                        new RequestSpec(
                                                900 + i,
                                                List.of(
                                                        new RequestSpec.Choice(
                                                                Tokens.of(1, 60 + i),
                                                                SamplingParams.greedy(TOKENS))),
                                                true,
                                                "",
                                                true,
                                                false),
                                        probe.ref()));
            }
            var handles = new ArrayList<ActorRef<Requests.Handle>>();
            for (int i = 0; i < STREAMS; i++) {
                var answer = probe.receiveMessage(Duration.ofSeconds(30));
                handles.add(((Requests.Opened) answer).handle());
            }
            Awaitility.await().until(() -> cluster.live() == STREAMS);
            handles.forEach(cluster::leave);
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> cluster.live() == 0);
            assertThat(network.faults).hasPositiveValue();
        }
    }

    @Test
    void aPerfectNetworkLosesNothingEither() throws Exception {
        try (var cluster = new PlayedNodes(1, Network.PERFECT)) {
            var prompt = Tokens.of(1, 2, 3);
            var told = cluster.stream(1, prompt, TOKENS).get(30, TimeUnit.SECONDS);
            assertThat(told.tokens()).isEqualTo(PlayedNodes.expected(prompt, TOKENS));
        }
    }
}
