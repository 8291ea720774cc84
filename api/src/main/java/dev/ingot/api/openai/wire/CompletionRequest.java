package dev.ingot.api.openai.wire;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The body of `POST /v1/completions`.
///
/// @param model null where the client leaves it to the server
/// @param maxTokens null where the client left it out
/// @param logprobs likeliest alternatives per token, or null for no log probabilities
/// @param echo whether the prompt's text comes before the output
/// @param addSpecialTokens whether a text prompt gets the tokenizer's own first and last tokens
public record CompletionRequest(
        @Nullable String model,
        List<Prompt> prompts,
        @Nullable Integer maxTokens,
        @Nullable Integer logprobs,
        boolean echo,
        boolean addSpecialTokens,
        SamplingFields sampling,
        CallerFields caller,
        OutputFields output) {
    public CompletionRequest {
        prompts = List.copyOf(prompts);
    }

    /// Reads and checks a body.
    ///
    /// @throws ApiException 400 naming the field
    public static CompletionRequest read(Fields body, WireLimits limits) {
        Unsupported.checkCompletion(body);
        var sampling = SamplingFields.read(body, limits);
        Integer bestOf = body.integer("best_of", 1, Integer.MAX_VALUE);
        if (bestOf != null && bestOf != sampling.n()) {
            throw Fields.bad(
                    "best_of", "is not supported unless it equals `n`, which is " + sampling.n());
        }
        Integer logprobs = body.integer("logprobs", 0, MAX_LOGPROBS);
        boolean echo = body.bool("echo", false);
        if (echo && logprobs != null) {
            throw Fields.bad("echo", "is not supported together with `logprobs`");
        }
        var prompts = Prompt.read(body, limits.maxChoices());
        if (prompts.size() * sampling.n() > limits.maxChoices()) {
            throw Fields.bad(
                    "n",
                    "times the "
                            + prompts.size()
                            + " prompts is over the limit of "
                            + limits.maxChoices()
                            + " choices in one request");
        }
        return new CompletionRequest(
                body.string("model"),
                prompts,
                body.integer("max_tokens", 1, Integer.MAX_VALUE),
                logprobs,
                echo,
                body.bool("add_special_tokens", true),
                sampling,
                CallerFields.read(body),
                OutputFields.read(body));
    }

    static final int MAX_LOGPROBS = 20;
}
