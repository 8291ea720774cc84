package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Many more clients than the engine has room for.
@Alone
final class OverloadTest {
    private static final int SEQUENCES = 4;
    private static final int WAITING = 8;
    private static final int CLIENTS = 4 * (SEQUENCES + WAITING);

    private record Answer(int status, String retryAfter, List<Integer> tokens) {}

    private static Answer ask(TestServer server, int number) {
        var body = TestServer.completion("A fox and a lamp, story " + number, 24);
        body.put("ignore_eos", true);
        var response = server.send("/v1/completions", body);
        var choice = TestServer.JSON.readTree(response.body()).path("choices").path(0);
        return new Answer(
                response.statusCode(),
                response.headers().firstValue("Retry-After").orElse(""),
                TestServer.tokenIds(choice));
    }

    @Test
    void isRefusedWithATimeToComeBackAndWhoeverIsTakenGetsAll() throws Exception {
        try (var server = TestServer.start(SEQUENCES, WAITING, OptionalInt.of(64));
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var alone = new ArrayList<List<Integer>>();
            for (int i = 0; i < CLIENTS; i++) {
                alone.add(ask(server, i).tokens());
            }
            int refused = 0;
            for (int round = 0; round < 3; round++) {
                var tasks = new ArrayList<Callable<Answer>>();
                for (int i = 0; i < CLIENTS; i++) {
                    int number = i;
                    tasks.add(() -> ask(server, number));
                }
                var answers = threads.invokeAll(tasks);
                for (int i = 0; i < CLIENTS; i++) {
                    var answer = answers.get(i).get();
                    if (answer.status() == 429) {
                        refused++;
                        assertThat(Integer.parseInt(answer.retryAfter())).isBetween(1, 60);
                    } else {
                        assertThat(answer.status()).isEqualTo(200);
                        assertThat(answer.tokens()).isEqualTo(alone.get(i));
                    }
                }
                assertThat(ask(server, round).tokens()).as("at once").isEqualTo(alone.get(round));
            }
            assertThat(refused).as("there was too much to do").isPositive();
            assertThat(server.metric("ingot:requests_rejected_total")).isEqualTo(refused);
            // Blocks come back behind a request's last word.
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> {
                        assertThat(server.metric("vllm:num_requests_running")).isZero();
                        assertThat(server.metric("vllm:num_requests_waiting")).isZero();
                        assertThat(server.metric("vllm:kv_cache_usage_perc")).isZero();
                    });
        }
    }
}
