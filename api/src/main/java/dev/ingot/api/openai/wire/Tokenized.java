package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The answer of vLLM's `/tokenize`.
///
/// @param tokenStrings the text of each token, where it was asked for
public record Tokenized(
        int count,
        @JsonProperty("max_model_len") int maxModelLength,
        Tokens tokens,
        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("token_strs") @Nullable List<String> tokenStrings) {
    /// The answer of `/detokenize`.
    public record Back(String prompt) {}
}
