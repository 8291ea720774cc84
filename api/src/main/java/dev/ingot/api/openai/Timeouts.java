package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.scheduler.Output;

/// What a client is told whose time was up.
final class Timeouts {
    private Timeouts() {}

    static ApiError error(Output.TimedOut timedOut) {
        return timedOut.inQueue()
                ? ApiError.queueTimeout(timedOut.message(), timedOut.retryAfter())
                : ApiError.deadlineExceeded(timedOut.message());
    }
}
