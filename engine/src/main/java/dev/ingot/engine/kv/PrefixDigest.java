package dev.ingot.engine.kv;

/// What a prefix cache holds, in brief: the hashes of [PrefixChain] of its blocks, in no order.
public final class PrefixDigest {
    /// Of a cache that holds nothing.
    public static final PrefixDigest EMPTY = new PrefixDigest(new long[0], true);

    private final long[] hashes;
    private final boolean complete;

    private PrefixDigest(long[] hashes, boolean complete) {
        this.hashes = hashes;
        this.complete = complete;
    }

    /// Takes a copy of the hashes.
    public static PrefixDigest of(long[] hashes, boolean complete) {
        return new PrefixDigest(hashes.clone(), complete);
    }

    /// How many blocks it names.
    public int size() {
        return hashes.length;
    }

    /// The hash of one of them.
    public long hash(int index) {
        return hashes[index];
    }

    /// Whether the cache holds no others.
    public boolean isComplete() {
        return complete;
    }
}
