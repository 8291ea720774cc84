package dev.ingot.engine.kv;

/// What a prefix cache holds, in brief: the hashes of [PrefixChain] of its blocks.
///
/// @param hashes in no order; not to be changed
/// @param complete whether these are all, or only as many as were asked for
public record PrefixDigest(long[] hashes, boolean complete) {
    /// Of a cache that holds nothing.
    public static final PrefixDigest EMPTY = new PrefixDigest(new long[0], true);
}
