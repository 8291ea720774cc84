package dev.ingot.api.openai.wire;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The body of vLLM's `POST /tokenize`: a prompt, or messages for the chat template.
///
/// @param prompt null where messages are given
/// @param messages empty where a prompt is given
/// @param addSpecialTokens whether the tokenizer's own first and last tokens are added
/// @param returnTokenStrings whether the text of each token is told too
public record TokenizeRequest(
        @Nullable String model,
        @Nullable String prompt,
        List<ChatMessage> messages,
        List<Tool> tools,
        Map<String, Object> templateArguments,
        boolean addGenerationPrompt,
        boolean continueFinalMessage,
        boolean addSpecialTokens,
        boolean returnTokenStrings) {
    /// Reads and checks a body.
    ///
    /// @throws ApiException 400 naming the field
    public static TokenizeRequest read(Fields body) {
        boolean chat = body.has("messages");
        String prompt = body.string("prompt");
        if (!chat && prompt == null) {
            throw Fields.missing("prompt", "a string, or `messages`");
        }
        if (chat && prompt != null) {
            throw Fields.bad("prompt", "and `messages` cannot both be given");
        }
        boolean continues = body.bool("continue_final_message", false);
        boolean opens = body.bool("add_generation_prompt", !continues);
        if (continues && opens) {
            throw Fields.bad(
                    "continue_final_message", "and `add_generation_prompt` cannot both be true");
        }
        return new TokenizeRequest(
                body.string("model"),
                prompt,
                chat ? ChatCompletionRequest.messages(body) : List.of(),
                Tool.readAll(body),
                ChatCompletionRequest.templateArguments(body),
                opens,
                continues,
                body.bool("add_special_tokens", !chat),
                body.bool("return_token_strs", false));
    }
}
