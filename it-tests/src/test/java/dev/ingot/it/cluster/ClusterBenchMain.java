package dev.ingot.it.cluster;

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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `./ingot bench-cluster [routing|overhead]`: what routing by prefixes brings, and what a router costs.
public final class ClusterBenchMain {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ClusterBenchMain() {}

    /// Both unless one is named.
    public static void main(String[] arguments) {
        var wanted = arguments.length == 0 ? List.of("routing", "overhead") : List.of(arguments);
        if (wanted.contains("routing")) {
            routing();
        }
        if (wanted.contains("overhead")) {
            overhead();
        }
    }

    // ------------------------------------------------------------------ routing

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

    // ------------------------------------------------------------------ overhead

    private static final int TOKENS = 60;
    private static final int ROUNDS = 3; // Without and with a router in turn.

    private static void overhead() {
        System.out.println(
                "an engine that tells every stream a token each 50 ms; a token's way from the"
                        + " engine to the client, and a request's to its answer's head, in ms");
        try (var alone = NodeProcess.main("played-alone", PlayedServerMain.class.getName());
                var cluster = TestCluster.start(0, List.of());
                var node =
                        NodeProcess.main(
                                "played-node",
                                PlayedServerMain.class.getName(),
                                cluster.routerPlace())) {
            var aloneUrl =
                    alone.awaitLog("listens on (http:\\S+)").replace("http:/127", "http://127");
            cluster.awaitServing(1);
            if (!node.isAlive()) {
                throw new IllegalStateException(node.log());
            }
            try (var client = HttpClient.newHttpClient()) {
                for (int streams : new int[] {1, 16, 256}) {
                    measure(client, aloneUrl, streams); // The JVMs are warm then.
                    measure(client, cluster.url(), streams);
                }
                for (int streams : new int[] {1, 16, 256}) {
                    var without = new ArrayList<Ways>();
                    var with = new ArrayList<Ways>();
                    for (int round = 0; round < ROUNDS; round++) {
                        without.add(measure(client, aloneUrl, streams));
                        with.add(measure(client, cluster.url(), streams));
                    }
                    print(streams, Ways.together(without), Ways.together(with));
                }
            }
        }
    }

    private static void print(int streams, Ways alone, Ways routed) {
        System.out.printf(
                "%3d streams: token alone p50 %.2f p99 %.2f, with a router p50 %.2f p99 %.2f, added"
                        + " p50 %.2f p99 %.2f; request alone p50 %.2f, with a router p50 %.2f, added"
                        + " %.2f%n",
                streams,
                alone.token(0.5),
                alone.token(0.99),
                routed.token(0.5),
                routed.token(0.99),
                routed.token(0.5) - alone.token(0.5),
                routed.token(0.99) - alone.token(0.99),
                alone.request(0.5),
                routed.request(0.5),
                routed.request(0.5) - alone.request(0.5));
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Ways(long[] tokens, long[] requests) {
        static Ways together(List<Ways> rounds) {
            return new Ways(
                    rounds.stream()
                            .flatMapToLong(each -> Arrays.stream(each.tokens))
                            .sorted()
                            .toArray(),
                    rounds.stream()
                            .flatMapToLong(each -> Arrays.stream(each.requests))
                            .sorted()
                            .toArray());
        }

        double token(double share) {
            return quantile(tokens, share) * 1e-6;
        }

        double request(double share) {
            return quantile(requests, share) * 1e-6;
        }
    }

    private static Ways measure(HttpClient client, String url, int streams) {
        var tokens = new ConcurrentLinkedQueue<Long>();
        var heads = new ConcurrentLinkedQueue<Long>();
        var body =
                "{\"model\":\"ingot-small\",\"prompt\":[300,301,302],\"max_tokens\":"
                        + TOKENS
                        + ",\"ignore_eos\":true,\"stream\":true,\"return_token_ids\":true}";
        concurrently(
                streams,
                () -> {
                    long sent = System.nanoTime();
                    var head = new AtomicLong();
                    events(
                            client,
                            url,
                            body,
                            () -> head.compareAndSet(0, System.nanoTime() - sent),
                            event -> {
                                long now = System.nanoTime();
                                for (var id : event.path("choices").path(0).path("token_ids")) {
                                    tokens.add(age(id.intValue(), now));
                                }
                            });
                    heads.add(head.get());
                });
        return new Ways(
                tokens.stream().mapToLong(Long::longValue).sorted().toArray(),
                heads.stream().mapToLong(Long::longValue).sorted().toArray());
    }

    /// Nanoseconds since the engine told this token.
    private static long age(int token, long now) {
        long toldTick = (long) token - PlayedServerMain.FIRST_TOKEN;
        long nowTick = now / PlayedServerMain.TICK_NANOS;
        long ticks = Math.floorMod(nowTick - toldTick, PlayedServerMain.TICKS);
        return ticks * PlayedServerMain.TICK_NANOS;
    }

    // ------------------------------------------------------------------ both

    /// What to do with an event.
    private interface Hears {
        void event(JsonNode event);
    }

    private static void events(HttpClient client, String url, String body, Hears hears) {
        events(client, url, body, () -> {}, hears);
    }

    private static void events(
            HttpClient client, String url, String body, Runnable head, Hears hears) {
        var request =
                HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build();
        try {
            var response = client.send(request, BodyHandlers.ofInputStream());
            head.run();
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
