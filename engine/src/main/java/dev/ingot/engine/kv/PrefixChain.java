package dev.ingot.engine.kv;

import dev.ingot.engine.sequence.Tokens;

/// The prefixes of a prompt as the prefix cache knows them: one hash per full block, of all tokens up to its end.
///
/// Whoever sends requests to several caches compares these with what it has sent, or with a [PrefixDigest], to find the
/// cache that holds most of a prompt. A hash only says where to look.
public final class PrefixChain {
    private PrefixChain() {}

    /// The hashes of a prompt's full blocks, at most `most` of them, from its beginning.
    ///
    /// @param salt as in [Demand]
    public static long[] of(Tokens prompt, int blockSize, long salt, int most) {
        var chain = new long[Math.min(most, prompt.size() / blockSize)];
        var block = new int[blockSize];
        long hash = PrefixHash.mix(salt);
        for (int i = 0; i < chain.length; i++) {
            for (int j = 0; j < blockSize; j++) {
                block[j] = prompt.get(i * blockSize + j);
            }
            hash = PrefixHash.MIXED.next(hash, block);
            chain[i] = hash;
        }
        return chain;
    }
}
