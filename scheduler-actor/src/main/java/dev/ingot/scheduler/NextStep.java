package dev.ingot.scheduler;

import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.schedule.StepPlanner.Want;
import dev.ingot.engine.sequence.SequenceId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The step that was planned and waits for its blocks: who is wanted in it, and who has gone meanwhile.
final class NextStep {
    private List<Want> wants = List.of();
    private boolean reserving;

    /// Those who ended before they held a block: they get some if the reservation on its way succeeds.
    private final Set<SequenceId> orphans = new HashSet<>();

    /// Whether a reservation is on its way.
    boolean isReserving() {
        return reserving;
    }

    /// A step with these was planned.
    ///
    /// @return what to reserve for it
    List<Demand> reserve(List<Want> planned, Roster roster) {
        wants = planned;
        reserving = true;
        var demands = new ArrayList<Demand>(planned.size());
        for (var want : planned) {
            var sequence = want.sequence();
            demands.add(
                    new Demand(
                            sequence.id(),
                            roster.get(sequence.id()).tokens(),
                            sequence.cacheSalt(),
                            want.firstPosition(),
                            want.count(),
                            want.leader()));
        }
        return demands;
    }

    /// The reservation succeeded, and everybody who was in it has been seen to.
    void reserved() {
        wants = List.of();
        reserving = false;
    }

    /// The reservation failed as a whole.
    void exhausted() {
        orphans.clear();
        reserving = false;
    }

    /// Whether this very sequence is wanted.
    boolean wants(Sequence sequence) {
        for (var want : wants) {
            if (want.sequence() == sequence) {
                return true;
            }
        }
        return false;
    }

    /// This sequence has given its blocks back: the reservation on its way is not for it.
    void leaveOut(Sequence sequence) {
        wants = wants.stream().filter(want -> want.sequence() != sequence).toList();
    }

    /// This sequence ended and holds no block yet.
    void ended(Sequence sequence) {
        if (reserving && wants(sequence)) {
            orphans.add(sequence.id());
        }
    }

    /// Whether what was reserved for this sequence is nobody's any more. Said once.
    boolean isOrphan(SequenceId sequence) {
        return orphans.remove(sequence);
    }
}
