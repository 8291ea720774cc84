package dev.ingot.scheduler;

import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.Detokenizer;
import dev.ingot.engine.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All choices of a request, in the order of their indices: how far they are together, and what they have to tell.
final class Choices {
    private final List<ChoiceOutput> all = new ArrayList<>();
    private int turn;

    /// @param tokenizer of the model that answers
    Choices(RequestSpec spec, Tokenizer tokenizer) {
        for (var choice : spec.choices()) {
            var detokenizer =
                    new Detokenizer(tokenizer, spec.skipSpecialTokens(), spec.keptSpecialTokens())
                            .continuing(choice.prompt());
            // A whole answer has no reader to wait for; the client asked for all of it.
            int credit = spec.stream() ? RequestActor.WINDOW : Integer.MAX_VALUE;
            all.add(
                    new ChoiceOutput(
                            all.size(), choice, detokenizer, spec.includeStopString(), credit));
        }
    }

    int count() {
        return all.size();
    }

    ChoiceOutput get(int index) {
        return all.get(index);
    }

    boolean areAccepted() {
        return all.stream().allMatch(ChoiceOutput::isAccepted);
    }

    boolean haveEnded() {
        return all.stream().allMatch(ChoiceOutput::isEnded);
    }

    /// Those that have not ended.
    int runningCount() {
        return (int) all.stream().filter(choice -> !choice.isEnded()).count();
    }

    /// Tokens that engines delivered, of all choices.
    int deliveredCount() {
        return all.stream().mapToInt(ChoiceOutput::deliveredCount).sum();
    }

    /// The next thing to tell the client, taking turns; null when there is nothing.
    @Nullable Output next() {
        for (int i = 0; i < all.size(); i++) {
            var output = all.get((turn + i) % all.size()).next();
            if (output != null) {
                turn = (turn + i + 1) % all.size();
                return output;
            }
        }
        return null;
    }

    /// What all of them took, as far as they have ended.
    Engine.Usage usage() {
        int prompt = 0;
        int cached = 0;
        int output = 0;
        var previous = Tokens.NONE;
        for (var choice : all) {
            // A prompt counts once, however many choices are drawn from it; they follow each other.
            if (!choice.spec().prompt().equals(previous)) {
                prompt += choice.usage().promptTokens();
                cached += choice.usage().cachedTokens();
            }
            previous = choice.spec().prompt();
            output += choice.usage().outputTokens();
        }
        return new Engine.Usage(prompt, cached, output);
    }
}
