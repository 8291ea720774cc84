package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.PoisonPill;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// A request outlives the engine that serves it.
@Alone
final class EngineRestartTest {
    private static final int STREAMS = 8;

    private static ObjectNode request(int i) {
        var body =
                TestServer.completion("Once upon a time there was a fox number " + i, 120 + 10 * i);
        if (i % 2 == 1) {
            body.put("temperature", 0.9);
            body.put("seed", 100 + i);
            body.put("presence_penalty", 0.5);
        }
        body.put("ignore_eos", true);
        body.put("stream", true);
        return body;
    }

    private static void kill(TestServer server, String actor) {
        var classic = Adapter.toClassic(server.node().system());
        var reference =
                classic.actorSelection("/user/engine/" + actor)
                        .resolveOne(Duration.ofSeconds(5))
                        .toCompletableFuture()
                        .join();
        reference.tell(PoisonPill.getInstance(), org.apache.pekko.actor.ActorRef.noSender());
    }

    @ParameterizedTest
    @ValueSource(strings = {"worker", "scheduler", "allocator"})
    void eightStreamsEndWithTheTokensOfAnUndisturbedRunWhenAnActorIsKilled(String actor)
            throws Exception {
        try (var server = TestServer.start();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var undisturbed = new ArrayList<List<Integer>>();
            for (int i = 0; i < STREAMS; i++) {
                try (var reader = new StreamReader(server.stream("/v1/completions", request(i)))) {
                    undisturbed.add(reader.readAll().tokenIds());
                }
            }
            var underWay = new CountDownLatch(STREAMS);
            var results = new ArrayList<Future<StreamReader>>();
            for (int i = 0; i < STREAMS; i++) {
                int stream = i;
                results.add(
                        threads.submit(() -> {
                            var reader =
                                    new StreamReader(
                                            server.stream("/v1/completions", request(stream)));
                            while (reader.tokenIds().size() < 10) {
                                assertThat(reader.next()).isPresent();
                            }
                            underWay.countDown();
                            return reader.readAll();
                        }));
            }
            assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
            kill(server, actor + "-1");
            for (int i = 0; i < STREAMS; i++) {
                try (var reader = results.get(i).get(120, TimeUnit.SECONDS)) {
                    assertThat(reader.tokenIds()).as("stream %d", i).isEqualTo(undisturbed.get(i));
                    assertThat(reader.isDone()).as("stream %d", i).isTrue();
                    assertThat(reader.finishReason()).as("stream %d", i).isEqualTo("length");
                }
            }
            assertThat(server.metric("ingot:engine_restarts_total"))
                    .as("the fault happened")
                    .isEqualTo(1);
            assertThat(server.metric("ingot:request_resubmissions_total"))
                    .as("streams were under way when it did")
                    .isPositive();
        }
    }

    @Test
    void healthSaysSoWhileTheEngineIsAway() {
        try (var server = TestServer.start()) {
            kill(server, "worker-1");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> server.get("/ready").contains("RESTARTING"));
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> server.get("/ready").contains("READY"));
            assertThat(server.get("/ready")).contains("\"epoch\":2");
        }
    }
}
