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

    /// @param biases token id to amount
    public static LogitBias of(Map<Integer, Float> biases) {
        if (biases.isEmpty()) {
            return NONE;
        }
        var sorted = new TreeMap<>(biases);
        int[] tokens = new int[sorted.size()];
        float[] amounts = new float[sorted.size()];
        int i = 0;
        for (var bias : sorted.entrySet()) {
            tokens[i] = bias.getKey();
            amounts[i++] = bias.getValue();
        }
        return new LogitBias(tokens, amounts);
    }

    public boolean isEmpty() {
        return tokens.length == 0;
    }

    public int size() {
        return tokens.length;
    }

    public int token(int index) {
        return tokens[index];
    }

    public float amount(int index) {
        return amounts[index];
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
