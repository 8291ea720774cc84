package dev.ingot.engine.sampling;

import java.util.Arrays;

/// The distinct tokens of a sequence, and how often each occurs in the output: what the penalties need to know.
///
/// Grows with the distinct tokens, not with the vocabulary. Open addressing with linear probing.
final class TokenCounts {
    private static final int EMPTY = -1;

    private int[] tokens = new int[64];
    private int[] outputCounts = new int[64];
    private int size;

    TokenCounts() {
        Arrays.fill(tokens, EMPTY);
    }

    void addPrompt(int token) {
        slot(token);
    }

    void addOutput(int token) {
        int slot = slot(token); // May replace the arrays: find the slot before touching them.
        outputCounts[slot]++;
    }

    int size() {
        return size;
    }

    boolean contains(int token) {
        return tokens[find(token)] == token;
    }

    /// Told of each distinct token once, in no particular order.
    interface Visitor {
        void visit(int token, int outputCount);
    }

    void forEach(Visitor visitor) {
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] != EMPTY) {
                visitor.visit(tokens[i], outputCounts[i]);
            }
        }
    }

    private int slot(int token) {
        int slot = find(token);
        if (tokens[slot] == token) {
            return slot;
        }
        if (2 * (size + 1) > tokens.length) {
            grow();
            slot = find(token);
        }
        tokens[slot] = token;
        size++;
        return slot;
    }

    private int find(int token) {
        int mask = tokens.length - 1;
        int slot = ((token * 0x9E3779B9) >>> 7) & mask;
        while (tokens[slot] != EMPTY && tokens[slot] != token) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        int[] oldTokens = tokens;
        int[] oldCounts = outputCounts;
        tokens = new int[2 * oldTokens.length];
        outputCounts = new int[2 * oldTokens.length];
        Arrays.fill(tokens, EMPTY);
        for (int i = 0; i < oldTokens.length; i++) {
            if (oldTokens[i] != EMPTY) {
                int slot = find(oldTokens[i]);
                tokens[slot] = oldTokens[i];
                outputCounts[slot] = oldCounts[i];
            }
        }
    }
}
