package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Output;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One choice of a whole answer, put together from its deltas.
final class CollectedChoice {
    private final StringBuilder text = new StringBuilder();
    private final List<Engine.TokenLogprob> logprobs = new ArrayList<>();
    private final List<Tokens> tokens = new ArrayList<>();
    private Output.@Nullable ChoiceFinished finished;

    private CollectedChoice() {}

    /// All choices in the order of their indices.
    static List<CollectedChoice> of(List<Output> outputs, int choiceCount) {
        var choices = new ArrayList<CollectedChoice>(choiceCount);
        for (int i = 0; i < choiceCount; i++) {
            choices.add(new CollectedChoice());
        }
        for (var output : outputs) {
            switch (output) {
                case Output.Delta delta -> choices.get(delta.choice()).add(delta);
                case Output.ChoiceFinished finished ->
                        choices.get(finished.choice()).finished = finished;
                case Output.Completed _ -> {}
                case Output.Broken(String message) ->
                        throw new ApiException(ApiError.internal(message));
                case Output.TimedOut timedOut -> throw new ApiException(Timeouts.error(timedOut));
            }
        }
        return choices;
    }

    /// What all of it took.
    ///
    /// @throws ApiException 500 with the reason where the request was broken off, 503 or 504 where its time was up
    static Output.Completed completed(List<Output> outputs) {
        return switch (outputs.getLast()) {
            case Output.Completed completed -> completed;
            case Output.Broken(String message) ->
                    throw new ApiException(ApiError.internal(message));
            case Output.TimedOut timedOut -> throw new ApiException(Timeouts.error(timedOut));
            case Output.Delta _, Output.ChoiceFinished _ ->
                    throw new IllegalStateException("a whole answer without a last word");
        };
    }

    private void add(Output.Delta delta) {
        text.append(delta.text());
        tokens.add(delta.tokens());
        logprobs.addAll(delta.logprobs());
    }

    String text() {
        return text.toString();
    }

    List<Engine.TokenLogprob> logprobs() {
        return logprobs;
    }

    Tokens tokens() {
        int[] ids = new int[tokens.stream().mapToInt(Tokens::size).sum()];
        int at = 0;
        for (var each : tokens) {
            each.copyTo(ids, at);
            at += each.size();
        }
        return Tokens.of(ids);
    }

    Output.ChoiceFinished finished() {
        if (finished == null) {
            throw new IllegalStateException("a completed answer with a choice that did not end");
        }
        return finished;
    }
}
