package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonProperty;

/// What a request took, in tokens.
public record Usage(
        @JsonProperty("prompt_tokens") int promptTokens,
        @JsonProperty("completion_tokens") int completionTokens,
        @JsonProperty("total_tokens") int totalTokens,
        @JsonProperty("prompt_tokens_details") PromptDetails promptTokensDetails) {
    /// Prompt tokens whose K and V were in the prefix cache.
    public record PromptDetails(@JsonProperty("cached_tokens") int cachedTokens) {}

    public static Usage of(int prompt, int cached, int completion) {
        return new Usage(prompt, completion, prompt + completion, new PromptDetails(cached));
    }
}
