package dev.ingot.engine.schedule;

/// How many tokens of a prompt a step can bear, from how long steps took.
///
/// A step's time is taken as that of its decode rows and what its chunks add ([PrefillCost]). The decode rows' time is the
/// median of the last steps without a chunk; now and then one is asked for. A machine that others use too has single steps
/// of half as much again: one of these must not set the measure for the next thirty, and by how much steps with chunks
/// exceed what was foretold is kept off what the next ones are given.
///
/// Which tokens come out does not depend on it, only when.
public final class PrefillPace {
    private static final int STEPS_BETWEEN_PROBES = 32;
    private static final int STEPS_BETWEEN_EARLY_PROBES = 4;

    /// To learn from, where nothing is known yet.
    private static final int FIRST_CHUNK = 16;

    private static final int DECODES_KEPT = 9;
    private static final int EXCESSES_KEPT = 16;

    /// Of the last steps with chunks, so many may exceed what they were given.
    private static final int MAY_EXCEED = 1;

    private final double stretch;
    private final PrefillCost cost = new PrefillCost();

    /// Nanoseconds of steps without chunks, and with about as many decode rows as the last one.
    private final Recent decodes = new Recent(DECODES_KEPT);

    /// How many times as long as foretold steps with both took.
    private final Recent excesses = new Recent(EXCESSES_KEPT);

    private double decodeNanos;
    private int decodeRows;
    private int stepsSinceProbe;
    private double excess = 1;

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
            decoded(rows, (double) nanos);
            return;
        }
        stepsSinceProbe++;
        if (rows == 0) {
            cost.learn(tokens, depth / tokens, (double) nanos);
        } else if (decodeNanos > 0) {
            prefilledBesideDecodes(tokens, depth / tokens, (double) nanos);
        }
    }

    private void decoded(int rows, double nanos) {
        double plausible = nanos;
        if (isOther(rows)) {
            decodes.clear();
            if (decodeNanos > 0) {
                // More rows take no less, and no more than in proportion: so much is known of them
                // before the first is seen.
                double inProportion = decodeNanos * rows / decodeRows;
                plausible =
                        Math.clamp(
                                nanos,
                                Math.min(decodeNanos, inProportion),
                                Math.max(decodeNanos, inProportion));
            }
        }
        decodes.add(plausible);
        decodeNanos = decodes.median();
        decodeRows = rows;
        stepsSinceProbe = 0;
    }

    private void prefilledBesideDecodes(double tokens, double depth, double nanos) {
        if (cost.isKnown()) {
            excesses.add(nanos / (decodeNanos + cost.nanos(tokens, depth)));
            excess =
                    excesses.size() > MAY_EXCEED
                            ? Math.max(1, excesses.atOrAbove(MAY_EXCEED + 1))
                            : 1;
        }
        cost.learn(tokens, depth, Math.max(0, nanos - decodeNanos));
    }

    /// How many tokens at depth 0 cost as much as `count` from `depth` on.
    double work(int depth, int count) {
        return cost.isKnown()
                ? cost.nanos(count, depth + count / 2.0) / cost.nanosPerToken()
                : count;
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
        return cost.isKnown() ? (stretch - 1) * decodeNanos / cost.nanosPerToken() : FIRST_CHUNK;
    }

    /// How much work may be added to a step with this many decode rows so that it takes at most `times` as long as they by
    /// themselves did when that was last seen, also where steps took longer than foretold of late; any where it is not
    /// known.
    double bearable(int rows, double times) {
        return rows == 0 || decodeNanos == 0 || !cost.isKnown()
                ? Double.MAX_VALUE
                : Math.max(0, times / excess - 1) * decodeNanos / cost.nanosPerToken();
    }

    /// Whether it was seen too long ago, or for another number of them.
    boolean isDoubtful(int rows) {
        return rows > 0 && decodeNanos > 0 && isStale(rows);
    }

    private boolean isStale(int rows) {
        return stepsSinceProbe
                >= (isOther(rows) ? STEPS_BETWEEN_EARLY_PROBES : STEPS_BETWEEN_PROBES);
    }

    /// Whether so many rows take another time than those that were seen.
    private boolean isOther(int rows) {
        return 4 * Math.abs(rows - decodeRows) > Math.max(rows, decodeRows);
    }
}
