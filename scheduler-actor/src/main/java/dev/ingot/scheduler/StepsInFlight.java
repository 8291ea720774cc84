package dev.ingot.scheduler;

import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.schedule.StepPlan;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the worker has been sent and not answered: the step that it runs, and the one that waits behind it.
final class StepsInFlight {
    private @Nullable StepInFlight running;
    private @Nullable StepInFlight next;
    private long lastStepId;

    boolean isEmpty() {
        return running == null;
    }

    /// The id of the step to be sent next.
    long nextStepId() {
        return lastStepId + 1;
    }

    /// The step whose end what is given back now has to wait for, or [KvAllocator#NO_STEP].
    long fence() {
        return running == null ? KvAllocator.NO_STEP : lastStepId;
    }

    /// The step that the worker runs, or [StepPlan#NONE].
    long runningStepId() {
        return running == null ? StepPlan.NONE : running.stepId();
    }

    /// The step that the worker runs; null if there is none.
    @Nullable StepInFlight running() {
        return running;
    }

    /// Whether one more may be sent on tokens that the running one samples.
    boolean leavesRoom() {
        return running != null && next == null && !running.isVoid();
    }

    void add(StepInFlight step) {
        lastStepId = step.stepId();
        if (running == null) {
            running = step;
        } else if (next == null) {
            next = step;
        } else {
            throw new IllegalStateException(
                    "step " + step.stepId() + " is a third one: the worker takes two");
        }
    }

    /// The answer to a step has come; the next one has begun by now.
    ///
    /// @return null where the answer was to an earlier step
    /// @throws IllegalStateException if no such step was ever sent
    @Nullable StepInFlight end(long stepId, long nowNanos) {
        if (stepId > lastStepId) {
            throw new IllegalStateException("step " + stepId + " ended but never began");
        }
        var ended = running;
        if (ended == null || ended.stepId() != stepId) {
            return null;
        }
        running = next == null ? null : next.startedAt(nowNanos);
        next = null;
        return ended;
    }

    /// The step that has just ended has failed, so the worker fails the one that waited behind it.
    ///
    /// @return that one, if there is one
    @Nullable StepInFlight voidNext() {
        if (running != null) {
            running = running.voided();
        }
        return running;
    }

    /// Whose steps they are, by the step's id.
    Map<Long, Set<Long>> requests() {
        var requests = new TreeMap<Long, Set<Long>>();
        if (running != null) {
            requests.put(running.stepId(), running.requests());
        }
        if (next != null) {
            requests.put(next.stepId(), next.requests());
        }
        return requests;
    }
}
