package dev.ingot.engine.schedule;

import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sequence.SequenceId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The policy: who runs in the next step, and with how many tokens.
///
/// Pure: the same queues, the same free blocks and the same pace give the same decision. Its parts have names: whose
/// turn it is ([WaitingLine]), how much of a long prompt a step can bear ([PrefillPace]), who gives way ([Yielding]).
/// It knows blocks only by number ([BlockNeeds]); which ones they are, and what the prefix cache spares, is the
/// allocator's business, so what is asked for here is never less than what will be taken.
public final class StepPlanner {
    /// A sequence whose blocks were taken so often keeps them from then on.
    public static final int MAX_PREEMPTIONS = 3;

    private final SchedulerLimits limits;
    private final BlockNeeds needs;

    /// @param poolBlocks blocks that there are
    /// @param groups of layers with blocks of their own
    public StepPlanner(SchedulerLimits limits, int blockSize, int poolBlocks, KvGroups groups) {
        this.limits = limits;
        this.needs = new BlockNeeds(blockSize, poolBlocks, groups, limits);
    }

    /// One sequence's share of a step: `count` tokens from its first uncomputed position on.
    ///
    /// @param forks whether it takes over its leader's blocks of their prompt first, all but the last token
    public record Want(Sequence sequence, int count, boolean forks) {
        public Want(Sequence sequence, int count) {
            this(sequence, count, false);
        }

        /// Whether a token is sampled after the last of them.
        public boolean samples() {
            return forks
                    ? firstPosition() + count == sequence.length()
                    : count == sequence.remaining();
        }

        /// The sequence that it takes over from; null where it does not.
        public @Nullable SequenceId leader() {
            var leader = forks ? sequence.leader() : null;
            return leader == null ? null : leader.id();
        }

        /// The first position to compute, as far as the prefix cache is not asked.
        public int firstPosition() {
            return forks ? sequence.forkPosition() : sequence.planned();
        }
    }

    /// What to do next.
    ///
    /// @param wants in the order of the step; empty when nothing can run
    /// @param preempt the sequence to preempt before planning again; then `wants` is empty
    public record Decision(List<Want> wants, Optional<Sequence> preempt) {
        private static Decision run(List<Want> wants) {
            return new Decision(List.copyOf(wants), Optional.empty());
        }

        private static Decision preempt(Sequence sequence) {
            return new Decision(List.of(), Optional.of(sequence));
        }
    }

    /// Decodes every running sequence that has credit, then spends what is left of the budget on prefill: first of those
    /// that run already, then of those that wait, each in the order of their turns.
    ///
    /// @param running holding blocks, oldest first
    /// @param waiting holding none
    /// @param freeBlocks blocks that a reservation may take
    public Decision plan(
            List<Sequence> running, WaitingLine waiting, int freeBlocks, PrefillPace pace) {
        var alone = suspectAlone(running, waiting, freeBlocks);
        if (alone.isPresent()) {
            return Decision.run(List.of(alone.get()));
        }
        var wants = new ArrayList<Want>();
        var prefilling = new ArrayList<Sequence>();
        int free = freeBlocks;
        for (var sequence : running) {
            if (sequence.remaining() > 1) {
                prefilling.add(sequence);
            } else if (sequence.hasCredit()) {
                wants.add(new Want(sequence, 1));
                free -= needs.more(sequence, 1);
            }
        }
        if (free < 0) {
            return Decision.preempt(Yielding.toDecodes(running));
        }
        var room = new PrefillRoom(limits, pace, wants.size());
        prefilling.sort((a, b) -> Integer.compare(waiting.rank(a), waiting.rank(b)));
        if (room.mustMeasureDecodes(prefilling, waiting)) {
            return Decision.run(wants);
        }
        for (var sequence : prefilling) {
            int bearable = room.chunk(sequence, sequence.planned(), sequence.remaining());
            int count = Math.min(bearable, needs.affordable(sequence, free));
            if (count > 0) {
                wants.add(new Want(sequence, count));
                room.take(sequence, sequence.planned(), count);
                free -= needs.more(sequence, count);
            }
        }
        int admitted = running.size();
        int keptBlocks = needs.kept(running);
        for (var sequence : waiting) {
            if (room.isFull()) {
                break;
            }
            if (!sequence.hasCredit() || sequence.waitsForLeader()) {
                continue; // For its reader, or for the prompt that another is computing: not for
                // us.
            }
            if (sequence.isSuspect()) {
                break; // It runs alone or not at all: room is being made for it.
            }
            // Nobody overtakes whose turn it is, however short. A sequence is let in only with room
            // for all that it
            // has now and, where others run, for their next tokens: admitting it must not preempt
            // one of them.
            boolean forks = needs.canFork(sequence);
            int first = forks ? sequence.forkPosition() : 0;
            int blocks = needs.from(first, sequence.length());
            if (admitted == limits.maxSequences()
                    || blocks + needs.sparedFor(admitted) > free
                    || keptBlocks + needs.kept(sequence) > needs.poolBlocks()) {
                var yields = Yielding.toWaiting(sequence, running, waiting, needs, free);
                if (yields.isPresent()) {
                    return Decision.preempt(yields.get());
                }
                break;
            }
            int count = room.chunk(sequence, first, sequence.length() - first);
            if (count == 0) {
                break;
            }
            wants.add(new Want(sequence, count, forks));
            room.take(sequence, first, count);
            free -= blocks;
            keptBlocks += needs.kept(sequence);
            admitted++;
        }
        if (wants.isEmpty() && !prefilling.isEmpty()) {
            // Prefills hold all blocks and none can go on: one of them has to make room.
            return Decision.preempt(Yielding.toDecodes(running));
        }
        return Decision.run(wants);
    }

    /// Who was in a step that broke goes next and alone, so that it can harm nobody else; empty where there is no such
    /// sequence, or no room for it yet.
    private Optional<Want> suspectAlone(List<Sequence> running, WaitingLine waiting, int free) {
        for (var sequence : running) {
            if (sequence.isSuspect() && (sequence.remaining() > 1 || sequence.hasCredit())) {
                int most = Math.min(sequence.remaining(), limits.maxStepTokens());
                int count = Math.min(most, needs.affordable(sequence, free));
                return count > 0 ? Optional.of(new Want(sequence, count)) : Optional.empty();
            }
        }
        for (var sequence : waiting.suspects()) {
            if (sequence.hasCredit()) {
                boolean fits =
                        running.size() < limits.maxSequences()
                                && needs.from(0, sequence.length()) <= free
                                && needs.kept(running) + needs.kept(sequence) <= needs.poolBlocks();
                int count = Math.min(sequence.remaining(), limits.maxStepTokens());
                return fits ? Optional.of(new Want(sequence, count)) : Optional.empty();
            }
        }
        return Optional.empty();
    }
}
