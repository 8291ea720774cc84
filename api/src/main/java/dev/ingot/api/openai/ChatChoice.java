package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.Chat;
import dev.ingot.engine.text.OutputParser;
import dev.ingot.engine.text.SpokenPart;
import java.util.ArrayList;
import java.util.List;

/// One choice of a chat: thoughts, words and calls of tools.
final class ChatChoice {
    private final int index;
    private final OutputParser parser;
    private final boolean parallelCalls;
    private final boolean tellsReasoning;
    private boolean begun;
    private boolean called;

    /// A choice of which nothing was heard yet.
    ///
    /// @param parallelCalls whether more than one call is told
    /// @param tellsReasoning whether thoughts are told
    ChatChoice(int index, OutputParser parser, boolean parallelCalls, boolean tellsReasoning) {
        this.index = index;
        this.parser = parser;
        this.parallelCalls = parallelCalls;
        this.tellsReasoning = tellsReasoning;
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
        return called;
    }

    /// Takes more text and gives what is certain.
    List<SpokenPart> read(String text) {
        return wanted(parser.add(text));
    }

    /// What was held back: no more text comes.
    List<SpokenPart> finish() {
        return wanted(parser.finish());
    }

    /// A client that wants one call at a time gets the first.
    private List<SpokenPart> wanted(List<SpokenPart> parts) {
        called |= parts.stream().anyMatch(SpokenPart.ToolCall.class::isInstance);
        return parts.stream()
                .filter(part ->
                        switch (part) {
                            case SpokenPart.Content _ -> true;
                            case SpokenPart.Reasoning _ -> tellsReasoning;
                            case SpokenPart.ToolCall call -> parallelCalls || call.index() == 0;
                        })
                .toList();
    }

    /// The parts as a stream tells them: of a call first who is called, then with what, since that is what clients
    /// put together.
    static List<Chat.Delta> deltas(List<SpokenPart> parts) {
        var deltas = new ArrayList<Chat.Delta>();
        for (var part : parts) {
            switch (part) {
                case SpokenPart.Content(String text) ->
                        deltas.add(new Chat.Delta(null, text, null, List.of()));
                case SpokenPart.Reasoning(String text) ->
                        deltas.add(new Chat.Delta(null, null, text, List.of()));
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
        return new Chat.Delta(null, null, null, List.of(call));
    }

    /// All parts of a choice as one message.
    static Chat.Message message(List<SpokenPart> parts) {
        var words = new StringBuilder();
        var thoughts = new StringBuilder();
        var calls = new ArrayList<Chat.ToolCall>();
        for (var part : parts) {
            switch (part) {
                case SpokenPart.Content(String text) -> words.append(text);
                case SpokenPart.Reasoning(String text) -> thoughts.append(text);
                case SpokenPart.ToolCall(int _, String id, String name, String arguments) ->
                        calls.add(
                                new Chat.ToolCall(
                                        id, "function", new Chat.Function(name, arguments)));
            }
        }
        boolean silent = words.isEmpty() && !(calls.isEmpty() && thoughts.isEmpty());
        return new Chat.Message(
                "assistant",
                silent ? null : words.toString(),
                null,
                thoughts.isEmpty() ? null : thoughts.toString(),
                calls);
    }
}
