package dev.ingot.it.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Everything that one client was told by a stream.
final class Told {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final TreeMap<Integer, Choice> choices = new TreeMap<>();
    private String usage = "";
    private String continuity = "exact";
    private String error = "";
    private boolean done;
    private final List<Long> heardNanos = new ArrayList<>();

    private static final class Choice {
        private final List<Integer> tokens = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private final List<String> logprobs = new ArrayList<>();
        private String end = "";

        @Override
        public String toString() {
            return tokens + " '" + text + "' " + logprobs + " " + end;
        }
    }

    /// Reads to the end.
    ///
    /// @param progress counts tokens of all clients
    /// @param heard when this one heard something last; at the end, for ever
    static Told read(InputStream body, AtomicLong progress, AtomicLong heard) {
        var told = new Told();
        try (var lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
            told.heardNanos.add(System.nanoTime());
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.equals("data: [DONE]")) {
                    told.done = true;
                } else if (line.startsWith("data: ")) {
                    long now = System.nanoTime();
                    told.heardNanos.add(now);
                    heard.set(now);
                    told.take(JSON.readTree(line.substring(6)), progress);
                }
            }
        } catch (IOException e) {
            told.error = e.toString();
        }
        return told;
    }

    /// From the lines of whole events.
    static Told of(List<String> events) {
        var told = new Told();
        var progress = new AtomicLong();
        events.forEach(line -> told.take(JSON.readTree(line.substring(6)), progress));
        told.done = true;
        return told;
    }

    static Told failed(String error) {
        var told = new Told();
        told.error = error;
        return told;
    }

    private void take(JsonNode event, AtomicLong progress) {
        if (event.has("error")) {
            error = event.toString();
        }
        for (var each : event.path("choices")) {
            var choice = choices.computeIfAbsent(each.path("index").intValue(), _ -> new Choice());
            for (var id : each.path("token_ids")) {
                choice.tokens.add(id.intValue());
                progress.incrementAndGet();
            }
            choice.text.append(each.path("text").asString(""));
            for (var logprob : each.path("logprobs").path("token_logprobs")) {
                choice.logprobs.add(logprob.toString());
            }
            String end = each.path("finish_reason").asString("");
            if (!end.isEmpty()) {
                choice.end = end + " " + each.path("stop_reason");
            }
        }
        var used = event.path("usage");
        if (used.isObject()) {
            usage = used.path("prompt_tokens") + "+" + used.path("completion_tokens");
            continuity = used.path("continuity").asString(continuity);
        }
    }

    /// What must be the same whatever happened.
    String answer() {
        return choices + " " + usage + (done ? " done" : " cut") + error;
    }

    String continuity() {
        return continuity;
    }

    boolean isDone() {
        return done && error.isEmpty();
    }

    String error() {
        return error;
    }

    long longestGapMillis() {
        return gapMillis(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /// The longest time without an event of those that fall together with a span of time.
    long gapMillis(long fromNanos, long toNanos) {
        long longest = 0;
        for (int i = 1; i < heardNanos.size(); i++) {
            long begin = heardNanos.get(i - 1);
            long end = heardNanos.get(i);
            if (begin < toNanos && end > fromNanos) {
                longest = Math.max(longest, end - begin);
            }
        }
        return TimeUnit.NANOSECONDS.toMillis(longest);
    }
}
