package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// The tokens of a request depend on nothing but the request.
final class ConcurrentStreamsTest {
    private static final int STREAMS = 64;

    private static TestServer server = TestServer.start();

    @BeforeAll
    static void isReady() {
        assertThat(server.get("/ready")).contains("READY");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /// Mixed lengths, all sampled, each with a seed and parameters of its own.
    private static List<ObjectNode> requests() {
        var random = new Random(7);
        var requests = new ArrayList<ObjectNode>();
        for (int i = 0; i < STREAMS; i++) {
            var prompt = new StringBuilder("Once upon a time ");
            int words = random.nextInt(120);
            for (int w = 0; w < words; w++) {
                prompt.append(
                        List.of("the fox ", "a lamp ", "went home ", "and 12 ", "said: ")
                                .get(random.nextInt(5)));
            }
            var body = TestServer.completion(prompt.toString(), 8 + random.nextInt(56));
            body.put("temperature", 0.6 + random.nextDouble());
            body.put("top_p", 0.7 + 0.3 * random.nextDouble());
            body.put("top_k", random.nextBoolean() ? 0 : 40);
            body.put("repetition_penalty", random.nextBoolean() ? 1.0 : 1.2);
            body.put("seed", random.nextLong());
            body.put("ignore_eos", true);
            body.put("stream", true);
            requests.add(body);
        }
        return requests;
    }

    private static List<Integer> run(ObjectNode body) {
        try (var reader = new StreamReader(server.stream("/v1/completions", body))) {
            reader.readAll();
            assertThat(reader.isDone()).isTrue();
            assertThat(reader.tokenIds()).hasSize(body.path("max_tokens").intValue());
            return reader.tokenIds();
        }
    }

    @Test
    void sixtyFourStreamsAtOnceGiveTokenForTokenWhatEachGivesAlone() throws Exception {
        var requests = requests();
        var together = new ArrayList<List<Integer>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<List<Integer>>> tasks = new ArrayList<>();
            requests.forEach(body -> tasks.add(() -> run(body)));
            for (var future : threads.invokeAll(tasks)) {
                together.add(future.get());
            }
        }
        for (int i = 0; i < STREAMS; i++) {
            var alone = requests.get(i).deepCopy();
            alone.put(
                    "cache_salt", "alone-" + i); // Nothing that the others computed is used again.
            assertThat(together.get(i))
                    .as("stream %d: %s", i, requests.get(i))
                    .isEqualTo(run(alone));
        }
    }

    @Test
    void fewerBlocksThanTheStreamsNeedChangeNoToken() throws Exception {
        // Each begins with a block or two and ends with fourteen; eight at a time want three times
        // the pool.
        var requests = new ArrayList<ObjectNode>();
        for (int i = 0; i < 12; i++) {
            var body = TestServer.completion("Once upon a time, story " + i, 200);
            body.put("temperature", 0.8);
            body.put("seed", i);
            body.put("ignore_eos", true);
            body.put("stream", true);
            requests.add(body);
        }
        var plenty = requests.stream().map(ConcurrentStreamsTest::run).toList();
        try (var tight = TestServer.start(8, 100, java.util.OptionalInt.of(40));
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<List<Integer>>> tasks = new ArrayList<>();
            for (var body : requests) {
                tasks.add(() -> {
                    try (var reader = new StreamReader(tight.stream("/v1/completions", body))) {
                        return reader.readAll().tokenIds();
                    }
                });
            }
            var results = threads.invokeAll(tasks);
            for (int i = 0; i < requests.size(); i++) {
                assertThat(results.get(i).get()).as("stream %d", i).isEqualTo(plenty.get(i));
            }
            assertThat(tight.metric("vllm:num_preemptions_total"))
                    .as("preemptions happened")
                    .isPositive();
        }
    }
}
