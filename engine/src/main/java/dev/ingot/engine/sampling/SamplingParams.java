package dev.ingot.engine.sampling;

import dev.ingot.engine.sequence.Tokens;
import java.util.List;

/// How the tokens of a request are chosen, and when they end. Complete: nothing is left to a default.
///
/// @param temperature 0 for greedy
/// @param topK keep the k likeliest; 0 for all
/// @param topP keep the smallest set with this probability; 1 for all
/// @param minP drop what is less likely than this share of the likeliest; 0 for none
/// @param repetitionPenalty divides positive and multiplies negative logits of tokens in prompt or output
///     (Keskar et al. 2019); 1 for none
/// @param presencePenalty subtracted once from tokens in the output
/// @param frequencyPenalty subtracted per occurrence in the output
/// @param logitBias added to the logits it names
/// @param seed key of all random numbers; drawn at admission when the client gave none
/// @param stopStrings text that ends the output and is not part of it; matched by the request actor
/// @param eosTokenIds the model's own end tokens; empty when the client wants them ignored
/// @param stopTokenIds further tokens that end the output
/// @param maxTokens at most so many output tokens
/// @param minTokens no end token before so many output tokens
/// @param logprobs likeliest alternatives to report per token; [#NO_LOGPROBS] for no log probabilities at all,
///     0 for the chosen token's only
public record SamplingParams(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        LogitBias logitBias,
        long seed,
        List<String> stopStrings,
        Tokens eosTokenIds,
        Tokens stopTokenIds,
        int maxTokens,
        int minTokens,
        int logprobs) {
    /// No log probabilities wanted.
    public static final int NO_LOGPROBS = -1;

    public SamplingParams {
        require(temperature >= 0 && temperature <= 100, "temperature", temperature);
        require(topK >= 0, "top_k", topK);
        require(topP > 0 && topP <= 1, "top_p", topP);
        require(minP >= 0 && minP <= 1, "min_p", minP);
        require(
                repetitionPenalty > 0 && repetitionPenalty <= 100,
                "repetition_penalty",
                repetitionPenalty);
        require(presencePenalty >= -2 && presencePenalty <= 2, "presence_penalty", presencePenalty);
        require(
                frequencyPenalty >= -2 && frequencyPenalty <= 2,
                "frequency_penalty",
                frequencyPenalty);
        require(maxTokens >= 1, "max_tokens", maxTokens);
        require(minTokens >= 0 && minTokens <= maxTokens, "min_tokens", minTokens);
        require(logprobs >= NO_LOGPROBS, "logprobs", logprobs);
        stopStrings = List.copyOf(stopStrings);
    }

    /// Greedy decoding of `maxTokens` tokens with nothing else set; change what differs with [#toBuilder].
    public static SamplingParams greedy(int maxTokens) {
        return new SamplingParams(
                0,
                0,
                1,
                0,
                1,
                0,
                0,
                LogitBias.NONE,
                0,
                List.of(),
                Tokens.NONE,
                Tokens.NONE,
                maxTokens,
                0,
                NO_LOGPROBS);
    }

    /// These parameters, to be changed in part.
    public SamplingParamsBuilder toBuilder() {
        return new SamplingParamsBuilder(this);
    }

    private static void require(boolean valid, String field, Object value) {
        if (!valid) {
            throw new IllegalArgumentException(field + " out of range: " + value);
        }
    }
}
