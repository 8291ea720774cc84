package dev.ingot.engine.sampling;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Amounts that are added to chosen logits; −100 all but bans a token, +100 all but forces it.
public final class LogitBias {
    /// No bias.
    public static final LogitBias NONE = new LogitBias(new int[0], new float[0]);

    private final int[] tokens;
    private final float[] amounts;

    private LogitBias(int[] tokens, float[] amounts) {
        this.tokens = tokens;
        this.amounts = amounts;
    }

    /// A bias for each token that is named.
    ///
    /// @param biases token id to amount
    /// @throws IllegalArgumentException if an id is negative or an amount is not finite
    public static LogitBias of(Map<Integer, Float> biases) {
        if (biases.isEmpty()) {
            return NONE;
        }
        var sorted = new TreeMap<>(biases);
        int[] tokens = new int[sorted.size()];
        float[] amounts = new float[sorted.size()];
        int i = 0;
        for (var bias : sorted.entrySet()) {
            if (bias.getKey() < 0 || !Float.isFinite(bias.getValue())) {
                throw new IllegalArgumentException("logit_bias out of range: " + bias);
            }
            tokens[i] = bias.getKey();
            amounts[i++] = bias.getValue();
        }
        return new LogitBias(tokens, amounts);
    }

    /// Whether no logit is changed.
    public boolean isEmpty() {
        return tokens.length == 0;
    }

    /// How many tokens are named.
    public int size() {
        return tokens.length;
    }

    /// The token that entry `index` is about; ids ascend.
    public int token(int index) {
        return tokens[index];
    }

    /// What is added to its logit.
    public float amount(int index) {
        return amounts[index];
    }

    /// What is added to a token's logit; 0 for one that is not named.
    public float amountOf(int token) {
        int index = Arrays.binarySearch(tokens, token);
        return index < 0 ? 0 : amounts[index];
    }

    /// Whether a token is named.
    public boolean names(int token) {
        return Arrays.binarySearch(tokens, token) >= 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LogitBias that
                && Arrays.equals(tokens, that.tokens)
                && Arrays.equals(amounts, that.amounts);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(amounts);
    }

    @Override
    public String toString() {
        return "LogitBias[" + tokens.length + "]";
    }
}
