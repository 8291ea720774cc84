package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.Json;
import dev.ingot.scheduler.Output;
import java.util.List;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/// Server-sent events as OpenAI's clients read them: one JSON document per event, then `[DONE]`.
final class Sse {
    /// A comment: it keeps proxies and idle timers from taking a slow answer for a dead one.
    static final ByteString KEEP_ALIVE = ByteString.fromString(": keep-alive\n\n");

    private static final ByteString DATA = ByteString.fromString("data: ");
    private static final ByteString END = ByteString.fromString("\n\n");
    private static final ByteString DONE = ByteString.fromString("data: [DONE]\n\n");

    private Sse() {}

    /// The events of one output, all in one piece; empty where it has none.
    static ByteString events(Answer answer, Output output) {
        return switch (output) {
            case Output.Delta _, Output.ChoiceFinished _ -> events(answer.chunks(output));
            case Output.Completed _ -> events(answer.chunks(output)).concat(DONE);
            case Output.Broken(String message) -> error(ApiError.internal(message));
            case Output.TimedOut timedOut -> error(Timeouts.error(timedOut));
        };
    }

    /// An answer that cannot go on. No `[DONE]` follows: a cut answer must not look like a whole one.
    static ByteString error(ApiError error) {
        return events(List.of(error.body()));
    }

    private static ByteString events(List<? extends Object> documents) {
        if (documents.isEmpty()) {
            return ByteString.emptyByteString();
        }
        var events = new ByteStringBuilder();
        for (var document : documents) {
            events.append(DATA);
            events.append(ByteString.fromArrayUnsafe(Json.write(document)));
            events.append(END);
        }
        return events.result().compact();
    }
}
