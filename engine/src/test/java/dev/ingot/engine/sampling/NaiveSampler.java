package dev.ingot.engine.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The sampler as one would write it down: doubles, full sorts, maps, no thought of speed. The oracle of the tests.
final class NaiveSampler {
    private NaiveSampler() {}

    /// Stages 2 to 4, in float as the scores of the real one are.
    static float[] process(
            float[] row, SamplingParams params, List<Integer> prompt, List<Integer> output) {
        float[] logits = row.clone();
        if (output.size() < params.minTokens()) {
            for (int token = 0; token < logits.length; token++) {
                if (params.eosTokenIds().contains(token) || params.stopTokenIds().contains(token)) {
                    logits[token] = Float.NEGATIVE_INFINITY;
                }
            }
        }
        for (int i = 0; i < params.logitBias().size(); i++) {
            logits[params.logitBias().token(i)] += params.logitBias().amount(i);
        }
        for (int token = 0; token < logits.length; token++) {
            int wanted = token;
            long count = output.stream().filter(t -> t == wanted).count();
            float frequency = params.frequencyPenalty() * count;
            boolean penalized = count > 0 || prompt.contains(token);
            float repetition = penalized ? params.repetitionPenalty() : 1;
            logits[token] =
                    logits[token] > 0
                            ? logits[token] / repetition - frequency
                            : Math.fma(logits[token], repetition, -frequency);
            logits[token] -= count > 0 ? params.presencePenalty() : 0;
        }
        return logits;
    }

    /// Stage 6: the probability of each token; 0 for one that must not be drawn.
    static double[] distribution(float[] logits, SamplingParams params) {
        var ranked = new ArrayList<Integer>();
        double max = Double.NEGATIVE_INFINITY;
        for (int token = 0; token < logits.length; token++) {
            if (logits[token] != Float.NEGATIVE_INFINITY) {
                ranked.add(token);
                max = Math.max(max, logits[token]);
            }
        }
        ranked.sort(
                Comparator.comparingDouble((Integer token) -> -(double) logits[token])
                        .thenComparing(Comparator.naturalOrder()));
        double[] weights = new double[logits.length];
        for (int token : ranked) {
            weights[token] = StrictMath.exp((logits[token] - max) / params.temperature());
        }
        ranked.removeIf(token -> weights[token] < params.minP());
        if (params.topK() > 0 && params.topK() < ranked.size()) {
            ranked.subList(params.topK(), ranked.size()).clear();
        }
        double total = ranked.stream().mapToDouble(token -> weights[token]).sum();
        double cumulated = 0;
        int kept = 0;
        while (kept < ranked.size()
                && (kept == 0 || params.topP() == 1 || cumulated < params.topP() * total)) {
            cumulated += weights[ranked.get(kept++)];
        }
        double[] distribution = new double[logits.length];
        for (int token : ranked.subList(0, kept)) {
            distribution[token] = weights[token] / cumulated;
        }
        return distribution;
    }

    /// Stage 7.
    static int draw(double[] distribution, double uniform) {
        double cumulated = 0;
        int last = -1;
        for (int token = 0; token < distribution.length; token++) {
            cumulated += distribution[token];
            if (cumulated > uniform) {
                return token;
            }
            last = distribution[token] > 0 ? token : last;
        }
        return last;
    }

    static int next(
            float[] row,
            SamplingParams params,
            int choice,
            List<Integer> prompt,
            List<Integer> output) {
        float[] logits = process(row, params, prompt, output);
        if (params.temperature() == 0) {
            int best = 0;
            for (int token = 1; token < logits.length; token++) {
                best = logits[token] > logits[best] ? token : best;
            }
            return best;
        }
        return draw(
                distribution(logits, params),
                uniform(Philox.bits(params.seed(), choice, output.size(), Philox.PURPOSE_TOKEN)));
    }

    private static double uniform(long bits) {
        return (bits >>> 11) * 0x1p-53;
    }

    static double logprob(float[] row, int token) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : row) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (float logit : row) {
            sum += StrictMath.exp(logit - max);
        }
        return row[token] - max - StrictMath.log(sum);
    }
}
