package dev.ingot.scheduler;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.Detokenizer;
import dev.ingot.engine.text.StopMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What one choice's client was told and is about to be told: the delivered log, the text made of it, and
/// the credit that its reader has given.
///
/// The log is what makes recovery exact: a token is in it before anything of it reaches the client, and
/// another engine goes on from it.
final class ChoiceOutput {
    private final int index;
    private final RequestSpec.Choice spec;
    private final Detokenizer detokenizer;
    private final StopMatcher stops;
    private final boolean includeStopText;

    private int[] delivered = new int[16];
    private int deliveredCount;
    private int takenCount;
    private int creditUpTo;
    private boolean accepted;
    private boolean ended;

    private final StringBuilder pendingText = new StringBuilder();
    private int pendingFrom;
    private final List<Engine.TokenLogprob> pendingLogprobs = new ArrayList<>();
    private Output.@Nullable ChoiceFinished pendingEnd;
    private Engine.Usage usage;

    ChoiceOutput(
            int index,
            RequestSpec.Choice spec,
            Detokenizer detokenizer,
            boolean includeStopText,
            int credit) {
        this.index = index;
        this.spec = spec;
        this.detokenizer = detokenizer;
        this.stops = new StopMatcher(spec.params().stopStrings(), includeStopText);
        this.includeStopText = includeStopText;
        this.creditUpTo = credit;
        this.usage = new Engine.Usage(spec.prompt().size(), 0, 0);
    }

    RequestSpec.Choice spec() {
        return spec;
    }

    /// Every token that the engine delivered, to go on from.
    Tokens log() {
        return Tokens.of(delivered, 0, deliveredCount);
    }

    int deliveredCount() {
        return deliveredCount;
    }

    int creditUpTo() {
        return creditUpTo;
    }

    boolean isAccepted() {
        return accepted;
    }

    void accepted() {
        accepted = true;
    }

    /// Whether the engine has nothing more to say about this choice.
    boolean isEnded() {
        return ended;
    }

    Engine.Usage usage() {
        return usage;
    }

    /// Takes tokens that follow the log; anything else (a duplicate, a gap) changes nothing.
    ///
    /// @return whether a stop string ended the choice, so that the engine has to be told
    boolean add(int firstIndex, Tokens tokens, List<Engine.TokenLogprob> logprobs) {
        if (ended || firstIndex != deliveredCount) {
            return false;
        }
        for (int i = 0; i < tokens.size(); i++) {
            log(tokens.get(i));
            if (!logprobs.isEmpty()) {
                pendingLogprobs.add(logprobs.get(i));
            }
            addText(tokens.get(i));
            Optional<String> stop = stops.matched();
            if (stop.isPresent()) {
                end(FinishReason.STOP, -1, stop.get(), usage.cachedTokens());
                return true;
            }
        }
        return false;
    }

    private void log(int token) {
        if (deliveredCount == delivered.length) {
            delivered = Arrays.copyOf(delivered, 2 * deliveredCount);
        }
        delivered[deliveredCount++] = token;
    }

    private void addText(int token) {
        SamplingParams params = spec.params();
        boolean early = deliveredCount < params.minTokens();
        boolean last =
                !early
                        && (params.eosTokenIds().contains(token)
                                || params.stopTokenIds().contains(token));
        if (last && !includeStopText) {
            return; // The token that ends a text is not part of it.
        }
        String text = detokenizer.add(token);
        pendingText.append(early ? text : stops.add(text));
    }

    /// The engine says that the choice ended.
    void finished(FinishReason reason, int stopToken, int cachedTokens) {
        if (ended) {
            return;
        }
        pendingText.append(stops.add(detokenizer.finish()));
        pendingText.append(stops.finish());
        Optional<String> stop = stops.matched();
        end(
                stop.isPresent() ? FinishReason.STOP : reason,
                stopToken,
                stop.orElse(null),
                cachedTokens);
    }

    private void end(
            FinishReason reason, int stopToken, @Nullable String stopString, int cachedTokens) {
        ended = true;
        usage = new Engine.Usage(spec.prompt().size(), cachedTokens, deliveredCount);
        pendingEnd = new Output.ChoiceFinished(index, reason, stopToken, stopString);
    }

    /// The next thing to tell the client, all pending tokens in one; null when there is nothing.
    @Nullable Output next() {
        if (pendingFrom < deliveredCount || !pendingText.isEmpty()) {
            var delta =
                    new Output.Delta(
                            index,
                            pendingText.toString(),
                            Tokens.of(delivered, pendingFrom, deliveredCount),
                            List.copyOf(pendingLogprobs));
            pendingText.setLength(0);
            pendingLogprobs.clear();
            pendingFrom = deliveredCount;
            return delta;
        }
        var end = pendingEnd;
        pendingEnd = null;
        return end;
    }

    /// The client has taken all that [#next] gave; grants up to `window` more tokens once half of them are used.
    ///
    /// @return whether the engine has to be told of more credit
    boolean taken(int window) {
        takenCount = pendingFrom;
        if (ended || creditUpTo - takenCount > window / 2) {
            return false;
        }
        creditUpTo = takenCount + window;
        return true;
    }
}
