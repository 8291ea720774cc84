package dev.ingot.api.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// One thing to measure, in the words of llama-bench: `pp512` reads a prompt of 512 tokens, `tg64` generates
/// 64 tokens one by one; `tg64@512` does so behind 512 tokens of context, `tg64@128*8` in 8 sequences at once.
///
/// @param tokens of each sequence
/// @param depth tokens of each sequence that are in the KV cache before
/// @param batch sequences
record BenchTest(Phase phase, int tokens, int depth, int batch) {
    private static final Pattern NAME =
            Pattern.compile("(pp|tg)(\\d{1,6})(?:@(\\d{1,6}))?(?:\\*(\\d{1,4}))?");
    private static final int[] BATCHES = {1, 2, 4, 8, 16, 32};

    /// Whether many positions of a sequence are computed in a step, or one.
    enum Phase {
        PREFILL("pp"),
        DECODE("tg");

        private final String word;

        Phase(String word) {
            this.word = word;
        }
    }

    BenchTest {
        if (tokens < 1 || depth < 0 || batch < 1) {
            throw new IllegalArgumentException(
                    tokens + " tokens at depth " + depth + " in " + batch + " sequences");
        }
    }

    /// Reads a name such as `tg64@128*8`.
    ///
    /// @throws IllegalArgumentException if it is no test's name
    static BenchTest parse(String name) {
        var match = NAME.matcher(name.strip());
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' is no test; expected ppTOKENS or tgTOKENS, then @DEPTH and *BATCH where wanted");
        }
        return new BenchTest(
                match.group(1).equals("pp") ? Phase.PREFILL : Phase.DECODE,
                Integer.parseInt(match.group(2)),
                match.group(3) == null ? 0 : Integer.parseInt(match.group(3)),
                match.group(4) == null ? 1 : Integer.parseInt(match.group(4)));
    }

    /// What llama-bench and llama-batched-bench measure: prompts of 128 and 512, 64 tokens at depth 0 and 512, and
    /// prompts of 128 with 64 tokens after them in up to 32 sequences.
    static List<BenchTest> defaults() {
        var tests = new ArrayList<BenchTest>();
        tests.add(new BenchTest(Phase.PREFILL, 128, 0, 1));
        tests.add(new BenchTest(Phase.PREFILL, 512, 0, 1));
        tests.add(new BenchTest(Phase.DECODE, 64, 0, 1));
        tests.add(new BenchTest(Phase.DECODE, 64, 512, 1));
        for (int batch : BATCHES) {
            if (batch > 1) {
                tests.add(new BenchTest(Phase.PREFILL, 128, 0, batch));
            }
            tests.add(new BenchTest(Phase.DECODE, 64, 128, batch));
        }
        return tests;
    }

    /// Positions of a sequence when the test has run.
    int length() {
        return depth + tokens;
    }

    /// Tokens that are counted, of all sequences.
    long totalTokens() {
        return (long) batch * tokens;
    }

    /// Its name.
    @Override
    public String toString() {
        return phase.word
                + tokens
                + (depth == 0 ? "" : "@" + depth)
                + (batch == 1 ? "" : "*" + batch);
    }
}
