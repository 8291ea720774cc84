package dev.ingot.api.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Talks to any OpenAI-compatible server; may be used by many threads at once, each waiting for its own answer.
final class CompletionClient {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration TIMEOUT = Duration.ofMinutes(10);
    private static final String DATA = "data:";
    private static final String DONE = "[DONE]";
    private static final int OK = 200;

    private final LoadSettings settings;
    private final PromptSampler prompts;
    private final URI completions;
    private final Connections connections;

    CompletionClient(LoadSettings settings) {
        this.settings = settings;
        completions = settings.server().resolve("/v1/completions");
        connections = new Connections(completions);
        prompts =
                new PromptSampler(
                        settings.promptTokens(), settings.sharedPrefix(), settings.seed());
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
    Answer complete(long index, long variant) {
        return complete(index, variant, () -> true);
    }

    /// Sends the n-th prompt of a variant and reads the answer for as long as `watch` wants it.
    Answer complete(long index, long variant, Watch watch) {
        var body = body(index, variant, settings.outputTokens());
        var reading = new Reading(System.nanoTime(), watch);
        try (var answer = HttpAnswer.post(connections, completions, body, TIMEOUT)) {
            reading.begun(answer.status(), System.nanoTime());
            if (answer.status() != OK) {
                return reading.failed(
                        answer.status()
                                + " "
                                + new String(
                                        answer.body().readNBytes(200), StandardCharsets.UTF_8));
            }
            return reading.read(answer.body());
        } catch (IOException | JacksonException e) {
            return reading.failed(String.valueOf(e));
        }
    }

    /// Sees the events of a stream as they come.
    interface Watch {
        /// One more has come.
        ///
        /// @return whether to read on; the client leaves where not
        boolean event();
    }

    /// A stream of server-sent events, timed as it comes. They are parsed only when the last one is there: what a client
    /// computes in between, it takes from the server.
    static final class Reading {
        private final long sentNanos;
        private final Watch watch;
        private final List<Long> arrivals = new ArrayList<>();
        private final List<String> documents = new ArrayList<>();
        private final List<Long> eventNanos = new ArrayList<>();
        private int promptTokens;
        private int outputTokens;
        private int status;
        private long headNanos;
        private String error = "the stream ended without [DONE]";

        Reading(long sentNanos, Watch watch) {
            this.sentNanos = sentNanos;
            this.watch = watch;
            headNanos = sentNanos;
        }

        /// The head of the answer has come.
        void begun(int code, long nanos) {
            status = code;
            headNanos = nanos;
        }

        Answer read(InputStream stream) throws IOException {
            var lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
            String line;
            while ((line = lines.readLine()) != null) {
                if (!line.startsWith(DATA)) {
                    continue;
                }
                var data = line.substring(DATA.length()).strip();
                if (data.equals(DONE)) {
                    error = "";
                    while (lines.readLine() != null) {
                        // To its end, so that the connection can be used again.
                    }
                    break;
                }
                arrivals.add(System.nanoTime());
                documents.add(data);
                if (!watch.event()) {
                    error = Answer.LEFT;
                    break;
                }
            }
            for (int i = 0; i < documents.size(); i++) {
                take(JSON.readTree(documents.get(i)), arrivals.get(i));
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
                    headNanos,
                    eventNanos,
                    promptTokens,
                    Math.max(outputTokens, eventNanos.size()),
                    status,
                    error);
        }
    }
}
