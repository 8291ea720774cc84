package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.Chat;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One choice of a chat: tells calls of tools from words, where tools were given.
final class ChatChoice {
    private final long request;
    private final int index;
    private final boolean parallelCalls;
    private boolean begun;
    private boolean called;

    /// A choice of which nothing was heard yet.
    ///
    /// @param request its number makes the ids of calls unique
    ChatChoice(long request, int index, boolean parallelCalls) {
        this.request = request;
        this.index = index;
        this.parallelCalls = parallelCalls;
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

    /// Takes more text.
    List<ChatPiece> read(String text) {
        return text.isEmpty() ? List.of() : List.of(new ChatPiece.Words(text));
    }

    /// What was held back: no more text comes.
    List<ChatPiece> finish() {
        return List.of();
    }

    /// The pieces as a stream tells them.
    List<Chat.Delta> deltas(List<ChatPiece> pieces) {
        var deltas = new ArrayList<Chat.Delta>();
        for (var piece : pieces) {
            if (isDropped(piece)) {
                continue;
            }
            deltas.add(
                    switch (piece) {
                        case ChatPiece.Words(String text) -> new Chat.Delta(null, text, List.of());
                        case ChatPiece.CallBegins(int call, String tool) -> {
                            called = true;
                            yield callDelta(
                                    call, idOf(call), "function", new Chat.FunctionDelta(tool, ""));
                        }
                        case ChatPiece.Arguments(int call, String json) ->
                                callDelta(call, null, null, new Chat.FunctionDelta(null, json));
                    });
        }
        return deltas;
    }

    /// All pieces of the choice as one message.
    Chat.Message message(List<ChatPiece> pieces) {
        var words = new StringBuilder();
        var tools = new ArrayList<String>();
        var arguments = new ArrayList<StringBuilder>();
        for (var piece : pieces) {
            if (isDropped(piece)) {
                continue;
            }
            switch (piece) {
                case ChatPiece.Words(String text) -> words.append(text);
                case ChatPiece.CallBegins(int _, String tool) -> {
                    called = true;
                    tools.add(tool);
                    arguments.add(new StringBuilder());
                }
                case ChatPiece.Arguments(int call, String json) -> arguments.get(call).append(json);
            }
        }
        var calls = new ArrayList<Chat.ToolCall>();
        for (int i = 0; i < tools.size(); i++) {
            calls.add(
                    new Chat.ToolCall(
                            idOf(i),
                            "function",
                            new Chat.Function(tools.get(i), arguments.get(i).toString())));
        }
        String content = words.isEmpty() && !calls.isEmpty() ? null : words.toString();
        return new Chat.Message("assistant", content, null, calls);
    }

    /// A client that wants one call at a time gets the first.
    private boolean isDropped(ChatPiece piece) {
        return switch (piece) {
            case ChatPiece.Words _ -> false;
            case ChatPiece.CallBegins(int call, String _) -> call > 0 && !parallelCalls;
            case ChatPiece.Arguments(int call, String _) -> call > 0 && !parallelCalls;
        };
    }

    private String idOf(int call) {
        return "call_%016x%02x%02x".formatted(request, index, call);
    }

    private static Chat.Delta callDelta(
            int call, @Nullable String id, @Nullable String type, Chat.FunctionDelta function) {
        return new Chat.Delta(
                null, null, List.of(new Chat.ToolCallDelta(call, id, type, function)));
    }
}
