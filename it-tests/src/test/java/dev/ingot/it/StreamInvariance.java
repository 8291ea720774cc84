package dev.ingot.it;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.PoisonPill;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import tools.jackson.databind.node.ObjectNode;

/// Real kernels under real schedules: the tokens of every stream of random workloads, computed alone, then among 32, with
/// prefix hits, under preemption and across a restart of the worker. `ingot check-streams` runs as many as wanted.
final class StreamInvariance implements AutoCloseable {
    /// Streams of one workload.
    static final int STREAMS = 8;

    /// Workloads that run at the same time.
    static final int TOGETHER = 4;

    private static final List<String> WORDS =
            List.of("the fox ", "a lamp ", "went home ", "and 12 ", "said: ", "over ", "snow. ");

    private final TestServer roomy = TestServer.start();

    /// Eight sequences of up to 200 positions where there are 256, in small blocks: they take blocks from each other.
    private final TestServer tight = TestServer.startTight(8, 256, 4);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private int restarts;

    /// What really happened to the streams.
    String describe() {
        return "%.0f preemptions, %.0f tokens of prefix hits, %d restarts, %.0f streams resumed"
                .formatted(preemptions(), hits(), restarts, resumed());
    }

    double preemptions() {
        return tight.metric("vllm:num_preemptions_total");
    }

    double hits() {
        return roomy.metric("vllm:prefix_cache_hits_total");
    }

    double resumed() {
        return roomy.metric("ingot:request_resubmissions_total");
    }

    /// Runs the workloads of [#TOGETHER] seeds in every way, and says which stream differs from what it is alone.
    List<String> run(long firstSeed) throws InterruptedException, ExecutionException {
        var requests = new ArrayList<ObjectNode>();
        for (long seed = firstSeed; seed < firstSeed + TOGETHER; seed++) {
            requests.addAll(workload(seed));
        }
        var expected = new ArrayList<List<Integer>>();
        for (int i = 0; i < requests.size(); i++) {
            var alone = requests.get(i).deepCopy();
            alone.put("cache_salt", firstSeed + "-" + i); // Nothing is found in the prefix cache.
            expected.add(read(roomy, alone));
        }
        var differences = new ArrayList<String>();
        compare("among 32", requests, expected, together(roomy, requests), differences);
        compare("with prefix hits", requests, expected, together(roomy, requests), differences);
        compare("preempted", requests, expected, together(tight, requests), differences);
        compare("across a restart", requests, expected, restarted(requests), differences);
        return differences;
    }

    private static void compare(
            String how,
            List<ObjectNode> requests,
            List<List<Integer>> expected,
            List<List<Integer>> actual,
            List<String> differences) {
        for (int i = 0; i < requests.size(); i++) {
            if (!expected.get(i).equals(actual.get(i))) {
                differences.add(
                        how
                                + ": "
                                + actual.get(i)
                                + ", alone: "
                                + expected.get(i)
                                + "\n"
                                + requests.get(i));
            }
        }
    }

    private static List<ObjectNode> workload(long seed) {
        var random = new Random(seed);
        var beginning = words(random, random.nextInt(60));
        var requests = new ArrayList<ObjectNode>();
        for (int i = 0; i < STREAMS; i++) {
            // Some say little and hear much: they outgrow what they were let in with, and take
            // blocks from each other.
            boolean grows = random.nextBoolean();
            var prompt =
                    grows
                            ? words(random, 1 + random.nextInt(4))
                            : (random.nextBoolean() ? beginning : "")
                                    + words(random, 1 + random.nextInt(40));
            int outputs = grows ? 24 + random.nextInt(24) : 4 + random.nextInt(28);
            var body = TestClient.completion(prompt, outputs);
            if (random.nextInt(3) > 0) {
                body.put("temperature", 0.5 + random.nextDouble());
                body.put("top_p", 0.7 + 0.3 * random.nextDouble());
                body.put("top_k", random.nextBoolean() ? 0 : 40);
                body.put("min_p", random.nextBoolean() ? 0 : 0.02);
                body.put("seed", random.nextLong());
            }
            body.put("repetition_penalty", random.nextBoolean() ? 1.0 : 1.2);
            body.put("presence_penalty", random.nextBoolean() ? 0.0 : 0.4);
            body.put("ignore_eos", random.nextBoolean());
            body.put("stream", true);
            requests.add(body);
        }
        return requests;
    }

    private static String words(Random random, int count) {
        var text = new StringBuilder("Once ");
        for (int i = 0; i < count; i++) {
            text.append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return text.toString();
    }

    private static List<Integer> read(TestServer server, ObjectNode body) {
        try (var reader = new StreamReader(server.stream("/v1/completions", body))) {
            return List.copyOf(reader.readAll().tokenIds());
        }
    }

    private List<List<Integer>> together(TestServer server, List<ObjectNode> requests)
            throws InterruptedException, ExecutionException {
        List<Callable<List<Integer>>> tasks = new ArrayList<>();
        requests.forEach(body -> tasks.add(() -> read(server, body)));
        var results = new ArrayList<List<Integer>>();
        for (var future : threads.invokeAll(tasks)) {
            results.add(future.get());
        }
        return results;
    }

    /// The worker is killed as soon as every stream has begun.
    private List<List<Integer>> restarted(List<ObjectNode> requests)
            throws InterruptedException, ExecutionException {
        var begun = new CountDownLatch(requests.size() / 2);
        List<Callable<List<Integer>>> tasks = new ArrayList<>();
        for (var body : requests) {
            tasks.add(() -> {
                try (var reader = new StreamReader(roomy.stream("/v1/completions", body))) {
                    reader.next();
                    begun.countDown();
                    return List.copyOf(reader.readAll().tokenIds());
                }
            });
        }
        var futures = tasks.stream().map(threads::submit).toList();
        if (!begun.await(120, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the streams do not begin");
        }
        Adapter.toClassic(roomy.node().system())
                .actorSelection("/user/engine/worker-*")
                .tell(PoisonPill.getInstance(), org.apache.pekko.actor.ActorRef.noSender());
        restarts++;
        var results = new ArrayList<List<Integer>>();
        for (var future : futures) {
            results.add(future.get());
        }
        org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() ->
                        roomy.metric("ingot:engine_restarts_total") == restarts
                                && roomy.get("/ready").contains("READY"));
        return results;
    }

    @Override
    public void close() {
        threads.close();
        roomy.close();
        tight.close();
    }
}
