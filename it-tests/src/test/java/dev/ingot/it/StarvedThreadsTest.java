package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.node.ObjectNode;

/// Something blocks every thread of Pekko's default dispatcher, and of Java's common pool: whatever nobody gave threads
/// of its own.
@Alone
final class StarvedThreadsTest {
    /// More than a pool has threads.
    private static final int BLOCKERS = 64;

    private static final int LONG = 1900;

    private TestServer server;
    private final CountDownLatch release = new CountDownLatch(1);
    private final List<AtomicBoolean> lastOfPools = new ArrayList<>();

    @BeforeEach
    void start() {
        server = TestServer.start();
    }

    @AfterEach
    void stop() {
        release.countDown();
        server.close();
    }

    @Test
    @Timeout(value = 4, unit = TimeUnit.MINUTES)
    void healthTokensAndAbortsGoOnWithoutADefaultThread() {
        var expected = server.ask("/v1/completions", request(LONG)).path("choices").path(0);
        var slow = new StreamReader(server.stream("/v1/completions", stream(LONG)));
        slow.next();
        awaiting().until(this::standsStill);
        var leaving = new StreamReader(server.stream("/v1/completions", stream(LONG)));
        leaving.next();

        block(server.node().system().executionContext());
        block(ForkJoinPool.commonPool());
        assertThat(server.metric("vllm:num_requests_running")).as("both streams").isEqualTo(2);

        assertThat(server.answer("/health").statusCode()).isEqualTo(200);
        assertThat(server.get("/ready")).contains("READY");
        leaving.close();
        awaiting().until(() -> server.metric("vllm:num_requests_running") == 1);
        slow.readAll(); // Most of its tokens were not computed yet.
        assertThat(slow.isDone()).isTrue();
        assertThat(slow.tokenIds()).isEqualTo(TestServer.tokenIds(expected));
        awaiting().until(() -> server.metric("vllm:kv_cache_usage_perc") == 0);
        var fresh = server.ask("/v1/completions", request(50)).path("choices").path(0);
        assertThat(TestServer.tokenIds(fresh))
                .isEqualTo(TestServer.tokenIds(expected).subList(0, 50));
        awaiting().until(() -> waitOf("pekko.actor.default-dispatcher") > 1);

        assertThat(lastOfPools).as("still blocked").noneMatch(AtomicBoolean::get);
        release.countDown();
        awaiting().until(() -> lastOfPools.stream().allMatch(AtomicBoolean::get));
        awaiting().until(() -> waitOf("pekko.actor.default-dispatcher") < 1);
        assertThat(server.metric("ingot:engine_restarts_total")).isZero();
        slow.close();
    }

    /// Takes all threads of a pool, and leaves a task behind that runs when one is free.
    private void block(Executor pool) {
        var taken = new CountDownLatch(1);
        for (int i = 0; i < BLOCKERS; i++) {
            pool.execute(() -> {
                taken.countDown();
                await(release);
            });
        }
        var last = new AtomicBoolean();
        pool.execute(() -> last.set(true));
        lastOfPools.add(last);
        await(taken);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ConditionFactory awaiting() {
        return Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(300));
    }

    private static ObjectNode request(int tokens) {
        var body = TestServer.completion("A fox and a lamp", tokens);
        body.put("ignore_eos", true);
        return body;
    }

    private static ObjectNode stream(int tokens) {
        var body = request(tokens);
        body.put("stream", true);
        body.put("logprobs", 20); // Large events: the kernel's buffers are full early.
        return body;
    }

    private double lastSteps = -1;

    /// Whether no step was computed since the last look.
    private boolean standsStill() {
        double steps = server.metric("ingot:step_seconds_count");
        boolean same = steps == lastSteps;
        lastSteps = steps;
        return same;
    }

    /// What the detector says of a pool, in seconds.
    private double waitOf(String pool) {
        return server.get("/metrics")
                .lines()
                .filter(line -> line.startsWith("ingot:pool_wait_seconds{pool=\"" + pool + "\"}"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow();
    }
}
