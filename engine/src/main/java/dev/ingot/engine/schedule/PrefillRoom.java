package dev.ingot.engine.schedule;

import java.util.List;

/// What one step has left for prompts: tokens, work, and how much of it long prompts may have while others decode.
final class PrefillRoom {
    /// Work that a step has room for whatever the decodes are: a prompt in ever so small pieces would never end.
    private static final int SMALLEST = 8;

    private final SchedulerLimits limits;
    private final PrefillPace pace;
    private final int decodes;
    private int tokens;
    private double work;
    private double longWork;

    /// @param decodes rows that the step decodes
    PrefillRoom(SchedulerLimits limits, PrefillPace pace, int decodes) {
        this.limits = limits;
        this.pace = pace;
        this.decodes = decodes;
        tokens = limits.maxStepTokens() - decodes;
        work =
                Math.min(
                        tokens,
                        Math.max(SMALLEST, pace.bearable(decodes, limits.policy().stretchOfAll())));
        longWork = pace.allowance(decodes);
    }

    boolean isFull() {
        return tokens == 0 || work < 1;
    }

    /// Whether a prompt is next and what was known of the time that the decodes take by themselves is out of date; or a long
    /// prompt is next and nothing is known. Then this step has only them.
    boolean mustMeasureDecodes(List<Sequence> prefilling, WaitingLine waiting) {
        if (decodes == 0 || longWork > 0) {
            return false;
        }
        if (pace.isDoubtful(decodes)) {
            return !prefilling.isEmpty() || waiting.iterator().hasNext();
        }
        for (var sequence : prefilling) {
            if (isLong(sequence)) {
                return true;
            }
        }
        var next = waiting.iterator();
        return next.hasNext() && isLong(next.next());
    }

    /// Tokens from `first` on that this step can bear, at most `count`; 0 where it bears none.
    int chunk(Sequence sequence, int first, int count) {
        if (isFull()) {
            return 0;
        }
        int most = Math.min(Math.min(tokens, count), pace.tokens(first, work));
        if (decodes == 0 || !isLong(sequence)) {
            return most;
        }
        return longWork < 0 ? 0 : Math.min(most, pace.tokens(first, longWork));
    }

    void take(Sequence sequence, int first, int count) {
        double cost = pace.work(first, count);
        tokens -= count;
        work -= cost;
        if (decodes > 0 && isLong(sequence)) {
            longWork -= Math.max(cost, 1e-3);
            longWork = longWork < 1 ? -1 : longWork;
        }
    }

    private boolean isLong(Sequence sequence) {
        int begin = sequence.begin();
        return pace.work(begin, sequence.length() - begin) > limits.policy().longPromptTokens();
    }
}
