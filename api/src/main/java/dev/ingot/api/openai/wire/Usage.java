package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/// What a request took, in tokens.
///
/// @param continuity `approximate` where another numeric class finished the answer, else null
public record Usage(
        @JsonProperty("prompt_tokens") int promptTokens,
        @JsonProperty("completion_tokens") int completionTokens,
        @JsonProperty("total_tokens") int totalTokens,
        @JsonProperty("prompt_tokens_details") PromptDetails promptTokensDetails,
        @JsonProperty("continuity") @JsonInclude(JsonInclude.Include.NON_NULL)
                @Nullable String continuity) {
    /// Prompt tokens whose K and V were in the prefix cache.
    public record PromptDetails(@JsonProperty("cached_tokens") int cachedTokens) {}

    public static Usage of(int prompt, int cached, int completion) {
        return new Usage(prompt, completion, prompt + completion, new PromptDetails(cached), null);
    }

    /// The same for an answer that is not to the last bit what one engine would have given.
    public Usage approximate() {
        return new Usage(
                promptTokens, completionTokens, totalTokens, promptTokensDetails, "approximate");
    }
}
