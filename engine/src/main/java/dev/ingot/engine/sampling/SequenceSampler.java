package dev.ingot.engine.sampling;

import static dev.ingot.engine.sampling.InvalidLogitsException.Reason.BROKEN_ROW;
import static dev.ingot.engine.sampling.InvalidLogitsException.Reason.NOTHING_LEFT;

import dev.ingot.engine.sequence.Tokens;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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
/// Nothing else has a say. A sampler that is rebuilt from the prompt and the output so far goes on exactly as the first one
/// would have. Used by one thread at a time.
public final class SequenceSampler {
    private final SamplingParams params;
    private final int choice;
    private final int vocabulary;
    private final boolean penalizes;
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
        int token = params.temperature() == 0 ? likeliest : drawFrom(scratch, logits[likeliest]);
        advance(token);
        return top == null
                ? Sample.of(token)
                : new Sample(
                        token,
                        (float) (row.getAtIndex(ValueLayout.JAVA_FLOAT, token) - logSum),
                        top);
    }

    /// Takes the device's argmax as the next token: the row itself is not needed when [SamplingParams#isPlainGreedy].
    ///
    /// @param argmaxToken −1 for a row that the device found to be broken
    /// @throws InvalidLogitsException for −1
    public Sample nextGreedy(int argmaxToken) throws InvalidLogitsException {
        if (!params.isPlainGreedy()) {
            throw new IllegalStateException(
                    "the likeliest token is not all that this request asks for");
        }
        if (argmaxToken < 0) {
            throw new InvalidLogitsException(
                    BROKEN_ROW, "the device found NaN or infinity among the logits");
        }
        requireKnown("argmax", argmaxToken);
        advance(argmaxToken);
        return Sample.of(argmaxToken);
    }

    /// Chooses the next token from the likeliest ones alone, which the device has listed: the same token, bit for bit,
    /// as from the whole row.
    ///
    /// @param ids at least [SamplingParams#shortlist] ints, likeliest first; −1 where the row has no more, and at once
    ///     where it is broken
    /// @param logits theirs, `F32`
    /// @throws InvalidLogitsException if there is none to choose; the sampler is then as it was
    public Sample nextOf(MemorySegment ids, MemorySegment logits, SamplerScratch scratch)
            throws InvalidLogitsException {
        int wanted = params.shortlist();
        if (wanted == 0 || ids.byteSize() < (long) wanted * Integer.BYTES) {
            throw new IllegalStateException("this request does not choose among so few tokens");
        }
        if (ids.get(ValueLayout.JAVA_INT, 0) < 0) {
            throw new InvalidLogitsException(
                    BROKEN_ROW, "the device found no likeliest token, but NaN or infinity");
        }
        float max = logits.get(ValueLayout.JAVA_FLOAT, 0);
        var candidates = scratch.candidates;
        candidates.gatherListed(ids, logits, wanted, lowest(max));
        int token = draw(candidates, max);
        requireKnown("shortlist", token);
        advance(token);
        return Sample.of(token);
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
        double sum = 0;
        for (int token = 0; token < vocabulary; token++) {
            sum += Exponential.exp((double) logits[token] - max);
        }
        return max + StrictMath.log(sum);
    }

    private TopLogprobs topLogprobs(SamplerScratch scratch, double logSum) {
        if (params.logprobs() == 0) {
            return TopLogprobs.NONE;
        }
        var candidates = scratch.candidates;
        candidates.gather(scratch.logits, vocabulary, Double.NEGATIVE_INFINITY);
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
        boolean tooEarlyToEnd = outputCount < params.minTokens();
        if (tooEarlyToEnd) {
            ban(logits, params.eosTokenIds());
            ban(logits, params.stopTokenIds());
        }
        var bias = params.logitBias();
        for (int i = 0; i < bias.size(); i++) {
            logits[bias.token(i)] += bias.amount(i);
        }
        if (penalizes) {
            counts.forEach(
                    (token, outputCount) -> logits[token] = penalized(logits[token], outputCount));
        }
        return tooEarlyToEnd || !bias.isEmpty() || penalizes;
    }

    /// An id outside the vocabulary (an end token that this model has no logit for) cannot be chosen anyway.
    private void ban(float[] logits, Tokens tokens) {
        for (int i = 0; i < tokens.size(); i++) {
            int token = tokens.get(i);
            if (token >= 0 && token < vocabulary) {
                logits[token] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private float penalized(float logit, int outputCount) {
        float repetition = params.repetitionPenalty();
        float penalized = logit > 0 ? logit / repetition : logit * repetition;
        penalized -= params.frequencyPenalty() * outputCount;
        return outputCount > 0 ? penalized - params.presencePenalty() : penalized;
    }

    /// Stages 6 and 7.
    private int drawFrom(SamplerScratch scratch, float max) {
        var candidates = scratch.candidates;
        candidates.gather(scratch.logits, vocabulary, lowest(max));
        if (params.topK() > 0) {
            candidates.keepLikeliest(params.topK());
        }
        return draw(candidates, max);
    }

    /// The least logit that `min_p` admits: p ≥ minP · p(likeliest), said of the logits; log 0 is −∞ and admits all.
    private double lowest(float max) {
        return max + params.temperature() * StrictMath.log(params.minP());
    }

    /// `top_p` and the draw.
    private int draw(Candidates candidates, float max) {
        double total = candidates.weigh(max, params.temperature());
        if (params.topP() < 1) {
            total = candidates.keepNucleus(params.topP(), total);
        }
        double uniform = Philox.uniform(params.seed(), choice, outputCount, Philox.PURPOSE_TOKEN);
        return candidates.draw(uniform, total);
    }

    private void requireKnown(String where, int token) {
        if (token < 0 || token >= vocabulary) {
            throw new IllegalArgumentException(
                    where + " names token " + token + " of a vocabulary of " + vocabulary);
        }
    }
}
