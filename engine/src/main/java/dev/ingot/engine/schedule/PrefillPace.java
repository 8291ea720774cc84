package dev.ingot.engine.schedule;

/// How many tokens of a prompt a step can bear, from how long steps took.
///
/// A step's time is taken as that of its decode rows, plus `c · (α + β · depth)` for a chunk of `c` tokens at that depth:
/// each of its tokens costs the same work, and attends to all that is before it. α and β are a least-squares fit over the
/// last few hundred steps, the decode rows' time is that of the last step without a chunk; now and then one is asked for.
///
/// Which tokens come out does not depend on it, only when.
public final class PrefillPace {
    private static final double DECAY = 0.998;
    private static final int STEPS_BETWEEN_PROBES = 32;
    private static final int STEPS_BETWEEN_EARLY_PROBES = 4;

    /// To learn from, where nothing is known yet.
    private static final int FIRST_CHUNK = 16;

    private final double stretch;
    private double tokens2;
    private double tokensDepth;
    private double depth2;
    private double nanosTokens;
    private double nanosDepth;
    private double nanosPerToken;
    private double nanosPerTokenAndDepth;
    private double decodeNanos;
    private int decodeRows;
    private int stepsSinceProbe;

    /// @param stretch how many times as long a step may become
    public PrefillPace(double stretch) {
        this.stretch = stretch;
    }

    /// A step took this long on the device.
    public void stepEnded(StepPlan plan, long nanos) {
        int rows = 0;
        double tokens = 0;
        double depth = 0;
        for (var slice : plan.slices()) {
            int count = slice.tokens().size();
            if (slice.isDecode()) {
                rows++;
            } else {
                tokens += count;
                depth += count * (slice.firstPosition() + count / 2.0);
            }
        }
        if (tokens == 0) {
            boolean steady = decodeNanos > 0 && rows == decodeRows;
            decodeNanos = steady ? (decodeNanos + nanos) / 2 : nanos;
            decodeRows = rows;
            stepsSinceProbe = 0;
            return;
        }
        stepsSinceProbe++;
        if (rows == 0 || decodeNanos > 0) {
            learn(tokens, depth, Math.max(0, nanos - (rows == 0 ? 0 : decodeNanos)));
        }
    }

    private void learn(double tokens, double depth, double nanos) {
        tokens2 = DECAY * tokens2 + tokens * tokens;
        tokensDepth = DECAY * tokensDepth + tokens * depth;
        depth2 = DECAY * depth2 + depth * depth;
        nanosTokens = DECAY * nanosTokens + nanos * tokens;
        nanosDepth = DECAY * nanosDepth + nanos * depth;
        double determinant = tokens2 * depth2 - tokensDepth * tokensDepth;
        nanosPerToken = nanosTokens / tokens2;
        nanosPerTokenAndDepth = 0;
        // Chunks that were all at about one depth say nothing about another.
        if (determinant > 1e-3 * tokens2 * depth2) {
            double perToken = (nanosTokens * depth2 - nanosDepth * tokensDepth) / determinant;
            double perDepth = (nanosDepth * tokens2 - nanosTokens * tokensDepth) / determinant;
            if (perToken > 0 && perDepth > 0) {
                nanosPerToken = perToken;
                nanosPerTokenAndDepth = perDepth;
            }
        }
    }

    /// How many tokens at depth 0 cost as much as `count` from `depth` on.
    double work(int depth, int count) {
        if (nanosPerToken == 0) {
            return count;
        }
        double middle = depth + count / 2.0;
        return count * (1 + nanosPerTokenAndDepth / nanosPerToken * middle);
    }

    /// The most tokens from `depth` on that cost no more than `work` tokens at depth 0; at least 1.
    int tokens(int depth, double work) {
        int most = (int) Math.max(1, work);
        // From the depth of its last token: a little less than could be.
        return (int) Math.max(1, work / work(depth + most, 1));
    }

    /// How much work may be added to a step with this many decode rows; 0 where it has to be found out first how long
    /// they take by themselves.
    double allowance(int rows) {
        if (rows == 0) {
            return Double.MAX_VALUE;
        }
        if (decodeNanos == 0 || isStale(rows)) {
            return 0;
        }
        return nanosPerToken == 0 ? FIRST_CHUNK : (stretch - 1) * decodeNanos / nanosPerToken;
    }

    /// How much work may be added to a step with this many decode rows so that it takes at most `times` as long as they by
    /// themselves did when that was last seen; any where it is not known.
    double bearable(int rows, double times) {
        return rows == 0 || decodeNanos == 0 || nanosPerToken == 0
                ? Double.MAX_VALUE
                : (times - 1) * decodeNanos / nanosPerToken;
    }

    /// Whether it was seen too long ago, or for another number of them.
    boolean isDoubtful(int rows) {
        return rows > 0 && decodeNanos > 0 && isStale(rows);
    }

    private boolean isStale(int rows) {
        boolean changed = 4 * Math.abs(rows - decodeRows) > Math.max(rows, decodeRows);
        return stepsSinceProbe >= (changed ? STEPS_BETWEEN_EARLY_PROBES : STEPS_BETWEEN_PROBES);
    }
}
