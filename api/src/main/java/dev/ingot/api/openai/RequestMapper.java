package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.ChatCompletionRequest;
import dev.ingot.api.openai.wire.CompletionRequest;
import dev.ingot.api.openai.wire.OutputFields;
import dev.ingot.api.openai.wire.Prompt;
import dev.ingot.api.openai.wire.SamplingFields;
import dev.ingot.api.openai.wire.TokenizeRequest;
import dev.ingot.engine.sampling.LogitBias;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.RequestSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes a request for the engine of what a client asked: text becomes tokens, defaults are filled in, and what the
/// model cannot do is refused. It takes as long as tokenizing does, so it is not for an actor's thread.
final class RequestMapper {
    /// OpenAI's own, for completions; a chat may fill the context.
    private static final int COMPLETION_MAX_TOKENS = 16;

    private static final Logger log = LoggerFactory.getLogger(RequestMapper.class);

    private final ServedModel model;
    private final RandomGenerator random;
    private final ChatPrompts chats;

    /// @param random draws request ids and the seeds that clients leave out; safe from any thread
    RequestMapper(ServedModel model, RandomGenerator random) {
        this.model = model;
        this.random = random;
        chats = new ChatPrompts(model.tokenizer(), model.chatTemplate(), model.outputFormat());
    }

    /// Maps a completion request.
    ///
    /// @throws ApiException 400 naming the field
    Mapped map(CompletionRequest request, CallerOfRequest caller) {
        var prompts = new ArrayList<Tokens>();
        int maxTokens = Integer.MAX_VALUE;
        for (var prompt : request.prompts()) {
            var tokens = tokens(prompt, request.addSpecialTokens());
            prompts.add(tokens);
            maxTokens =
                    Math.min(
                            maxTokens,
                            maxTokens(
                                    tokens,
                                    prompt.name(),
                                    request.maxTokens(),
                                    "max_tokens",
                                    COMPLETION_MAX_TOKENS));
        }
        return mapped(
                prompts,
                caller,
                request.sampling(),
                request.output(),
                request.logprobs(),
                maxTokens,
                "",
                Tokens.NONE);
    }

    /// Maps a chat request.
    ///
    /// @throws ApiException 400 naming the field
    Mapped map(ChatCompletionRequest request, CallerOfRequest caller) {
        var prompt =
                chats.prompt(
                        request.messages(),
                        request.tools(),
                        request.addGenerationPrompt(),
                        request.continueFinalMessage(),
                        request.templateArguments());
        int maxTokens =
                maxTokens(
                        prompt.tokens(),
                        "messages",
                        request.maxTokens(),
                        request.maxTokensField(),
                        Integer.MAX_VALUE);
        return mapped(
                List.of(prompt.tokens()),
                caller,
                request.sampling(),
                request.output(),
                request.logprobs(),
                maxTokens,
                prompt.text(),
                model.outputFormat().isPlain(!request.tools().isEmpty()) ? Tokens.NONE : marks());
    }

    /// The special tokens that the output's parser reads.
    private Tokens marks() {
        var tokenizer = model.tokenizer();
        return Tokens.of(
                model.outputFormat().marks().stream()
                        .map(tokenizer::idOf)
                        .flatMapToInt(OptionalInt::stream)
                        .filter(tokenizer::isSpecial)
                        .toArray());
    }

    /// The tokens of a prompt, or of messages in the chat template.
    ///
    /// @throws ApiException 400 naming the field
    Tokens tokens(TokenizeRequest request) {
        return request.prompt() != null
                ? model.tokenizer().encode(request.prompt(), request.addSpecialTokens())
                : chats.prompt(
                                request.messages(),
                                request.tools(),
                                request.addGenerationPrompt(),
                                request.continueFinalMessage(),
                                request.templateArguments())
                        .tokens();
    }

    private Tokens tokens(Prompt prompt, boolean addSpecialTokens) {
        return switch (prompt) {
            case Prompt.Text(_, String text) -> model.tokenizer().encode(text, addSpecialTokens);
            case Prompt.Ids(String name, Tokens ids) -> {
                checkTokens(ids, name);
                yield ids;
            }
        };
    }

    /// Refuses ids outside the vocabulary: they would read beyond the embedding.
    void checkTokens(Tokens ids, String name) {
        for (int i = 0; i < ids.size(); i++) {
            if (ids.get(i) >= model.vocabulary()) {
                throw outside(name + "[" + i + "]", ids.get(i));
            }
        }
    }

    private ApiException outside(String name, int id) {
        return new ApiException(
                ApiError.badField(
                        name,
                        "`"
                                + name
                                + "` is "
                                + id
                                + ", but the vocabulary has only the ids 0 to "
                                + (model.vocabulary() - 1)
                                + "."));
    }

    /// How long the output may become.
    ///
    /// @param asked null where the client left it out; then it is `absent`, or what fits
    private int maxTokens(
            Tokens prompt,
            String promptField,
            @Nullable Integer asked,
            String askedField,
            int absent) {
        if (prompt.isEmpty()) {
            throw new ApiException(
                    ApiError.badField(promptField, "`" + promptField + "` has no tokens."));
        }
        int left = model.maxModelLength() - prompt.size();
        if (left < 1) {
            throw new ApiException(
                    ApiError.contextLengthExceeded(
                            "The model's context holds "
                                    + model.maxModelLength()
                                    + " tokens, but the prompt alone has "
                                    + prompt.size()
                                    + ".",
                            promptField));
        }
        if (asked != null && asked > left) {
            throw new ApiException(
                    ApiError.contextLengthExceeded(
                            "The model's context holds "
                                    + model.maxModelLength()
                                    + " tokens, but the prompt's "
                                    + prompt.size()
                                    + " and `"
                                    + askedField
                                    + "` = "
                                    + asked
                                    + " are "
                                    + ((long) prompt.size() + asked)
                                    + " together.",
                            askedField));
        }
        return asked == null ? Math.min(absent, left) : asked;
    }

    private Mapped mapped(
            List<Tokens> prompts,
            CallerOfRequest caller,
            SamplingFields sampling,
            OutputFields output,
            @Nullable Integer logprobs,
            int maxTokens,
            String promptText,
            Tokens keptSpecialTokens) {
        long id = random.nextLong();
        var params = params(sampling, logprobs, maxTokens, id);
        var choices = new ArrayList<RequestSpec.Choice>();
        for (var prompt : prompts) {
            for (int i = 0; i < sampling.n(); i++) {
                choices.add(new RequestSpec.Choice(prompt, params));
            }
        }
        return new Mapped(
                new RequestSpec(
                        id,
                        choices,
                        caller.caller(),
                        caller.timeout(),
                        output.stream(),
                        caller.cacheSalt(),
                        output.skipSpecialTokens(),
                        keptSpecialTokens,
                        output.includeStopString()),
                prompts,
                promptText);
    }

    private SamplingParams params(
            SamplingFields sampling, @Nullable Integer logprobs, int maxTokens, long id) {
        if (sampling.minTokens() > maxTokens) {
            throw new ApiException(
                    ApiError.badField(
                            "min_tokens",
                            "`min_tokens` is "
                                    + sampling.minTokens()
                                    + ", but at most "
                                    + maxTokens
                                    + " tokens can come."));
        }
        checkTokens(sampling.stopTokenIds(), "stop_token_ids");
        for (int token : sampling.logitBias().keySet()) {
            if (token < 0 || token >= model.vocabulary()) {
                throw outside("logit_bias", token);
            }
        }
        var defaults = model.defaults();
        return new SamplingParams(
                given(sampling.temperature(), defaults.temperature()),
                sampling.topK() == null ? defaults.topK() : sampling.topK(),
                given(sampling.topP(), defaults.topP()),
                given(sampling.minP(), defaults.minP()),
                given(sampling.repetitionPenalty(), defaults.repetitionPenalty()),
                given(sampling.presencePenalty(), 0),
                given(sampling.frequencyPenalty(), 0),
                LogitBias.of(sampling.logitBias()),
                seed(sampling.seed(), id),
                sampling.stop(),
                sampling.ignoreEos() ? Tokens.NONE : model.eosTokenIds(),
                sampling.stopTokenIds(),
                maxTokens,
                sampling.minTokens(),
                logprobs == null ? SamplingParams.NO_LOGPROBS : logprobs);
    }

    private long seed(@Nullable Long given, long id) {
        if (given != null) {
            return given;
        }
        long drawn = random.nextLong();
        log.debug("Request {} has the drawn seed {}", Long.toHexString(id), drawn);
        return drawn;
    }

    private static float given(@Nullable Float value, float absent) {
        return value == null ? absent : value;
    }
}
