package dev.ingot.engine.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// What was understood and not yet given away; neighbouring words are one part, and neighbouring thoughts.
final class SpokenParts {
    private final IntFunction<String> idOfCall;
    private final List<SpokenPart> parts = new ArrayList<>();
    private final StringBuilder words = new StringBuilder();
    private boolean thinking;
    private int calls;

    /// @param idOfCall the id of the nth call, counted from 0; unique beyond this output
    SpokenParts(IntFunction<String> idOfCall) {
        this.idOfCall = idOfCall;
    }

    void words(CharSequence text) {
        say(text, false);
    }

    void thoughts(CharSequence text) {
        say(text, true);
    }

    void call(CallText call) {
        flush();
        parts.add(
                new SpokenPart.ToolCall(
                        calls, idOfCall.apply(calls), call.name(), call.arguments()));
        calls++;
    }

    /// All of it; then there is nothing.
    List<SpokenPart> take() {
        flush();
        var taken = List.copyOf(parts);
        parts.clear();
        return taken;
    }

    private void say(CharSequence text, boolean thought) {
        if (thinking != thought) {
            flush();
            thinking = thought;
        }
        words.append(text);
    }

    private void flush() {
        if (!words.isEmpty()) {
            var text = words.toString();
            parts.add(thinking ? new SpokenPart.Reasoning(text) : new SpokenPart.Content(text));
            words.setLength(0);
        }
    }
}
