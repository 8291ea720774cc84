package dev.ingot.api.bench;

import dev.ingot.api.bench.LoadSettings.Range;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Random prompts: the n-th of a seed is always the same, whoever asks for it and when.
///
/// Its length depends on n, its tokens on n and a variant: two runs with different variants cost the same, and
/// nothing of the first is in the prefix cache for the second.
///
/// Token ids are drawn from the beginning of the vocabulary, which every model has; below 256 there are single bytes
/// and, in some, control tokens.
final class PromptSampler {
    private static final int FIRST_ID = 256;
    private static final int END_ID = 640;
    private static final long LENGTH = -1;
    private static final long PREFIX = -2;
    private static final String[] WORDS = {
        "the", "a", "server", "reads", "prompt", "token", "after", "time", "step", "memory", "and",
        "is", "one", "many", "in", "of", "weights", "wait", "first", "cache", "blocks", "given"
    };

    private final Range length;
    private final int sharedPrefix;
    private final long seed;

    PromptSampler(Range length, int sharedPrefix, long seed) {
        this.length = length;
        this.sharedPrefix = sharedPrefix;
        this.seed = seed;
    }

    /// Token ids: the shared prefix, then as many as the range says.
    int[] ids(long index, long variant) {
        int own = random(index, LENGTH).nextInt(length.low(), length.high() + 1);
        return IntStream.concat(
                        random(0, PREFIX).ints(sharedPrefix, FIRST_ID, END_ID),
                        random(index, variant).ints(own, FIRST_ID, END_ID))
                .toArray();
    }

    /// A word for each of [#ids]: about as many tokens.
    String text(long index, long variant) {
        return IntStream.of(ids(index, variant))
                .mapToObj(id -> WORDS[id % WORDS.length])
                .collect(Collectors.joining(" "));
    }

    private SplittableRandom random(long index, long variant) {
        // Mixed step by step: neighbouring seeds, variants and indices have nothing in common.
        long mixed = new SplittableRandom(seed).nextLong() + variant;
        mixed = new SplittableRandom(mixed).nextLong() + index;
        return new SplittableRandom(mixed);
    }
}
