package dev.ingot.scheduler;

import dev.ingot.engine.schedule.StepPlan;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The step that the worker runs.
///
/// @param entries who each slice was planned for; one of them may be aborted by now
/// @param startedNanos when it was sent, of a monotonic clock
record StepInFlight(StepPlan plan, List<Admitted> entries, long startedNanos) {
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
