package dev.ingot.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Reads a server-sent-event stream of completions, one event at a time.
final class StreamReader implements AutoCloseable {
    private final BufferedReader lines;
    private final List<Integer> tokenIds = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private String finishReason = "";
    private boolean done;

    StreamReader(InputStream body) {
        lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8), 256);
    }

    /// The next event; empty after `[DONE]` or at the end.
    Optional<JsonNode> next() {
        try {
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.equals("data: [DONE]")) {
                    done = true;
                    requireEnd();
                    return Optional.empty();
                }
                if (line.startsWith("data: ")) {
                    var event = TestServer.JSON.readTree(line.substring("data: ".length()));
                    take(event);
                    return Optional.of(event);
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Nothing follows `[DONE]`. The end has to be read: a body that is closed before takes its connection with it, also
    /// from whoever the client has lent it to by then.
    private void requireEnd() throws IOException {
        String line;
        while ((line = lines.readLine()) != null) {
            if (!line.isEmpty()) {
                throw new IllegalStateException("after [DONE] came " + line);
            }
        }
    }

    private void take(JsonNode event) {
        if (event.has("error")) {
            throw new IllegalStateException(event.toString());
        }
        for (var choice : event.path("choices")) {
            tokenIds.addAll(TestServer.tokenIds(choice));
            text.append(choice.path("text").asString(""));
            text.append(choice.path("delta").path("content").asString(""));
            finishReason = choice.path("finish_reason").asString(finishReason);
        }
    }

    StreamReader readAll() {
        while (next().isPresent()) {}
        return this;
    }

    List<Integer> tokenIds() {
        return tokenIds;
    }

    String text() {
        return text.toString();
    }

    String finishReason() {
        return finishReason;
    }

    boolean isDone() {
        return done;
    }

    @Override
    public void close() {
        try {
            lines.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
