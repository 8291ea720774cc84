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
    private final Map<Long, Integer> deaths = new HashMap<>();
    private final Map<Long, Integer> kills = new HashMap<>();
    private int watchdogs;
    private int workersLost;
    private int stepsFailed;

    /// The worker ended, or hangs, in this step.
    void workerLost(StepPlan plan) {
        workersLost++;
        var requests = requests(List.of(plan));
        requests.forEach(request -> deaths.merge(request, 1, Integer::sum));
        if (requests.size() == 1) {
            diedAlone.addAll(requests);
        }
    }

    /// The worker was ended from outside, with these steps in flight: nobody knows which of them it ran.
    void workerKilled(List<StepPlan> steps) {
        workersLost++;
        var requests = requests(steps);
        if (requests.size() == 1) {
            diedAlone.addAll(requests);
        }
    }

    /// It was in a step that a scheduler waited for whose worker was ended from outside.
    void killedWith(long request) {
        kills.merge(request, 1, Integer::sum);
    }

    private static Set<Long> requests(List<StepPlan> steps) {
        var requests = new HashSet<Long>();
        for (var plan : steps) {
            plan.slices().forEach(slice -> requests.add(slice.sequence().request()));
        }
        return requests;
    }

    /// Workers that were lost with the same poisonous prompt in the very step.
    int mostLossesToOnePoison() {
        return poison.stream().mapToInt(request -> deaths.getOrDefault(request, 0)).max().orElse(0);
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
                // Twice a step of it was lost with its worker, once with nobody else in it.
                || (diedAlone.contains(request) && deaths.getOrDefault(request, 0) > 1)
                // Where a worker is killed from outside, whatever its scheduler waits for counts: a
                // step that has ended without its having heard of it, or is still on its way.
                || (kills.containsKey(request)
                        && kills.get(request) + deaths.getOrDefault(request, 0) > 1);
    }
}
