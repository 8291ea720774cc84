package dev.ingot.it.sim;

import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What really befell the engine and each sequence, to judge whether a request had to fail.
final class Ledger {
    private final Set<Long> diedAlone = new HashSet<>();
    private final Map<SequenceId, Integer> failedSteps = new HashMap<>();
    private final Set<SequenceId> failedAlone = new HashSet<>();
    private final Set<SequenceId> brokenRows = new HashSet<>();
    private final Set<Long> poison = new HashSet<>();
    private final Set<Long> killed = new HashSet<>();
    private int watchdogs;
    private int workersLost;
    private int stepsFailed;

    /// The worker ended, or hangs, with these steps in flight.
    void workerLost(List<StepPlan> steps) {
        workersLost++;
        var requests = new HashSet<Long>();
        for (var plan : steps) {
            plan.slices().forEach(slice -> requests.add(slice.sequence().request()));
        }
        if (requests.size() == 1) {
            diedAlone.addAll(requests);
        }
    }

    void stepFailed(StepPlan plan) {
        stepsFailed++;
        for (var slice : plan.slices()) {
            failedSteps.merge(slice.sequence(), 1, Integer::sum);
        }
        if (plan.slices().size() == 1) {
            failedAlone.add(plan.slices().getFirst().sequence());
        }
    }

    void rowBroken(SequenceId sequence) {
        brokenRows.add(sequence);
    }

    void poisoned(long request) {
        poison.add(request);
    }

    void requestKilled(long request) {
        killed.add(request);
    }

    void watchdogDue() {
        watchdogs++;
    }

    int workersLost() {
        return workersLost;
    }

    /// Of all steps, a canary's among them.
    int stepsFailed() {
        return stepsFailed;
    }

    int watchdogs() {
        return watchdogs;
    }

    boolean isPoison(long request) {
        return poison.contains(request);
    }

    /// Whether this request may be told that it cannot be finished.
    boolean mayFail(long request) {
        return killed.contains(request)
                || brokenRows.stream().anyMatch(id -> id.request() == request)
                || failedAlone.stream()
                        .anyMatch(id ->
                                id.request() == request && failedSteps.getOrDefault(id, 0) > 1)
                // Of two deaths it must have caused one. In the other it may have stood beside the
                // culprit: in a step that had ended without the scheduler's having heard of it,
                // or that was still on its way to the worker.
                || diedAlone.contains(request);
    }
}
