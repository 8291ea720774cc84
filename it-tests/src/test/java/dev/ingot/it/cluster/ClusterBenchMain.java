package dev.ingot.it.cluster;

import dev.ingot.api.console.ConsoleCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `./ingot bench-cluster`: what routing by prefixes brings, and what a router costs.
@Command(
        name = "ingot bench-cluster",
        description = {
            "Measure what routing by prefixes brings, and what a router costs.",
            "The overhead is measured with a played engine, which computes nothing, and beside the"
                    + " built-in model."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
public final class ClusterBenchMain extends ConsoleCommand {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// What can be measured, as the command line writes it.
    private enum Subject {
        ROUTING("routing"),
        OVERHEAD("overhead"),
        OVERHEAD_BESIDE_COMPUTE("overhead-beside-compute");

        private final String text;

        Subject(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    @Parameters(
            paramLabel = "SUBJECT",
            arity = "0..*",
            description = "any of ${COMPLETION-CANDIDATES}; all unless some are named")
    private List<Subject> subjects = List.of(Subject.values());

    @Option(
            names = "--streams",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,16,256",
            description =
                    "at the same time, where the overhead is measured; default ${DEFAULT-VALUE}")
    private List<Integer> streams = List.of();

    /// Exits with 0 when all is measured, 2 when the command line is wrong.
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new ClusterBenchMain()).execute(arguments));
    }

    @Override
    public Integer call() {
        check(
                streams.stream().allMatch(each -> each >= 1),
                "--streams is " + streams + ", expected numbers of 1 or more");
        var levels = streams.stream().sorted().toList();
        for (var subject : subjects) {
            switch (subject) {
                case ROUTING -> routing();
                case OVERHEAD -> RouterOverhead.played(levels);
                case OVERHEAD_BESIDE_COMPUTE -> RouterOverhead.real(levels);
            }
        }
        return 0;
    }

    private static final int GROUPS = 12;
    private static final int PREFIX_TOKENS = 384;
    private static final int OWN_TOKENS = 16;
    private static final int REQUESTS = 120;
    private static final int CLIENTS = 6;
    private static final int OUTPUT_TOKENS = 8;

    /// Each engine's cache holds two thirds of all shared prefixes.
    private static final int KV_BYTES = 16 << 20;

    private static void routing() {
        System.out.printf(
                "%d requests of %d clients, prompts of %d shared and %d own tokens in %d groups, %d"
                        + " output tokens; two engine nodes, %d MiB of KV cache each%n",
                REQUESTS,
                CLIENTS,
                PREFIX_TOKENS,
                OWN_TOKENS,
                GROUPS,
                OUTPUT_TOKENS,
                KV_BYTES >> 20);
        for (var policy : List.of("round-robin", "prefix")) {
            try (var cluster =
                            TestCluster.start(
                                    2,
                                    List.of("--routing", policy),
                                    List.of("--kv-cache-memory-bytes", "" + KV_BYTES));
                    var client = HttpClient.newHttpClient()) {
                run(cluster, client, new Random(0), 2 * CLIENTS); // Both engines are warm.
                var random = new Random(1);
                long begin = System.nanoTime();
                var answers = run(cluster, client, random, REQUESTS);
                double seconds = (System.nanoTime() - begin) * 1e-9;
                double hits =
                        (double) answers.stream().mapToLong(Timed::cached).sum()
                                / answers.stream().mapToLong(Timed::prompt).sum();
                var first = answers.stream().mapToLong(Timed::firstNanos).sorted().toArray();
                System.out.printf(
                        "%-12s hit rate %4.1f %%, TTFT mean %6.1f p50 %6.1f p99 %6.1f ms, %5.1f"
                                + " requests/s%n",
                        policy,
                        100 * hits,
                        Arrays.stream(first).average().orElse(0) * 1e-6,
                        quantile(first, 0.5) * 1e-6,
                        quantile(first, 0.99) * 1e-6,
                        answers.size() / seconds);
            }
        }
    }

    private record Timed(long firstNanos, long prompt, long cached) {}

    private static List<Timed> run(
            TestCluster cluster, HttpClient client, Random random, int requests) {
        var prompts = new ArrayList<String>();
        for (int i = 0; i < requests; i++) {
            var group = new Random(random.nextInt(GROUPS));
            var prompt = new ArrayList<Integer>();
            for (int t = 0; t < PREFIX_TOKENS + OWN_TOKENS; t++) {
                prompt.add(300 + (t < PREFIX_TOKENS ? group : random).nextInt(3000));
            }
            prompts.add(
                    "{\"model\":\"ingot-small\",\"prompt\":"
                            + prompt
                            + ",\"max_tokens\":"
                            + OUTPUT_TOKENS
                            + ",\"ignore_eos\":true,\"temperature\":0,\"stream\":true,\"return_token_ids\":true,"
                            + "\"stream_options\":{\"include_usage\":true}}");
        }
        var next = new AtomicInteger();
        var answers = new ConcurrentLinkedQueue<Timed>();
        concurrently(
                CLIENTS,
                () -> {
                    for (int i = next.getAndIncrement(); i < requests; i = next.getAndIncrement()) {
                        answers.add(ask(client, cluster.url(), prompts.get(i)));
                    }
                });
        return List.copyOf(answers);
    }

    private static Timed ask(HttpClient client, String url, String body) {
        long sent = System.nanoTime();
        var first = new AtomicLong();
        var usage = new JsonNode[1];
        events(
                client,
                url,
                body,
                event -> {
                    first.compareAndSet(0, System.nanoTime() - sent);
                    if (event.path("usage").isObject()) {
                        usage[0] = event.path("usage");
                    }
                });
        return new Timed(
                first.get(),
                usage[0].path("prompt_tokens").asLong(),
                usage[0].path("prompt_tokens_details").path("cached_tokens").asLong(0));
    }

    /// What to do with an event.
    private interface Hears {
        void event(JsonNode event);
    }

    private static void events(HttpClient client, String url, String body, Hears hears) {
        var request =
                HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build();
        try {
            var response = client.send(request, BodyHandlers.ofInputStream());
            try (var lines =
                    new BufferedReader(
                            new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                if (response.statusCode() != 200) {
                    throw new IllegalStateException(lines.readLine());
                }
                String line;
                while ((line = lines.readLine()) != null && !line.equals("data: [DONE]")) {
                    if (line.startsWith("data: ")) {
                        hears.event(JSON.readTree(line.substring(6)));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void concurrently(int count, Runnable client) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each :
                    threads.invokeAll(Collections.nCopies(count, Executors.callable(client)))) {
                each.get();
            }
        } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double quantile(long[] sorted, double share) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    }
}
