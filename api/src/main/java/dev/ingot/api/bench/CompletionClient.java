package dev.ingot.api.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Talks to any OpenAI-compatible server; may be used by many threads at once.
final class CompletionClient implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration TIMEOUT = Duration.ofMinutes(10);
    private static final String DATA = "data:";
    private static final String DONE = "[DONE]";
    private static final int OK = 200;

    private final LoadSettings settings;
    private final PromptSampler prompts;
    private final HttpClient http;

    CompletionClient(LoadSettings settings) {
        this.settings = settings;
        prompts =
                new PromptSampler(
                        settings.promptTokens(), settings.sharedPrefix(), settings.seed());
        http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .executor(Executors.newVirtualThreadPerTaskExecutor())
                        .build();
    }

    /// The first model that a server serves.
    static String firstModel(URI server) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(server.resolve("/v1/models")).build();
            var response = client.send(request, BodyHandlers.ofString());
            var name = JSON.readTree(response.body()).path("data").path(0).path("id").asString("");
            if (name.isEmpty()) {
                throw new IOException(server + " names no model: give --model");
            }
            return name;
        } catch (JacksonException e) {
            throw new IOException(server + "/v1/models answered with no JSON", e);
        }
    }

    /// The body of the request for the n-th prompt of a variant.
    String body(long index, long variant, int outputTokens) {
        var body = new TreeMap<String, Object>();
        body.put("model", settings.model());
        body.put(
                "prompt",
                settings.asText() ? prompts.text(index, variant) : prompts.ids(index, variant));
        body.put("max_tokens", outputTokens);
        body.put("ignore_eos", true);
        body.put("temperature", 0);
        body.put("stream", true);
        body.put("stream_options", Map.of("include_usage", true));
        return JSON.writeValueAsString(body);
    }

    /// Sends the n-th prompt of a variant and reads the answer to its end.
    Answer complete(long index, long variant) throws InterruptedException {
        var request =
                HttpRequest.newBuilder(settings.server().resolve("/v1/completions"))
                        .header("Content-Type", "application/json")
                        .timeout(TIMEOUT)
                        .POST(
                                BodyPublishers.ofString(
                                        body(index, variant, settings.outputTokens())))
                        .build();
        var reading = new Reading(System.nanoTime());
        try {
            var response = http.send(request, BodyHandlers.ofInputStream());
            try (var stream = response.body()) {
                if (response.statusCode() != OK) {
                    return reading.failed(
                            response.statusCode()
                                    + " "
                                    + new String(stream.readNBytes(200), StandardCharsets.UTF_8));
                }
                return reading.read(stream);
            }
        } catch (IOException | JacksonException e) {
            return reading.failed(String.valueOf(e));
        }
    }

    /// A stream of server-sent events, timed as it comes.
    static final class Reading {
        private final long sentNanos;
        private final List<Long> eventNanos = new ArrayList<>();
        private int promptTokens;
        private int outputTokens;
        private String error = "the stream ended without [DONE]";

        Reading(long sentNanos) {
            this.sentNanos = sentNanos;
        }

        Answer read(InputStream stream) throws IOException {
            var lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.startsWith(DATA)) {
                    var data = line.substring(DATA.length()).strip();
                    if (data.equals(DONE)) {
                        error = "";
                        break;
                    }
                    take(JSON.readTree(data), System.nanoTime());
                }
            }
            return answer();
        }

        private void take(JsonNode event, long nanos) throws IOException {
            if (event.has("error")) {
                throw new IOException(event.path("error").toString());
            }
            if (!event.path("choices").path(0).path("text").asString("").isEmpty()) {
                eventNanos.add(nanos);
            }
            var usage = event.path("usage");
            promptTokens = usage.path("prompt_tokens").asInt(promptTokens);
            outputTokens = usage.path("completion_tokens").asInt(outputTokens);
        }

        Answer failed(String reason) {
            error = reason;
            return answer();
        }

        private Answer answer() {
            return new Answer(
                    sentNanos,
                    eventNanos,
                    promptTokens,
                    Math.max(outputTokens, eventNanos.size()),
                    error);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
