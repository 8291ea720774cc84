package dev.ingot.engine.sampling;

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): random numbers without a state.
///
/// A number is a pure function of its key and its counter, so that it can be drawn again after a preemption, in another
/// batch or on another node, and comes out the same. The key is the request's seed; the counter is
/// (output position, 0, choice, purpose).
public final class Philox {
    /// [#bits]' purpose when it picks a token. Another use of randomness takes another number.
    public static final int PURPOSE_TOKEN = 0;

    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;
    private static final long LOW_32 = 0xFFFFFFFFL;

    private Philox() {}

    /// 64 bits, of the block's first two words.
    ///
    /// @param choice which of a request's `n` choices
    /// @param position index of the output token, 0 for the first
    public static long bits(long seed, int choice, int position, int purpose) {
        long[] words = block((int) seed, (int) (seed >>> 32), position, 0, choice, purpose);
        return (words[0] << 32) | words[1];
    }

    /// Four unsigned 32-bit words.
    static long[] block(
            int key0, int key1, int counter0, int counter1, int counter2, int counter3) {
        int c0 = counter0;
        int c1 = counter1;
        int c2 = counter2;
        int c3 = counter3;
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * (c0 & LOW_32);
            long product1 = MULTIPLIER_1 * (c2 & LOW_32);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new long[] {c0 & LOW_32, c1 & LOW_32, c2 & LOW_32, c3 & LOW_32};
    }
}
