package dev.ingot.api.openai.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One message of a conversation; several parts of text were joined by line ends.
///
/// @param role system, developer, user, assistant or tool
/// @param content null only where an assistant called tools without a word
/// @param name who speaks, where the client says so
/// @param reasoning what an assistant thought, for templates that want it back
/// @param toolCalls what an assistant called
/// @param toolCallId which call a tool's message answers
public record ChatMessage(
        String role,
        @Nullable String content,
        @Nullable String name,
        @Nullable String reasoning,
        List<ToolCall> toolCalls,
        @Nullable String toolCallId) {
    private static final List<String> ROLES =
            List.of("system", "developer", "user", "assistant", "tool");
    private static final int MAX_CALLS = 128;

    public ChatMessage {
        toolCalls = List.copyOf(toolCalls);
    }

    /// A call that an assistant made earlier.
    ///
    /// @param arguments the object behind OpenAI's JSON string
    public record ToolCall(String id, String name, Map<String, Object> arguments) {}

    static ChatMessage read(Fields message) {
        String role = message.requiredString("role");
        if (!ROLES.contains(role)) {
            throw Fields.bad(message.nameOf("role"), "must be one of " + String.join(", ", ROLES));
        }
        var calls = toolCalls(message, role);
        String content = content(message);
        if (content == null && !(role.equals("assistant") && !calls.isEmpty())) {
            throw Fields.missing(message.nameOf("content"), "a string or a list of text parts");
        }
        String toolCallId = message.string("tool_call_id");
        if (role.equals("tool") && toolCallId == null) {
            throw Fields.missing(message.nameOf("tool_call_id"), "the id of the call that is answered");
        }
        return new ChatMessage(
                role, content, message.string("name"), reasoning(message), calls, toolCallId);
    }

    private static @Nullable String content(Fields message) {
        JsonNode content = message.node("content");
        String name = message.nameOf("content");
        if (content == null) {
            return null;
        }
        if (content.isString()) {
            return content.stringValue();
        }
        Fields.requireArray(content, name, "a string or a list of text parts", Integer.MAX_VALUE);
        List<String> texts = new ArrayList<>(content.size());
        for (int i = 0; i < content.size(); i++) {
            var part = Fields.objectOf(content.get(i), name + "[" + i + "]");
            String type = part.requiredString("type");
            switch (type) {
                case "text" -> texts.add(part.requiredString("text"));
                case "refusal" -> texts.add(part.requiredString("refusal"));
                case "image_url", "image", "input_image", "input_audio", "audio_url", "video_url", "file" ->
                        throw Fields.bad(
                                name + "[" + i + "]", "is of type " + type + ", but the model reads only text");
                default -> throw Fields.bad(part.nameOf("type"), "must be \"text\"");
            }
        }
        return String.join("\n", texts);
    }

    private static @Nullable String reasoning(Fields message) {
        String reasoning = message.string("reasoning_content");
        return reasoning == null ? message.string("reasoning") : reasoning;
    }

    private static List<ToolCall> toolCalls(Fields message, String role) {
        var calls = message.objects("tool_calls", MAX_CALLS);
        if (!calls.isEmpty() && !role.equals("assistant")) {
            throw Fields.bad(message.nameOf("tool_calls"), "is only allowed in messages of the assistant");
        }
        return calls.stream().map(ChatMessage::toolCall).toList();
    }

    private static ToolCall toolCall(Fields call) {
        Fields function = call.object("function");
        if (function == null) {
            throw Fields.missing(call.nameOf("function"), "an object");
        }
        String arguments = function.string("arguments");
        if (arguments == null || arguments.isBlank()) {
            return new ToolCall(call.requiredString("id"), function.requiredString("name"), Map.of());
        }
        if (Json.tryRead(arguments) instanceof ObjectNode object) {
            return new ToolCall(
                    call.requiredString("id"),
                    function.requiredString("name"),
                    new Fields(object, "").plain());
        }
        throw Fields.bad(function.nameOf("arguments"), "must be the text of a JSON object");
    }
}
