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
    private static final long DEADLINE_NANOS = Duration.ofSeconds(30).toNanos();
    private static final long DEADLINE_NANOS_PER_TOKEN = Duration.ofSeconds(2).toNanos();

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

    /// Whose step it is.
    Set<Long> requests() {
        var requests = new HashSet<Long>();
        plan.slices().forEach(slice -> requests.add(slice.sequence().request()));
        return requests;
    }

    /// @throws OverdueException if it should have ended by now: a deadline that grows with the work that was planned
    void checkDeadline(long nowNanos) {
        long deadline = DEADLINE_NANOS + plan.tokens() * DEADLINE_NANOS_PER_TOKEN;
        if (nowNanos - startedNanos > deadline) {
            throw new OverdueException(
                    "step "
                            + plan.stepId()
                            + " of "
                            + plan.tokens()
                            + " tokens has run for more than "
                            + Duration.ofNanos(deadline).toSeconds()
                            + " s",
                    requests());
        }
    }
}
