package dev.ingot.scheduler;

import dev.ingot.engine.schedule.StepPlan;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Finds out whose step a worker was lost in, from two witnesses: the worker's own end, which tells the step, and its
/// scheduler's end, which tells whose steps were in flight. They may be heard in either order.
///
/// An engine is lost once, and blames once: what is heard of it after that, or after a later one has blamed somebody, counts
/// no more.
final class LostWorkers {
    private static final int NONE = 0;

    private final Suspects suspects = new Suspects();
    private final IntConsumer suspected;
    private int workerLostEpoch = NONE;
    private long crashedStepId = StepPlan.NONE;
    private int blamedEpoch = NONE;
    private int stepsLostEpoch = NONE;
    private @Nullable Map<Long, Set<Long>> stepsLost;

    /// @param suspected told how many requests a loss makes suspects
    LostWorkers(IntConsumer suspected) {
        this.suspected = suspected;
    }

    /// The worker of this engine was lost.
    ///
    /// @param stepId in which step, or [StepPlan#NONE] where it did not say
    void workerLost(int engineEpoch, long stepId) {
        workerLostEpoch = engineEpoch;
        crashedStepId = stepId;
        compare();
    }

    /// This engine ended with these steps in flight, each with its requests.
    void stepsLost(int engineEpoch, Map<Long, Set<Long>> requests) {
        stepsLostEpoch = engineEpoch;
        stepsLost = requests;
        compare();
    }

    /// The worker of this engine gives no answer to a step with these requests.
    void overdue(int engineEpoch, Set<Long> requests) {
        blame(engineEpoch, requests);
    }

    /// Who is to be watched from now on.
    Suspects.Snapshot snapshot() {
        return suspects.snapshot();
    }

    private void compare() {
        if (stepsLost != null && stepsLostEpoch == workerLostEpoch) {
            blame(workerLostEpoch, inTheStep(stepsLost));
            stepsLost = null;
        }
    }

    private void blame(int engineEpoch, Set<Long> requests) {
        if (engineEpoch > blamedEpoch) {
            blamedEpoch = engineEpoch;
            suspects.workerLost(requests);
            suspected.accept(requests.size());
        }
    }

    /// Whoever was in the step that the worker was lost in, not in the one behind it; in both where it does not say.
    private Set<Long> inTheStep(Map<Long, Set<Long>> requests) {
        var crashed = requests.get(crashedStepId);
        if (crashed != null) {
            return crashed;
        }
        var all = new HashSet<Long>();
        requests.values().forEach(all::addAll);
        return all;
    }
}
