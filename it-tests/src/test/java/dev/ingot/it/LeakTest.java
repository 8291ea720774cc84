package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.PoisonPill;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// What a server holds after many requests of every kind is what it held before them.
@Alone
final class LeakTest {
    private static final int NOT_READY = 503;
    private static final int REQUESTS = 240;

    /// Connections that stay open for the next request come and go; a leak would count every request.
    private static final int TOLERANCE = REQUESTS / 6;

    /// What is there at one moment.
    private record Holdings(long files, long threads, long actors) {
        static Holdings of(TestServer server) {
            var system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            var actors = (ExtendedActorSystem) Adapter.toClassic(server.node().system());
            return new Holdings(
                    system.getOpenFileDescriptorCount(),
                    ManagementFactory.getThreadMXBean().getThreadCount(),
                    actors.printTree().lines().count());
        }

        boolean isAbout(Holdings other) {
            return files <= other.files + TOLERANCE
                    && threads <= other.threads + TOLERANCE
                    && actors <= other.actors + TOLERANCE;
        }
    }

    /// A whole answer, a stream, a stream that is left, two choices, a mistake.
    private static int ask(TestServer server, int number) {
        var body = TestServer.completion("A fox and a lamp, story " + number, 4 + number % 16);
        switch (number % 5) {
            case 0 -> {
                return server.send("/v1/completions", body).statusCode();
            }
            case 1 -> body.put("n", 2);
            case 2 -> {
                body.put("max_tokens", -1);
                return server.send("/v1/completions", body).statusCode();
            }
            case 3 -> {
                body.put("max_tokens", 1500);
                body.put("ignore_eos", true);
                body.put("stream", true);
                try (var reader = new StreamReader(server.stream("/v1/completions", body))) {
                    reader.next();
                }
                return 200;
            }
            default -> {}
        }
        body.put("stream", true);
        try (var reader = new StreamReader(server.stream("/v1/completions", body))) {
            return reader.readAll().isDone() ? 200 : 500;
        }
    }

    /// Who comes while the engine starts anew is told so with a 503, and comes again.
    private static int askUntilReady(TestServer server, int number) throws InterruptedException {
        while (true) {
            try {
                int status = ask(server, number);
                if (status != NOT_READY) {
                    return status;
                }
            } catch (IllegalStateException e) {
                if (!String.valueOf(e.getMessage()).startsWith(NOT_READY + " ")) {
                    throw e;
                }
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    @Test
    void nothingIsLeftOfManyRequestsAndOfTheEngineThatTheyLost() throws Exception {
        try (var server = TestServer.start();
                var threads = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 40; i++) {
                ask(server, i);
            }
            System.gc();
            var before = Holdings.of(server);
            var tasks = new ArrayList<Callable<Integer>>();
            for (int i = 0; i < REQUESTS; i++) {
                int number = i;
                tasks.add(() -> {
                    if (number == REQUESTS / 2) {
                        Adapter.toClassic(server.node().system())
                                .actorSelection("/user/engine/worker-*")
                                .tell(
                                        PoisonPill.getInstance(),
                                        org.apache.pekko.actor.ActorRef.noSender());
                    }
                    return askUntilReady(server, number);
                });
            }
            var answers = threads.invokeAll(tasks);
            for (int i = 0; i < REQUESTS; i++) {
                assertThat(answers.get(i).get())
                        .as("request %d", i)
                        .isEqualTo(i % 5 == 2 ? 400 : 200);
            }
            assertThat(server.metric("ingot:engine_restarts_total"))
                    .as("the fault happened")
                    .isOne();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> {
                        System.gc();
                        var after = Holdings.of(server);
                        assertThat(after.isAbout(before))
                                .as("%s, before %s", after, before)
                                .isTrue();
                        assertThat(server.metric("vllm:num_requests_running")).isZero();
                        assertThat(server.metric("vllm:num_requests_waiting")).isZero();
                        assertThat(server.metric("vllm:kv_cache_usage_perc")).isZero();
                    });
        }
    }
}
