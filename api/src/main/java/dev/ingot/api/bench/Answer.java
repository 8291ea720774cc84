package dev.ingot.api.bench;

import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// What became of one request, by the client's clock.
///
/// @param sentNanos when it was sent
/// @param eventNanos when each event with output came; empty if none did
/// @param promptTokens as the server counted
/// @param outputTokens as the server counted; the number of events where it did not
/// @param error empty if the stream ended as it should
record Answer(
        long sentNanos, List<Long> eventNanos, int promptTokens, int outputTokens, String error) {
    Answer {
        eventNanos = List.copyOf(eventNanos);
    }

    boolean succeeded() {
        return error.isEmpty() && !eventNanos.isEmpty();
    }

    /// Milliseconds to the first token.
    double ttftMillis() {
        return (eventNanos.getFirst() - sentNanos) * 1e-6;
    }

    /// Milliseconds between neighbouring events.
    DoubleStream interTokenMillis() {
        return IntStream.range(1, eventNanos.size())
                .mapToDouble(i -> (eventNanos.get(i) - eventNanos.get(i - 1)) * 1e-6);
    }

    /// Milliseconds per output token after the first; NaN where there is only one.
    double tpotMillis() {
        return outputTokens < 2
                ? Double.NaN
                : (endNanos() - eventNanos.getFirst()) * 1e-6 / (outputTokens - 1);
    }

    /// Seconds from the first token to the last.
    double streamSeconds() {
        return (endNanos() - eventNanos.getFirst()) * 1e-9;
    }

    /// Seconds from sending to the last token.
    double totalSeconds() {
        return (endNanos() - sentNanos) * 1e-9;
    }

    long endNanos() {
        return eventNanos.getLast();
    }
}
