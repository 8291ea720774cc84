package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The answers of `/v1/completions`: whole, or in chunks that look the same.
public final class Text {
    private Text() {}

    /// An answer, or a chunk of one.
    ///
    /// @param usage of a whole answer; in a stream in the last chunk, where it was asked for
    public record Completion(
            String id,
            String object,
            long created,
            String model,
            List<Choice> choices,
            @JsonInclude(Include.NON_NULL) @Nullable Usage usage) {
        public static Completion of(Head head, List<Choice> choices, @Nullable Usage usage) {
            return new Completion(
                    head.id(), "text_completion", head.created(), head.model(), choices, usage);
        }
    }

    /// One completion of one prompt, or more of it.
    ///
    /// @param finishReason null in all chunks of a choice but its last
    /// @param stopReason the stop string or stop token id that ended it, or null
    public record Choice(
            int index,
            String text,
            @Nullable Logprobs logprobs,
            @JsonProperty("finish_reason") @Nullable String finishReason,
            @JsonProperty("stop_reason") @Nullable Object stopReason,
            @JsonInclude(Include.NON_NULL) @JsonProperty("prompt_token_ids") @Nullable Tokens promptTokenIds,
            @JsonInclude(Include.NON_NULL) @JsonProperty("token_ids") @Nullable Tokens tokenIds) {}

    /// Log probabilities in four lists of the same length.
    ///
    /// @param topLogprobs null where no alternatives were asked for
    /// @param textOffset where each token begins in the text
    public record Logprobs(
            List<String> tokens,
            @JsonProperty("token_logprobs") List<Float> tokenLogprobs,
            @JsonProperty("top_logprobs") @Nullable List<Map<String, Float>> topLogprobs,
            @JsonProperty("text_offset") List<Integer> textOffset) {}
}
