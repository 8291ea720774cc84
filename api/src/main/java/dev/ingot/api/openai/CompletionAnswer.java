package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.CompletionRequest;
import dev.ingot.api.openai.wire.Head;
import dev.ingot.api.openai.wire.Text;
import dev.ingot.api.openai.wire.Usage;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Output;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Answers of `/v1/completions`.
final class CompletionAnswer implements Answer {
    private final Head head;
    private final CompletionRequest request;
    private final Mapped mapped;
    private final TokenNames names;
    private final boolean[] begun;
    private final int[] textOffsets;
    private int outputTokens;

    /// What precedes the first words of a choice.
    ///
    /// @param text the prompt, where the client wants it echoed
    /// @param promptTokens its tokens, where the client wants token ids
    private record Opening(String text, @Nullable Tokens promptTokens) {
        static final Opening NONE = new Opening("", null);
    }

    CompletionAnswer(Head head, CompletionRequest request, Mapped mapped, TokenNames names) {
        this.head = head;
        this.request = request;
        this.mapped = mapped;
        this.names = names;
        begun = new boolean[mapped.spec().choices().size()];
        textOffsets = new int[begun.length];
    }

    @Override
    public List<Text.Completion> chunks(Output output) {
        return switch (output) {
            case Output.Delta delta -> delta(delta);
            case Output.ChoiceFinished finished -> List.of(end(finished));
            case Output.Completed completed ->
                    request.output().includeUsage()
                            ? List.of(Text.Completion.of(head, List.of(), usage(completed)))
                            : List.of();
            case Output.Broken _, Output.TimedOut _ -> List.of();
        };
    }

    private List<Text.Completion> delta(Output.Delta delta) {
        outputTokens += delta.tokens().size();
        boolean idsWanted = request.output().returnTokenIds();
        var logprobs = logprobs(delta.choice(), delta.tokens(), delta.logprobs());
        if (delta.text().isEmpty() && !idsWanted && logprobs == null) {
            return List.of(); // A character or a stop string is incomplete: nothing to say yet.
        }
        var opening = open(delta.choice());
        return List.of(
                chunk(
                        new Text.Choice(
                                delta.choice(),
                                opening.text + delta.text(),
                                logprobs,
                                null,
                                null,
                                opening.promptTokens,
                                idsWanted ? delta.tokens() : null)));
    }

    private Text.Completion end(Output.ChoiceFinished finished) {
        var opening = open(finished.choice());
        return chunk(
                new Text.Choice(
                        finished.choice(),
                        opening.text,
                        null,
                        FinishReasons.name(finished.reason()),
                        FinishReasons.stopReason(finished),
                        opening.promptTokens,
                        request.output().returnTokenIds() ? Tokens.NONE : null));
    }

    private Text.Completion chunk(Text.Choice choice) {
        return Text.Completion.of(
                head,
                List.of(choice),
                request.output().continuousUsage()
                        ? Usage.of(mapped.promptTokenCount(), 0, outputTokens)
                        : null);
    }

    @Override
    public Text.Completion whole(List<Output> outputs) {
        var completed = CollectedChoice.completed(outputs);
        var collected = CollectedChoice.of(outputs, begun.length);
        var choices = new ArrayList<Text.Choice>();
        for (int i = 0; i < begun.length; i++) {
            var each = collected.get(i);
            var opening = open(i);
            choices.add(
                    new Text.Choice(
                            i,
                            opening.text + each.text(),
                            logprobs(i, each.tokens(), each.logprobs()),
                            FinishReasons.name(each.finished().reason()),
                            FinishReasons.stopReason(each.finished()),
                            opening.promptTokens,
                            request.output().returnTokenIds() ? each.tokens() : null));
        }
        return Text.Completion.of(head, choices, usage(completed));
    }

    private Opening open(int choice) {
        if (begun[choice]) {
            return Opening.NONE;
        }
        begun[choice] = true;
        var prompt = mapped.promptOf(choice);
        return new Opening(
                request.echo() ? names.tokenizer().decode(prompt, true) : "",
                request.output().returnTokenIds() ? prompt : null);
    }

    private Text.@Nullable Logprobs logprobs(
            int choice, Tokens tokens, List<Engine.TokenLogprob> logprobs) {
        if (request.logprobs() == null || logprobs.isEmpty()) {
            return null;
        }
        var written = names.text(tokens, logprobs, textOffsets[choice], request.logprobs() > 0);
        textOffsets[choice] += names.textLength(tokens);
        return written;
    }

    private static Usage usage(Output.Completed completed) {
        var usage = completed.usage();
        var told = Usage.of(usage.promptTokens(), usage.cachedTokens(), usage.outputTokens());
        return completed.approximate() ? told.approximate() : told;
    }
}
