package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/// Something blocks every thread that HTTP and the requests run on. The engine has threads of its own.
@Alone
final class StarvedThreadsTest {
    private static final int STREAMS = 4;

    /// More than the dispatcher has threads.
    private static final int BLOCKERS = 64;

    @Test
    void streamsStandStillWithoutThreadsAndGoOnWithThem() throws Exception {
        try (var server = TestServer.start();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var undisturbed = new ArrayList<List<Integer>>();
            for (int i = 0; i < STREAMS; i++) {
                undisturbed.add(read(server, i, new CountDownLatch(1)));
            }
            var underWay = new CountDownLatch(STREAMS);
            var results = new ArrayList<Future<List<Integer>>>();
            for (int i = 0; i < STREAMS; i++) {
                int stream = i;
                results.add(threads.submit(() -> read(server, stream, underWay)));
            }
            assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();

            var dispatcher = server.node().system().executionContext();
            var release = new CountDownLatch(1);
            var ran = new AtomicBoolean();
            for (int i = 0; i < BLOCKERS; i++) {
                dispatcher.execute(() -> await(release));
            }
            dispatcher.execute(() -> ran.set(true));
            TimeUnit.SECONDS.sleep(4); // Longer than a step may take.
            assertThat(ran).as("no thread was left").isFalse();
            release.countDown();

            for (int i = 0; i < STREAMS; i++) {
                assertThat(results.get(i).get(120, TimeUnit.SECONDS)).isEqualTo(undisturbed.get(i));
            }
            assertThat(server.metric("ingot:engine_restarts_total")).isZero();
            assertThat(server.get("/ready")).contains("READY");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Integer> read(TestServer server, int number, CountDownLatch underWay) {
        var body = TestServer.completion("A fox and a lamp, story " + number, 600);
        body.put("ignore_eos", true);
        body.put("stream", true);
        try (var reader = new StreamReader(server.stream("/v1/completions", body))) {
            reader.next();
            underWay.countDown();
            return List.copyOf(reader.readAll().tokenIds());
        }
    }
}
