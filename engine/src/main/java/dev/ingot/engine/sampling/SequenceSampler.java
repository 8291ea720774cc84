package dev.ingot.engine.sampling;

import static dev.ingot.engine.sampling.InvalidLogitsException.Reason.BROKEN_ROW;
import static dev.ingot.engine.sampling.InvalidLogitsException.Reason.NOTHING_LEFT;

import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.SoftmaxWeight;
import dev.ingot.engine.sequence.Tokens;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Chooses the next token of one sequence, again and again.
///
/// A row of logits goes through these stages, in the order of vLLM's sampler:
///
/// 1. log probabilities are taken, of the row as the model gave it;
/// 2. `min_tokens`: end and stop tokens cannot be chosen yet;
/// 3. `logit_bias`;
/// 4. repetition penalty over prompt and output, then frequency and presence penalty over the output;
/// 5. temperature 0: the likeliest token, and the lower id of two that are equal. Otherwise:
/// 6. temperature, `min_p`, `top_k`, `top_p`, each over what the one before left;
/// 7. the draw: inverse cumulative distribution in index order, at a [Philox] number for (seed, choice, output position).
///
/// The host does all of it in [#next]; the device does the same, to the bit, with what [#reported], [#writeEdits] and
/// [#draw] tell it, and [#nextDrawn] takes note.
///
/// Nothing else has a say. A sampler that is rebuilt from the prompt and the output so far goes on exactly as the first one
/// would have. Used by one thread at a time.
public final class SequenceSampler {
    private final SamplingParams params;
    private final int choice;
    private final int vocabulary;
    private final boolean penalizes;
    private final int[] bans;
    private final float scale;
    private final int reach;
    private final int topP;
    private final TokenCounts counts = new TokenCounts();
    private int outputCount;

    /// A sampler that continues after `generated`.
    ///
    /// @param choice which of the request's choices
    /// @param generated empty at first; after a preemption or a restart, what was sampled before it
    /// @param vocabulary logits in a row
    /// @throws IllegalArgumentException if a token of the prompt, the output or the bias is outside the vocabulary
    public SequenceSampler(
            SamplingParams params, int choice, Tokens prompt, Tokens generated, int vocabulary) {
        this.params = params;
        this.choice = choice;
        this.vocabulary = vocabulary;
        this.penalizes =
                params.repetitionPenalty() != 1
                        || params.presencePenalty() != 0
                        || params.frequencyPenalty() != 0;
        this.bans = bans(params, vocabulary);
        this.scale = params.temperature() == 0 ? 0 : SoftmaxWeight.scale(params.temperature());
        this.reach = SoftmaxWeight.reach(params.minP());
        this.topP = SoftmaxWeight.share(params.topP());
        for (int i = 0; i < params.logitBias().size(); i++) {
            requireKnown("logit_bias", params.logitBias().token(i));
        }
        for (int i = 0; i < prompt.size(); i++) {
            requireKnown("prompt", prompt.get(i));
            if (params.repetitionPenalty() != 1) {
                counts.addPrompt(prompt.get(i));
            }
        }
        for (int i = 0; i < generated.size(); i++) {
            requireKnown("output", generated.get(i));
            advance(generated.get(i));
        }
    }

    /// What it samples by.
    public SamplingParams params() {
        return params;
    }

    /// Output tokens so far, those it was built with included.
    public int outputCount() {
        return outputCount;
    }

    /// Chooses the next token from a row of logits and takes it into account from then on.
    ///
    /// @param row `vocabulary` logits, `F32`; read only
    /// @param scratch this thread's own
    /// @throws InvalidLogitsException if there is none to choose; the sampler is then as it was
    public Sample next(MemorySegment row, SamplerScratch scratch) throws InvalidLogitsException {
        if (row.byteSize() != (long) vocabulary * Float.BYTES) {
            throw new IllegalArgumentException(
                    row.byteSize() + " bytes of logits for a vocabulary of " + vocabulary);
        }
        float[] logits = scratch.logits;
        MemorySegment.copy(row, ValueLayout.JAVA_FLOAT, 0, logits, 0, vocabulary);
        int likeliest = likeliest(logits, BROKEN_ROW);
        double logSum = 0;
        TopLogprobs top = null;
        if (params.logprobs() != SamplingParams.NO_LOGPROBS) {
            logSum = logSum(logits, logits[likeliest]);
            top = topLogprobs(scratch, logSum);
        }
        if (process(logits)) {
            likeliest = likeliest(logits, NOTHING_LEFT);
        }
        int token =
                params.temperature() == 0
                        ? likeliest
                        : scratch.candidates.draw(logits, vocabulary, logits[likeliest], draw(0));
        advance(token);
        return top == null
                ? Sample.of(token)
                : new Sample(
                        token,
                        (float) (row.getAtIndex(ValueLayout.JAVA_FLOAT, token) - logSum),
                        top);
    }

    /// How many of the likeliest tokens are reported with each token; [SamplingParams#NO_LOGPROBS] for no log
    /// probabilities.
    public int reported() {
        return Math.min(params.logprobs(), vocabulary);
    }

    /// Whether the tokens before it have a say in the logits of the next one, other than through the model.
    public boolean penalizes() {
        return penalizes;
    }

    /// How the device chooses the next token: [dev.ingot.engine.ops.Encoder#sample].
    ///
    /// @param pending tokens of the output before it that the sampler has not been told of
    public Draw draw(int pending) {
        return params.temperature() == 0
                ? Draw.LIKELIEST
                : new Draw(
                        scale,
                        reach,
                        params.topK(),
                        topP,
                        Philox.bits(
                                params.seed(),
                                choice,
                                outputCount + pending,
                                Philox.PURPOSE_TOKEN));
    }

    /// At least as many as [#writeEdits] writes.
    public int mostEdits(int pending) {
        return counts.size()
                + params.logitBias().size()
                + (isTooEarlyToEnd(pending) ? bans.length : 0);
    }

    private boolean isTooEarlyToEnd(int pending) {
        return outputCount + pending < params.minTokens();
    }

    /// Writes what logits processors change before the next token is chosen, from entry `index` on.
    ///
    /// @param pending tokens of the output before it that the sampler has not been told of; none where it [#penalizes]
    /// @return the entry behind them
    public int writeEdits(LogitEdits edits, int index, int pending) {
        if (pending > 0 && penalizes) {
            throw new IllegalStateException("penalties need to know the token before");
        }
        var next =
                new Object() {
                    int index;
                };
        next.index = index;
        forEachEdit(
                pending,
                (token, bias, repetition, frequency, presence) ->
                        edits.write(next.index++, token, bias, repetition, frequency, presence));
        return next.index;
    }

    /// Takes the token that the device chose, after [#writeEdits] and by [#draw], where no log probabilities are asked for.
    ///
    /// @throws IllegalArgumentException if there is no such token
    public Sample nextDrawn(int token) {
        if (reported() != SamplingParams.NO_LOGPROBS) {
            throw new IllegalStateException("this request asks for log probabilities, too");
        }
        requireKnown("the device's draw", token);
        advance(token);
        return Sample.of(token);
    }

    /// The same where they are.
    ///
    /// @param logprob the token's
    /// @param top the likeliest [#reported]
    public Sample nextDrawn(int token, float logprob, TopLogprobs top) {
        if (reported() == SamplingParams.NO_LOGPROBS) {
            throw new IllegalStateException("this request asks for no log probabilities");
        }
        requireKnown("the device's draw", token);
        advance(token);
        return new Sample(token, logprob, top);
    }

    private void advance(int token) {
        if (penalizes) {
            counts.addOutput(token);
        }
        outputCount++;
    }

    /// @return the index of the largest logit, the lowest of equal ones
    private int likeliest(float[] logits, InvalidLogitsException.Reason otherwise)
            throws InvalidLogitsException {
        float max = Float.NEGATIVE_INFINITY;
        int likeliest = -1;
        for (int token = 0; token < vocabulary; token++) {
            float logit = logits[token];
            if (!(logit < Float.POSITIVE_INFINITY)) {
                throw new InvalidLogitsException(
                        otherwise, "the logit of token " + token + " is " + logit);
            }
            if (logit > max) {
                max = logit;
                likeliest = token;
            }
        }
        if (likeliest < 0) {
            throw new InvalidLogitsException(otherwise, "no token is possible");
        }
        return likeliest;
    }

    /// The logarithm of the sum of all `e^logit`.
    private double logSum(float[] logits, float max) {
        float naturalScale = SoftmaxWeight.scale(1);
        long sum = 0;
        for (int token = 0; token < vocabulary; token++) {
            sum += SoftmaxWeight.of(SoftmaxWeight.distance(logits[token], max, naturalScale));
        }
        return SoftmaxWeight.logSum(max, sum);
    }

    private TopLogprobs topLogprobs(SamplerScratch scratch, double logSum) {
        if (params.logprobs() == 0) {
            return TopLogprobs.NONE;
        }
        var candidates = scratch.candidates;
        candidates.gather(scratch.logits, vocabulary);
        candidates.keepLikeliest(params.logprobs());
        int[] order = candidates.byRank();
        int[] tokens = new int[order.length];
        float[] logprobs = new float[order.length];
        for (int i = 0; i < order.length; i++) {
            tokens[i] = candidates.token(order[i]);
            logprobs[i] = (float) (candidates.score(order[i]) - logSum);
        }
        return TopLogprobs.of(tokens, logprobs);
    }

    /// Stages 2 to 4, in place.
    ///
    /// @return whether anything may have changed
    private boolean process(float[] logits) {
        if (mostEdits(0) == 0) {
            return false;
        }
        forEachEdit(
                0,
                (token, bias, repetition, frequency, presence) ->
                        logits[token] =
                                LogitEdits.edited(
                                        logits[token], bias, repetition, frequency, presence));
        return true;
    }

    /// Told of each token whose logit changes once, in no particular order, with the parameters of [LogitEdits#edited].
    private interface EditVisitor {
        void visit(int token, float bias, float repetition, float frequency, float presence);
    }

    private void forEachEdit(int pending, EditVisitor visitor) {
        boolean tooEarlyToEnd = isTooEarlyToEnd(pending);
        counts.forEach((token, count) ->
                visitor.visit(
                        token,
                        bias(token, tooEarlyToEnd),
                        params.repetitionPenalty(),
                        params.frequencyPenalty() * count,
                        count > 0 ? params.presencePenalty() : 0));
        var biases = params.logitBias();
        for (int i = 0; i < biases.size(); i++) {
            int token = biases.token(i);
            if (!counts.contains(token)) {
                visitor.visit(token, bias(token, tooEarlyToEnd), 1, 0, 0);
            }
        }
        for (int i = 0; tooEarlyToEnd && i < bans.length; i++) {
            if (!counts.contains(bans[i]) && !biases.names(bans[i])) {
                visitor.visit(bans[i], Float.NEGATIVE_INFINITY, 1, 0, 0);
            }
        }
    }

    private float bias(int token, boolean tooEarlyToEnd) {
        return tooEarlyToEnd && Arrays.binarySearch(bans, token) >= 0
                ? Float.NEGATIVE_INFINITY
                : params.logitBias().amountOf(token);
    }

    /// The tokens that `min_tokens` keeps away, ascending. An id outside the vocabulary (an end token that this model has
    /// no logit for) cannot be chosen anyway.
    private static int[] bans(SamplingParams params, int vocabulary) {
        return params.minTokens() == 0
                ? new int[0]
                : IntStream.concat(stream(params.eosTokenIds()), stream(params.stopTokenIds()))
                        .filter(token -> token >= 0 && token < vocabulary)
                        .sorted()
                        .distinct()
                        .toArray();
    }

    private static IntStream stream(Tokens tokens) {
        return IntStream.range(0, tokens.size()).map(tokens::get);
    }

    private void requireKnown(String where, int token) {
        if (token < 0 || token >= vocabulary) {
            throw new IllegalArgumentException(
                    where + " names token " + token + " of a vocabulary of " + vocabulary);
        }
    }
}
