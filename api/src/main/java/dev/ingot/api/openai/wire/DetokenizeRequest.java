package dev.ingot.api.openai.wire;

import dev.ingot.engine.sequence.Tokens;
import org.jspecify.annotations.Nullable;

/// The body of vLLM's `POST /detokenize`.
public record DetokenizeRequest(@Nullable String model, Tokens tokens) {
    private static final int MAX_TOKENS = 1_000_000;

    /// Reads and checks a body.
    ///
    /// @throws ApiException 400 naming the field
    public static DetokenizeRequest read(Fields body) {
        Tokens tokens = body.tokenIds("tokens", MAX_TOKENS);
        if (tokens == null) {
            throw Fields.missing("tokens", "a list of token ids");
        }
        return new DetokenizeRequest(body.string("model"), tokens);
    }
}
