package dev.ingot.api.bench;

import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// What became of one request, by the client's clock.
///
/// @param sentNanos when it was sent
/// @param headNanos when the head of the answer came, be it a refusal
/// @param eventNanos when each event with output came; empty if none did
/// @param promptTokens as the server counted
/// @param outputTokens as the server counted; the number of events where it did not
/// @param status of HTTP; 0 where no answer came
/// @param error empty if the stream ended as it should
record Answer(
        long sentNanos,
        long headNanos,
        List<Long> eventNanos,
        int promptTokens,
        int outputTokens,
        int status,
        String error) {
    /// The error of a client that has seen enough.
    static final String LEFT = "the client left";

    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVICE_UNAVAILABLE = 503;

    Answer {
        eventNanos = List.copyOf(eventNanos);
    }

    boolean succeeded() {
        return error.isEmpty() && !eventNanos.isEmpty();
    }

    /// Whether the server said at once that it has no room now.
    boolean isRefused() {
        return status == TOO_MANY_REQUESTS || status == SERVICE_UNAVAILABLE;
    }

    /// Milliseconds to the head of the answer.
    double headMillis() {
        return (headNanos - sentNanos) * 1e-6;
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
