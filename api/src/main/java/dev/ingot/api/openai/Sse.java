package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.Json;
import dev.ingot.scheduler.Output;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/// Server-sent events as OpenAI's clients read them: one JSON document per event, then `[DONE]`.
final class Sse {
    /// A comment: it keeps proxies and idle timers from taking a slow answer for a dead one.
    static final ByteString KEEP_ALIVE = ByteString.fromString(": keep-alive\n\n");

    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final ByteString DONE = ByteString.fromString("data: [DONE]\n\n");

    private Sse() {}

    /// The events of one output, all in one piece; empty where it has none.
    static ByteString events(Answer answer, Output output) {
        var events = each(answer, output);
        if (events.size() == 1) {
            return events.getFirst(); // Nearly always: a token's.
        }
        var all = new ByteStringBuilder();
        for (var event : events) {
            all.append(event);
        }
        return all.result().compact();
    }

    /// The events of one output, one by one.
    static List<ByteString> each(Answer answer, Output output) {
        return switch (output) {
            case Output.Delta _, Output.ChoiceFinished _ -> each(answer.chunks(output));
            case Output.Completed _ -> {
                var events = new ArrayList<>(each(answer.chunks(output)));
                events.add(DONE);
                yield events;
            }
            case Output.Broken(String message) -> List.of(error(ApiError.internal(message)));
            case Output.TimedOut timedOut -> List.of(error(Timeouts.error(timedOut)));
        };
    }

    /// An answer that cannot go on. No `[DONE]` follows: a cut answer must not look like a whole one.
    static ByteString error(ApiError error) {
        return event(error.body());
    }

    private static List<ByteString> each(List<? extends Object> documents) {
        var events = new ArrayList<ByteString>(documents.size());
        for (var document : documents) {
            events.add(event(document));
        }
        return events;
    }

    private static ByteString event(Object document) {
        byte[] json = Json.write(document);
        byte[] event = Arrays.copyOf(DATA, DATA.length + json.length + END.length);
        System.arraycopy(json, 0, event, DATA.length, json.length);
        System.arraycopy(END, 0, event, DATA.length + json.length, END.length);
        return ByteString.fromArrayUnsafe(event);
    }
}
