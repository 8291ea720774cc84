package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.Chat;
import dev.ingot.engine.text.SpokenPart;
import dev.ingot.engine.text.ToolCallParser;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One choice of a chat: tells calls of tools from words, where tools were given.
final class ChatChoice {
    private final int index;
    private final boolean parallelCalls;
    private final @Nullable ToolCallParser parser;
    private boolean begun;

    /// A choice of which nothing was heard yet.
    ///
    /// @param request its number makes the ids of calls unique
    /// @param tools whether the model was told of any
    ChatChoice(long request, int index, boolean tools, boolean parallelCalls) {
        this.index = index;
        this.parallelCalls = parallelCalls;
        parser =
                tools
                        ? new ToolCallParser(
                                call -> "call_%016x%02x%02x".formatted(request, index, call))
                        : null;
    }

    int index() {
        return index;
    }

    /// Whether this is the first that is heard of the choice.
    boolean begin() {
        boolean first = !begun;
        begun = true;
        return first;
    }

    /// Whether any tool was called so far.
    boolean hasCalled() {
        return parser != null && parser.callCount() > 0;
    }

    /// Takes more text and gives what is certain.
    List<SpokenPart> read(String text) {
        if (parser != null) {
            return wanted(parser.add(text));
        }
        return text.isEmpty() ? List.of() : List.of(new SpokenPart.Content(text));
    }

    /// What was held back: no more text comes.
    List<SpokenPart> finish() {
        return parser == null ? List.of() : wanted(parser.finish());
    }

    /// A client that wants one call at a time gets the first.
    private List<SpokenPart> wanted(List<SpokenPart> parts) {
        if (parallelCalls) {
            return parts;
        }
        return parts.stream()
                .filter(part -> !(part instanceof SpokenPart.ToolCall call && call.index() > 0))
                .toList();
    }

    /// The parts as a stream tells them: of a call first who is called, then with what, since that is what clients
    /// put together.
    static List<Chat.Delta> deltas(List<SpokenPart> parts) {
        var deltas = new ArrayList<Chat.Delta>();
        for (var part : parts) {
            switch (part) {
                case SpokenPart.Content(String text) ->
                        deltas.add(new Chat.Delta(null, text, List.of()));
                case SpokenPart.ToolCall(int call, String id, String name, String arguments) -> {
                    deltas.add(
                            delta(
                                    new Chat.ToolCallDelta(
                                            call,
                                            id,
                                            "function",
                                            new Chat.FunctionDelta(name, ""))));
                    deltas.add(
                            delta(
                                    new Chat.ToolCallDelta(
                                            call,
                                            null,
                                            null,
                                            new Chat.FunctionDelta(null, arguments))));
                }
            }
        }
        return deltas;
    }

    private static Chat.Delta delta(Chat.ToolCallDelta call) {
        return new Chat.Delta(null, null, List.of(call));
    }

    /// All parts of a choice as one message.
    static Chat.Message message(List<SpokenPart> parts) {
        var words = new StringBuilder();
        var calls = new ArrayList<Chat.ToolCall>();
        for (var part : parts) {
            switch (part) {
                case SpokenPart.Content(String text) -> words.append(text);
                case SpokenPart.ToolCall(int _, String id, String name, String arguments) ->
                        calls.add(
                                new Chat.ToolCall(
                                        id, "function", new Chat.Function(name, arguments)));
            }
        }
        String content = words.isEmpty() && !calls.isEmpty() ? null : words.toString();
        return new Chat.Message("assistant", content, null, calls);
    }
}
