package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Back-pressure from the client's socket to the scheduler.
@Alone
final class SlowReaderTest {
    private static double outputTokens(TestServer server) {
        return server.metric("vllm:iteration_tokens_total_sum");
    }

    @Test
    void aReaderThatStopsPausesOnlyItsOwnSequenceAndGetsAllWhenItReadsOn() throws Exception {
        try (var server = TestServer.start();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var body = TestServer.completion("Once upon a time", 1900);
            body.put("ignore_eos", true);
            body.put("stream", true);
            body.put("logprobs", 20); // Large events: the kernel's buffers are full early.
            var slow = new StreamReader(server.stream("/v1/completions", body));
            slow.next();
            // Nobody reads: its steps stop although it has most of its tokens to go.
            var seen = new ArrayList<Double>();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(300))
                    .until(() -> {
                        seen.add(outputTokens(server));
                        return seen.size() > 3 && seen.getLast().equals(seen.get(seen.size() - 3));
                    });
            assertThat(seen.getLast()).isLessThan(1500);
            assertThat(server.metric("vllm:num_requests_running")).isEqualTo(1);

            List<Callable<Integer>> others = new ArrayList<>();
            for (int i = 0; i < 15; i++) {
                var other = TestServer.completion("A fox and a lamp, story " + i, 50);
                other.put("ignore_eos", true);
                other.put("stream", true);
                others.add(() -> {
                    try (var reader = new StreamReader(server.stream("/v1/completions", other))) {
                        return reader.readAll().tokenIds().size();
                    }
                });
            }
            for (var result : threads.invokeAll(others)) {
                assertThat(result.get()).isEqualTo(50);
            }

            slow.readAll();
            assertThat(slow.isDone()).isTrue();
            assertThat(slow.tokenIds()).hasSize(1900);
            slow.close();
        }
    }

    @Test
    void aClientThatLeavesGivesItsBlocksBack() {
        try (var server = TestServer.start()) {
            var body = TestServer.completion("Once upon a time", 1900);
            body.put("ignore_eos", true);
            body.put("stream", true);
            var reader = new StreamReader(server.stream("/v1/completions", body));
            reader.next();
            assertThat(server.metric("vllm:kv_cache_usage_perc")).isPositive();
            reader.close();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> server.metric("vllm:kv_cache_usage_perc") == 0);
            assertThat(server.metric("vllm:num_requests_running")).isZero();
            double steps = server.metric("ingot:step_seconds_count");
            assertThat(steps).as("it did not run to its end").isLessThan(1800);
        }
    }
}
