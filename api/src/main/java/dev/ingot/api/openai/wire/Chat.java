package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The answers of `/v1/chat/completions`: whole, or in chunks.
///
/// What OpenAI always writes is written as null where there is nothing; vLLM's additions are left out.
public final class Chat {
    private Chat() {}

    /// A whole answer.
    public record Completion(
            String id,
            String object,
            long created,
            String model,
            List<Choice> choices,
            Usage usage,
            @JsonInclude(Include.NON_NULL) @JsonProperty("prompt_token_ids")
                    @Nullable Tokens promptTokenIds) {
        public static Completion of(
                Head head, List<Choice> choices, Usage usage, @Nullable Tokens promptTokenIds) {
            return new Completion(
                    head.id(),
                    "chat.completion",
                    head.created(),
                    head.model(),
                    choices,
                    usage,
                    promptTokenIds);
        }
    }

    /// One of the `n` messages.
    ///
    /// @param stopReason the stop string or stop token id that ended it, or null
    public record Choice(
            int index,
            Message message,
            @Nullable Logprobs logprobs,
            @JsonProperty("finish_reason") String finishReason,
            @JsonProperty("stop_reason") @Nullable Object stopReason,
            @JsonInclude(Include.NON_NULL) @JsonProperty("token_ids") @Nullable Tokens tokenIds) {}

    /// What the assistant said.
    ///
    /// @param content null where it only thought or called tools
    /// @param reasoning what it thought before, or null
    public record Message(
            String role,
            @Nullable String content,
            @Nullable String refusal,
            @JsonInclude(Include.NON_NULL) @JsonProperty("reasoning_content")
                    @Nullable String reasoning,
            @JsonInclude(Include.NON_EMPTY) @JsonProperty("tool_calls") List<ToolCall> toolCalls) {}

    /// A call of a tool.
    public record ToolCall(String id, String type, Function function) {}

    /// Which function, and with what.
    ///
    /// @param arguments JSON text
    public record Function(String name, String arguments) {}

    /// A piece of a streamed answer.
    ///
    /// @param usage in the last chunk, where it was asked for
    public record Chunk(
            String id,
            String object,
            long created,
            String model,
            List<ChunkChoice> choices,
            @JsonInclude(Include.NON_NULL) @Nullable Usage usage,
            @JsonInclude(Include.NON_NULL) @JsonProperty("prompt_token_ids")
                    @Nullable Tokens promptTokenIds) {
        public static Chunk of(
                Head head,
                List<ChunkChoice> choices,
                @Nullable Usage usage,
                @Nullable Tokens promptTokenIds) {
            return new Chunk(
                    head.id(),
                    "chat.completion.chunk",
                    head.created(),
                    head.model(),
                    choices,
                    usage,
                    promptTokenIds);
        }
    }

    /// More of one message.
    public record ChunkChoice(
            int index,
            Delta delta,
            @Nullable Logprobs logprobs,
            @JsonProperty("finish_reason") @Nullable String finishReason,
            @JsonInclude(Include.NON_NULL) @JsonProperty("stop_reason") @Nullable Object stopReason,
            @JsonInclude(Include.NON_NULL) @JsonProperty("token_ids") @Nullable Tokens tokenIds) {}

    /// What was added to the message.
    @JsonInclude(Include.NON_EMPTY)
    public record Delta(
            @Nullable String role,
            @JsonInclude(Include.NON_NULL) @Nullable String content,
            @JsonInclude(Include.NON_NULL) @JsonProperty("reasoning_content")
                    @Nullable String reasoning,
            @JsonProperty("tool_calls") List<ToolCallDelta> toolCalls) {
        /// Nothing: the chunk says something else.
        public static final Delta NONE = new Delta(null, null, null, List.of());
    }

    /// More of one call: who is called first, then the arguments piece by piece.
    @JsonInclude(Include.NON_NULL)
    public record ToolCallDelta(
            int index, @Nullable String id, @Nullable String type, FunctionDelta function) {}

    /// The name once, then pieces of the arguments' JSON text.
    @JsonInclude(Include.NON_NULL)
    public record FunctionDelta(@Nullable String name, @Nullable String arguments) {}

    /// Log probabilities of the tokens of a message.
    public record Logprobs(List<TokenLogprob> content, @Nullable Object refusal) {}

    /// One token and what could have been.
    ///
    /// @param bytes the token's UTF-8 bytes as numbers: a token may be less than a character
    public record TokenLogprob(
            String token,
            float logprob,
            List<Integer> bytes,
            @JsonProperty("top_logprobs") List<Alternative> topLogprobs) {}

    /// A likely token.
    public record Alternative(String token, float logprob, List<Integer> bytes) {}
}
