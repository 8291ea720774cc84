package dev.ingot.engine.sampling;

import dev.ingot.engine.sequence.Tokens;
import java.util.List;

/// Changes some of a [SamplingParams] and leaves the rest as it was. What the names mean is said there.
public final class SamplingParamsBuilder {
    private float temperature;
    private int topK;
    private float topP;
    private float minP;
    private float repetitionPenalty;
    private float presencePenalty;
    private float frequencyPenalty;
    private LogitBias logitBias;
    private long seed;
    private List<String> stopStrings;
    private Tokens eosTokenIds;
    private Tokens stopTokenIds;
    private int maxTokens;
    private int minTokens;
    private int logprobs;

    SamplingParamsBuilder(SamplingParams from) {
        temperature = from.temperature();
        topK = from.topK();
        topP = from.topP();
        minP = from.minP();
        repetitionPenalty = from.repetitionPenalty();
        presencePenalty = from.presencePenalty();
        frequencyPenalty = from.frequencyPenalty();
        logitBias = from.logitBias();
        seed = from.seed();
        stopStrings = from.stopStrings();
        eosTokenIds = from.eosTokenIds();
        stopTokenIds = from.stopTokenIds();
        maxTokens = from.maxTokens();
        minTokens = from.minTokens();
        logprobs = from.logprobs();
    }

    /// Sets [SamplingParams#temperature].
    public SamplingParamsBuilder temperature(float value) {
        temperature = value;
        return this;
    }

    /// Sets [SamplingParams#topK].
    public SamplingParamsBuilder topK(int value) {
        topK = value;
        return this;
    }

    /// Sets [SamplingParams#topP].
    public SamplingParamsBuilder topP(float value) {
        topP = value;
        return this;
    }

    /// Sets [SamplingParams#minP].
    public SamplingParamsBuilder minP(float value) {
        minP = value;
        return this;
    }

    /// Sets [SamplingParams#repetitionPenalty].
    public SamplingParamsBuilder repetitionPenalty(float value) {
        repetitionPenalty = value;
        return this;
    }

    /// Sets [SamplingParams#presencePenalty].
    public SamplingParamsBuilder presencePenalty(float value) {
        presencePenalty = value;
        return this;
    }

    /// Sets [SamplingParams#frequencyPenalty].
    public SamplingParamsBuilder frequencyPenalty(float value) {
        frequencyPenalty = value;
        return this;
    }

    /// Sets [SamplingParams#logitBias].
    public SamplingParamsBuilder logitBias(LogitBias value) {
        logitBias = value;
        return this;
    }

    /// Sets [SamplingParams#seed].
    public SamplingParamsBuilder seed(long value) {
        seed = value;
        return this;
    }

    /// Sets [SamplingParams#stopStrings].
    public SamplingParamsBuilder stopStrings(List<String> value) {
        stopStrings = value;
        return this;
    }

    /// Sets [SamplingParams#eosTokenIds].
    public SamplingParamsBuilder eosTokenIds(Tokens value) {
        eosTokenIds = value;
        return this;
    }

    /// Sets [SamplingParams#stopTokenIds].
    public SamplingParamsBuilder stopTokenIds(Tokens value) {
        stopTokenIds = value;
        return this;
    }

    /// Sets [SamplingParams#maxTokens].
    public SamplingParamsBuilder maxTokens(int value) {
        maxTokens = value;
        return this;
    }

    /// Sets [SamplingParams#minTokens].
    public SamplingParamsBuilder minTokens(int value) {
        minTokens = value;
        return this;
    }

    /// Sets [SamplingParams#logprobs].
    public SamplingParamsBuilder logprobs(int value) {
        logprobs = value;
        return this;
    }

    /// The parameters.
    ///
    /// @throws IllegalArgumentException naming the field that is out of range
    public SamplingParams build() {
        return new SamplingParams(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed,
                stopStrings,
                eosTokenIds,
                stopTokenIds,
                maxTokens,
                minTokens,
                logprobs);
    }
}
