package dev.ingot.engine.schedule;

import dev.ingot.engine.sequence.PriorityClass;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// Whose blocks are needed least: first of those that wait for their reader, then of the least urgent class, always the
/// youngest; and nobody more than [StepPlanner#MAX_PREEMPTIONS] times.
final class Yielding {
    private Yielding() {}

    /// Who makes room for the decodes of the others.
    static Sequence toDecodes(List<Sequence> running) {
        return youngestPaused(running)
                .or(() -> leastUrgent(running, Yielding::mayYield))
                .orElseGet(running::getLast);
    }

    /// Who makes room for a sequence whose turn it is: somebody whose reader is behind, or somebody less urgent whose
    /// class has got its share, if all of them together are enough.
    static Optional<Sequence> toWaiting(
            Sequence next,
            List<Sequence> running,
            WaitingLine waiting,
            BlockNeeds needs,
            int free) {
        var paused = youngestPaused(running);
        if (paused.isPresent()) {
            return paused;
        }
        Predicate<Sequence> yields =
                sequence ->
                        mayYield(sequence)
                                && sequence.priority().compareTo(next.priority()) > 0
                                && !waiting.isShort(sequence.priority());
        var yielding = running.stream().filter(yields).toList();
        int gained = yielding.stream().mapToInt(needs::held).sum();
        int wanted =
                needs.from(0, next.length()) + needs.sparedFor(running.size() - yielding.size());
        boolean enough =
                free + gained >= wanted
                        && needs.kept(running) + needs.kept(next) <= needs.poolBlocks();
        return enough ? leastUrgent(running, yields) : Optional.empty();
    }

    private static boolean mayYield(Sequence sequence) {
        return sequence.preemptions() < StepPlanner.MAX_PREEMPTIONS;
    }

    private static Optional<Sequence> leastUrgent(
            List<Sequence> running, Predicate<Sequence> yields) {
        var classes = List.of(PriorityClass.values()).reversed();
        for (var priority : classes) {
            for (var sequence : running.reversed()) {
                if (sequence.priority() == priority && yields.test(sequence)) {
                    return Optional.of(sequence);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Sequence> youngestPaused(List<Sequence> running) {
        for (var sequence : running.reversed()) {
            if (!sequence.hasCredit() && sequence.remaining() == 1) {
                return Optional.of(sequence);
            }
        }
        return Optional.empty();
    }
}
