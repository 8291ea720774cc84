package dev.ingot.it.sim;

import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What really befell the engine and each sequence, to judge whether a request had to fail.
final class Ledger {
    private final List<Loss> losses = new ArrayList<>();
    private final Map<SequenceId, Integer> failedSteps = new HashMap<>();
    private final Set<SequenceId> failedAgainAlone = new HashSet<>();
    private final Set<SequenceId> brokenRows = new HashSet<>();
    private final Set<Long> poison = new HashSet<>();
    private int watchdogs;
    private int stepsFailed;

    /// A worker that was lost.
    static final class Loss {
        private final Set<Long> inStep;
        private Supplier<Set<Long>> waitedFor = Set::of;

        private Loss(Set<Long> inStep) {
            this.inStep = inStep;
        }

        private boolean has(long request) {
            return inStep.contains(request) || waitedFor.get().contains(request);
        }

        private boolean hasOnly(long request) {
            var only = Set.of(request);
            return inStep.equals(only) || waitedFor.get().equals(only);
        }
    }

    /// The worker ended, or hangs, in this step.
    Loss workerLost(StepPlan plan) {
        var requests = new HashSet<Long>();
        for (var slice : plan.slices()) {
            if (slice.sequence().request() != 0) { // A canary's otherwise.
                requests.add(slice.sequence().request());
            }
        }
        var loss = new Loss(requests);
        losses.add(loss);
        return loss;
    }

    /// The worker was ended from outside: which step it was in nobody can say, so that all whom its scheduler waited for
    /// count, also those whose step had ended without its having heard of it, or was still on its way.
    ///
    /// @param before what it was lost by already, if it was: then one of the two is what counts
    /// @param waitedFor by its scheduler, once that has ended
    void workerKilled(@Nullable Loss before, Supplier<Set<Long>> waitedFor) {
        var loss = before;
        if (loss == null) {
            loss = new Loss(Set.of());
            losses.add(loss);
        }
        loss.waitedFor = waitedFor;
    }

    /// Workers that were lost with the same poisonous prompt in the very step.
    int mostLossesToOnePoison() {
        int most = 0;
        for (long request : poison) {
            int count = 0;
            for (var loss : losses) {
                count += loss.inStep.contains(request) ? 1 : 0;
            }
            most = Math.max(most, count);
        }
        return most;
    }

    void stepFailed(StepPlan plan) {
        stepsFailed++;
        for (var slice : plan.slices()) {
            failedSteps.merge(slice.sequence(), 1, Integer::sum);
        }
        var first = plan.slices().getFirst().sequence();
        if (plan.slices().size() == 1 && failedSteps.getOrDefault(first, 0) > 1) {
            failedAgainAlone.add(first);
        }
    }

    void rowBroken(SequenceId sequence) {
        brokenRows.add(sequence);
    }

    void poisoned(long request) {
        poison.add(request);
    }

    void watchdogDue() {
        watchdogs++;
    }

    int workersLost() {
        return losses.size();
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
        return brokenRows.stream().anyMatch(id -> id.request() == request)
                || failedAgainAlone.stream().anyMatch(id -> id.request() == request)
                || wasLostAgainAlone(request);
    }

    /// Two workers were lost with it, the second one with nobody else.
    private boolean wasLostAgainAlone(long request) {
        boolean before = false;
        for (var loss : losses) {
            if (before && loss.hasOnly(request)) {
                return true;
            }
            before |= loss.has(request);
        }
        return false;
    }
}
