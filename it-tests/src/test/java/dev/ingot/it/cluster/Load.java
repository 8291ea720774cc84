package dev.ingot.it.cluster;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Streams of every kind at once: greedy, sampled, with penalties, log probabilities, stop strings, and of several choices.
final class Load implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final String url;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client = HttpClient.newHttpClient();
    private final AtomicLong progress = new AtomicLong();
    private List<AtomicLong> heard = List.of();
    private int runs;

    Load(String url) {
        this.url = url;
    }

    /// @param salt requests of another one share no cached prefix with it, and say the same
    static ObjectNode request(int i, int maxTokens, int salt) {
        var body = JSON.createObjectNode();
        body.put("model", "ingot-small");
        body.put("prompt", "Once upon a time there was a fox number " + i + ", who");
        body.put("max_tokens", maxTokens);
        body.put("temperature", i % 2 == 0 ? 0 : 0.9);
        body.put("seed", 1000 + i);
        body.put("cache_salt", "run " + salt);
        body.put("stream", true);
        body.put("return_token_ids", true);
        body.putObject("stream_options").put("include_usage", true);
        switch (i % 8) {
            case 1 -> body.put("presence_penalty", 0.7).put("frequency_penalty", 0.3);
            case 2 -> body.put("logprobs", 2);
            case 3 -> body.put("top_p", 0.9).put("top_k", 40).put("logprobs", 1);
            case 4 -> body.put("repetition_penalty", 1.3);
            case 5 -> body.put("n", 2);
            case 6 -> body.putArray("stop").add("forest").add("the end");
            default -> {}
        }
        body.put("ignore_eos", i % 8 != 6);
        return body;
    }

    /// Starts this many streams; none finds anything of the ones before in a cache, which would draw it to their node.
    List<Future<Told>> start(int streams, int maxTokens) {
        progress.set(0);
        runs++;
        var told = new ArrayList<Future<Told>>();
        heard = Stream.generate(AtomicLong::new).limit(streams).toList();
        for (int i = 0; i < streams; i++) {
            var body = request(i, maxTokens, runs);
            var last = heard.get(i);
            told.add(threads.submit(() -> read(body, last)));
        }
        return told;
    }

    /// Whether each stream has heard something since then, or has ended.
    boolean allHeardSince(long nanos) {
        return heard.stream().allMatch(last -> last.get() > nanos);
    }

    private Told read(ObjectNode body, AtomicLong last) throws InterruptedException {
        try {
            return told(body, last);
        } finally {
            last.set(Long.MAX_VALUE);
        }
    }

    private Told told(ObjectNode body, AtomicLong last) throws InterruptedException {
        try {
            var response =
                    client.send(
                            HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                                    .header("Content-Type", "application/json")
                                    .POST(BodyPublishers.ofString(body.toString()))
                                    .build(),
                            BodyHandlers.ofInputStream());
            if (response.statusCode() != 200) {
                return Told.failed(
                        response.statusCode()
                                + " "
                                + new String(
                                        response.body().readAllBytes(), StandardCharsets.UTF_8));
            }
            return Told.read(response.body(), progress, last);
        } catch (IOException e) {
            return Told.failed(e.toString());
        }
    }

    /// Tokens that came since [#start].
    long tokens() {
        return progress.get();
    }

    static List<Told> await(List<Future<Told>> streams) {
        var told = new ArrayList<Told>();
        for (var stream : streams) {
            try {
                told.add(stream.get());
            } catch (InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        return told;
    }

    static List<String> answers(List<Told> told) {
        return told.stream().map(Told::answer).toList();
    }

    @Override
    public void close() {
        threads.shutdownNow();
        client.close();
    }
}
