package dev.ingot.engine.sequence;

import java.util.Arrays;

/// An immutable run of token ids.
public final class Tokens {
    /// No tokens.
    public static final Tokens NONE = new Tokens(new int[0]);

    private final int[] ids;

    private Tokens(int[] ids) {
        this.ids = ids;
    }

    /// Takes a copy of `ids`.
    public static Tokens of(int... ids) {
        return ids.length == 0 ? NONE : new Tokens(ids.clone());
    }

    /// Takes a copy of `ids[from, to)`.
    public static Tokens of(int[] ids, int from, int to) {
        return from == to ? NONE : new Tokens(Arrays.copyOfRange(ids, from, to));
    }

    public int size() {
        return ids.length;
    }

    public boolean isEmpty() {
        return ids.length == 0;
    }

    public int get(int index) {
        return ids[index];
    }

    public boolean contains(int id) {
        for (int each : ids) {
            if (each == id) {
                return true;
            }
        }
        return false;
    }

    /// This run followed by `other`.
    public Tokens plus(Tokens other) {
        if (other.isEmpty()) {
            return this;
        }
        int[] joined = Arrays.copyOf(ids, ids.length + other.ids.length);
        System.arraycopy(other.ids, 0, joined, ids.length, other.ids.length);
        return new Tokens(joined);
    }

    /// Copies all ids into `target` from `targetIndex` on.
    public void copyTo(int[] target, int targetIndex) {
        System.arraycopy(ids, 0, target, targetIndex, ids.length);
    }

    /// A copy that the caller owns.
    public int[] toArray() {
        return ids.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tokens that && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    /// The count and the first few ids: a prompt in a log line must stay short.
    @Override
    public String toString() {
        String head = Arrays.toString(Arrays.copyOf(ids, Math.min(8, ids.length)));
        return ids.length <= 8 ? head : ids.length + " tokens " + head.replace("]", ", …]");
    }
}
