package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.ChatMessage;
import dev.ingot.api.openai.wire.Tool;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.ChatTemplateException;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.engine.text.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes prompts of conversations by the model's own chat template.
///
/// @param template empty for a model that knows no conversations
/// @param format how the model calls tools
record ChatPrompts(Tokenizer tokenizer, Optional<ChatTemplate> template, OutputFormat format) {
    /// A conversation as the template rendered it.
    record Prompt(Tokens tokens, String text) {}

    /// The prompt of a conversation.
    ///
    /// @throws ApiException 400 where the template refuses it
    Prompt prompt(
            List<ChatMessage> messages,
            List<Tool> tools,
            boolean addGenerationPrompt,
            boolean continueFinalMessage,
            Map<String, Object> arguments) {
        var chat =
                template.orElseThrow(() ->
                        new ApiException(
                                ApiError.badField(
                                        "messages",
                                        "The model has no chat template; use /v1/completions.")));
        if (!tools.isEmpty() && format.calls() == OutputFormat.Calls.NONE) {
            throw new ApiException(
                    ApiError.badField(
                            "tools", "The model does not call tools in a form that is read here."));
        }
        try {
            var rendered =
                    chat.render(
                            messages.stream().map(ChatPrompts::plain).toList(),
                            tools.stream().map(Tool::declaration).toList(),
                            addGenerationPrompt,
                            continueFinalMessage,
                            arguments);
            return new Prompt(tokenizer.encode(rendered), rendered.text());
        } catch (ChatTemplateException e) {
            throw new ApiException(
                    ApiError.badField("messages", String.valueOf(e.getMessage())), e);
        }
    }

    /// A message as templates expect it: arguments of calls as objects, not as JSON text.
    private static Map<String, Object> plain(ChatMessage message) {
        var map = new LinkedHashMap<String, Object>();
        map.put("role", message.role());
        // Templates test it with `is string` or add it to text; for most of them a null is a
        // mistake.
        map.put("content", message.content() == null ? "" : message.content());
        if (message.name() != null) {
            map.put("name", message.name());
        }
        if (message.reasoning() != null) {
            map.put("reasoning_content", message.reasoning());
            map.put("thinking", message.reasoning()); // gpt-oss's name for it
        }
        if (message.toolCallId() != null) {
            map.put("tool_call_id", message.toolCallId());
        }
        if (!message.toolCalls().isEmpty()) {
            map.put("tool_calls", message.toolCalls().stream().map(ChatPrompts::plain).toList());
        }
        return map;
    }

    private static Map<String, Object> plain(ChatMessage.ToolCall call) {
        return Map.of(
                "id",
                call.id(),
                "type",
                "function",
                "function",
                Map.of("name", call.name(), "arguments", call.arguments()));
    }
}
