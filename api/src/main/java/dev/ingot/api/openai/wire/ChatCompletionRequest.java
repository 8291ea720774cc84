package dev.ingot.api.openai.wire;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The body of `POST /v1/chat/completions`.
///
/// @param model null where the client leaves it to the server
/// @param tools what the model is told of and may call; empty where `tool_choice` is `none`
/// @param parallelToolCalls whether a choice may hold more than one call
/// @param includeReasoning whether the client wants to be told what the model thought
/// @param maxTokens `max_completion_tokens`, or `max_tokens` where that is absent, or null
/// @param maxTokensField which of the two the client gave
/// @param logprobs likeliest alternatives per token, or null for no log probabilities
/// @param templateArguments further names for the chat template, such as `enable_thinking`
/// @param addGenerationPrompt whether the template opens the assistant's turn
/// @param continueFinalMessage whether the last message is left open, for the model to go on with
public record ChatCompletionRequest(
        @Nullable String model,
        List<ChatMessage> messages,
        List<Tool> tools,
        boolean parallelToolCalls,
        boolean includeReasoning,
        @Nullable Integer maxTokens,
        String maxTokensField,
        @Nullable Integer logprobs,
        Map<String, Object> templateArguments,
        boolean addGenerationPrompt,
        boolean continueFinalMessage,
        SamplingFields sampling,
        CallerFields caller,
        OutputFields output) {
    private static final int MAX_MESSAGES = 10_000;

    public ChatCompletionRequest {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    /// Reads and checks a body.
    ///
    /// @throws ApiException 400 naming the field
    public static ChatCompletionRequest read(Fields body, WireLimits limits) {
        Unsupported.checkChat(body);
        var messages = messages(body);
        Integer maxTokens = body.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        String maxTokensField = maxTokens == null ? "max_tokens" : "max_completion_tokens";
        Integer maxTokensOld = body.integer("max_tokens", 1, Integer.MAX_VALUE);
        boolean continues = body.bool("continue_final_message", false);
        boolean opens = body.bool("add_generation_prompt", !continues);
        if (continues && opens) {
            throw Fields.bad(
                    "continue_final_message", "and `add_generation_prompt` cannot both be true");
        }
        return new ChatCompletionRequest(
                body.string("model"),
                messages,
                tools(body),
                body.bool("parallel_tool_calls", true),
                body.bool("include_reasoning", true),
                maxTokens == null ? maxTokensOld : maxTokens,
                maxTokensField,
                logprobs(body),
                templateArguments(body),
                opens,
                continues,
                SamplingFields.read(body, limits),
                CallerFields.read(body),
                OutputFields.read(body));
    }

    static List<ChatMessage> messages(Fields body) {
        var messages = body.objects("messages", MAX_MESSAGES);
        if (messages.isEmpty()) {
            throw Fields.missing("messages", "a list of at least one message");
        }
        return messages.stream().map(ChatMessage::read).toList();
    }

    private static List<Tool> tools(Fields body) {
        var tools = Tool.readAll(body);
        JsonNode choice = body.node("tool_choice");
        if (choice == null) {
            return tools;
        }
        String mode = choice.isString() ? choice.stringValue() : "";
        return switch (mode) {
            // What the model is not told of it cannot call; nothing else would keep it from trying.
            case "none" -> List.of();
            case "auto" -> {
                if (tools.isEmpty()) {
                    throw Fields.bad("tool_choice", "is only allowed together with `tools`");
                }
                yield tools;
            }
            case "required" ->
                    throw Fields.bad(
                            "tool_choice",
                            "supports only \"auto\" and \"none\": a call cannot be forced");
            default -> {
                if (choice.isObject()) {
                    throw Fields.bad(
                            "tool_choice",
                            "supports only \"auto\" and \"none\": a call cannot be forced");
                }
                throw Fields.bad("tool_choice", "must be \"auto\" or \"none\"");
            }
        };
    }

    private static @Nullable Integer logprobs(Fields body) {
        boolean wanted = body.bool("logprobs", false);
        Integer top = body.integer("top_logprobs", 0, CompletionRequest.MAX_LOGPROBS);
        if (!wanted && top != null && top > 0) {
            throw Fields.bad("top_logprobs", "is only allowed when `logprobs` is true");
        }
        if (!wanted) {
            return null;
        }
        return top == null ? (Integer) 0 : top;
    }

    static Map<String, Object> templateArguments(Fields body) {
        var arguments = new LinkedHashMap<String, Object>();
        Fields given = body.object("chat_template_kwargs");
        if (given != null) {
            arguments.putAll(given.plain());
        }
        String effort = body.string("reasoning_effort");
        if (effort != null) {
            arguments.putIfAbsent("reasoning_effort", effort);
        }
        return arguments;
    }
}
