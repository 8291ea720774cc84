package dev.ingot.engine.kv;

/// Hashes a block together with everything before it: the hash of the prefix so far and the block's tokens.
///
/// A hash only says where to look; [PrefixCache] compares the contents before it believes a hit.
@FunctionalInterface
public interface PrefixHash {
    /// A multiply–xorshift chain; the multiplier and the finisher are those of SplitMix64 (Steele et al. 2014).
    PrefixHash MIXED =
            (parentHash, tokens) -> {
                long hash = parentHash;
                for (int token : tokens) {
                    hash = mix(hash + 0x9E3779B97F4A7C15L * (token + 1L));
                }
                return hash;
            };

    /// The hash of the prefix that ends with this block.
    ///
    /// @param parentHash the hash of the block before, or of the salt
    /// @param tokens one block's tokens
    long next(long parentHash, int[] tokens);

    /// The finisher of SplitMix64: a bijection in which every input bit reaches every output bit.
    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
