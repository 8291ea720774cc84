package dev.ingot.scheduler;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Notices a step that should have ended long ago.
///
/// It counts a step's age by its own heartbeats. Where they stop, the whole process stood still (a debugger, a
/// suspended machine, a starved one), and the step with it: what passed meanwhile is not held against it.
final class Watchdog {
    /// Between two [#check]s.
    static final Duration INTERVAL = Duration.ofMillis(500);

    private static final long LONGEST_BEAT_NANOS = INTERVAL.multipliedBy(2).toNanos();
    private static final long NONE = -1;

    private final StepCost cost;
    private long completed;
    private long watched = NONE;
    private long ageNanos;
    private long lastNanos;

    /// @param cost measured further here
    Watchdog(StepCost cost) {
        this.cost = cost;
    }

    /// The step that was watched ended as it should.
    void completed(StepInFlight step, long nowNanos) {
        cost.measured(step.plan(), nowNanos - step.startedNanos());
        completed++;
    }

    /// To be called at every [#INTERVAL].
    ///
    /// @param step that the device works on; null if there is none
    /// @param nowNanos of a monotonic clock
    /// @throws StepInFlight.OverdueException if it is overdue
    void check(@Nullable StepInFlight step, long nowNanos) {
        long beat = Math.min(nowNanos - lastNanos, LONGEST_BEAT_NANOS);
        lastNanos = nowNanos;
        if (step == null) {
            watched = NONE;
            return;
        }
        if (step.stepId() != watched) {
            watched = step.stepId();
            ageNanos = Math.min(nowNanos - step.startedNanos(), LONGEST_BEAT_NANOS);
        } else {
            ageNanos += beat;
        }
        long deadline = cost.deadlineNanos(step.plan(), completed);
        if (ageNanos > deadline) {
            throw step.overdue(Duration.ofNanos(deadline));
        }
    }
}
