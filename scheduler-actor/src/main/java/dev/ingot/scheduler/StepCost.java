package dev.ingot.scheduler;

import dev.ingot.engine.schedule.StepPlan;
import java.time.Duration;

/// How long steps take here, as far as it is known, and so when one of them is overdue.
///
/// A step's time is taken to grow with its work: a share for reading the weights, one for each token, and one for the
/// positions that a token attends to. What a unit of work takes is a running mean, which outlives the engine that it was
/// measured on.
final class StepCost {
    /// Steps before the mean is believed.
    private static final int MEASURED = 8;

    /// An engine's first steps touch memory and run code for the first time.
    private static final int COLD_STEPS = 3;

    private static final int COLD_FACTOR = 4;
    private static final long SHORTEST_COLD_NANOS = Duration.ofSeconds(10).toNanos();

    private static final long SHORTEST_NANOS = Duration.ofSeconds(3).toNanos();
    private static final int FACTOR = 8;
    private static final double WEIGHT = 0.1;

    private static final long UNKNOWN_NANOS = Duration.ofSeconds(30).toNanos();
    private static final long UNKNOWN_NANOS_PER_TOKEN = Duration.ofSeconds(2).toNanos();

    /// In tokens: a decode step reads all weights for one token, a prefill step reads them for hundreds.
    private static final double WORK_OF_WEIGHTS = 16;

    /// Positions whose attention takes about as long as one token's other work.
    private static final double POSITIONS_PER_TOKEN = 1024;

    private double nanosPerWork;
    private long measured;

    /// A step ended after so long.
    void measured(StepPlan plan, long nanos) {
        double sample = nanos / work(plan);
        nanosPerWork += measured++ == 0 ? sample : WEIGHT * (sample - nanosPerWork);
    }

    /// How long the step may run before it is taken for hung: several times what its work takes, and seconds at least.
    ///
    /// @param stepsBefore steps that this engine has completed
    long deadlineNanos(StepPlan plan, long stepsBefore) {
        if (measured < MEASURED) {
            return UNKNOWN_NANOS + plan.tokens() * UNKNOWN_NANOS_PER_TOKEN;
        }
        long usual = Math.max(SHORTEST_NANOS, (long) (FACTOR * nanosPerWork * work(plan)));
        return stepsBefore < COLD_STEPS
                ? Math.max(SHORTEST_COLD_NANOS, COLD_FACTOR * usual)
                : usual;
    }

    private static double work(StepPlan plan) {
        double work = WORK_OF_WEIGHTS;
        for (var slice : plan.slices()) {
            work += slice.tokens().size() * (1 + slice.sequenceLength() / POSITIONS_PER_TOKEN);
        }
        return work;
    }
}
