package dev.ingot.scheduler;

import dev.ingot.engine.schedule.StepPlan;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A step that the worker was sent and has not answered.
///
/// @param entries who each slice was planned for; one of them may be aborted by now
/// @param startedNanos when the worker could begin with it, of a monotonic clock
/// @param isVoid the step before it failed: it will not be run, and its answer says nothing
record StepInFlight(StepPlan plan, List<Admitted> entries, long startedNanos, boolean isVoid) {
    StepInFlight(StepPlan plan, List<Admitted> entries, long startedNanos) {
        this(plan, entries, startedNanos, false);
    }

    /// It has passed its deadline: the worker is lost with its KV memory.
    static final class OverdueException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Set<Long> requests;

        OverdueException(String message, Set<Long> requests) {
            super(message);
            this.requests = requests;
        }

        /// Whose step it was.
        Set<Long> requests() {
            return requests;
        }
    }

    long stepId() {
        return plan.stepId();
    }

    StepInFlight startedAt(long nanos) {
        return new StepInFlight(plan, entries, nanos, isVoid);
    }

    StepInFlight voided() {
        return new StepInFlight(plan, entries, startedNanos, true);
    }

    /// Whether this very submission is in it.
    boolean isFor(Admitted entry) {
        for (var each : entries) {
            if (each.sequence() == entry.sequence()) {
                return true;
            }
        }
        return false;
    }

    /// Whose step it is; nobody's if it is a canary's.
    Set<Long> requests() {
        var requests = new HashSet<Long>();
        entries.forEach(entry -> requests.add(entry.sequence().id().request()));
        return requests;
    }

    /// What to throw when it has run for longer than `limit`.
    OverdueException overdue(Duration limit) {
        return new OverdueException(
                "step "
                        + plan.stepId()
                        + " of "
                        + plan.tokens()
                        + " tokens has run for more than "
                        + limit.toMillis()
                        + " ms",
                requests());
    }
}
