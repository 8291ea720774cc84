package dev.ingot.engine.schedule;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// The policy: who runs in the next step, and with how many tokens.
///
/// Pure: the same queues and the same free blocks give the same decision. It knows blocks only by number;
/// which ones they are, and what the prefix cache spares, is the allocator's business, so what is asked for
/// here is never less than what will be taken.
public final class StepPlanner {
    /// A sequence whose blocks were taken so often keeps them from then on.
    public static final int MAX_PREEMPTIONS = 3;

    private final SchedulerLimits limits;
    private final int blockSize;
    private final int poolBlocks;

    /// @param poolBlocks blocks that there are
    public StepPlanner(SchedulerLimits limits, int blockSize, int poolBlocks) {
        this.limits = limits;
        this.blockSize = blockSize;
        this.poolBlocks = poolBlocks;
    }

    /// One sequence's share of a step: `count` tokens from its first uncomputed position on.
    public record Want(Sequence sequence, int count) {
        /// Whether a token is sampled after the last of them.
        public boolean samples() {
            return count == sequence.remaining();
        }
    }

    /// What to do next.
    ///
    /// @param wants in the order of the step; empty when nothing can run
    /// @param preempt the sequence to preempt before planning again; then `wants` is empty
    public record Decision(List<Want> wants, Optional<Sequence> preempt) {}

    /// Decodes every running sequence that has credit, then spends what is left of the budget on prefill:
    /// first of those that run already, then of those that wait, oldest first.
    ///
    /// @param running holding blocks, oldest first
    /// @param waiting holding none, oldest first
    /// @param freeBlocks blocks that a reservation may take
    public Decision plan(List<Sequence> running, Collection<Sequence> waiting, int freeBlocks) {
        var alone = suspectAlone(running, waiting, freeBlocks);
        if (alone.isPresent()) {
            return new Decision(List.of(alone.get()), Optional.empty());
        }
        var wants = new ArrayList<Want>();
        int budget = limits.maxStepTokens();
        int free = freeBlocks;
        int prefilling = 0;
        for (var sequence : running) {
            if (sequence.remaining() > 1) {
                prefilling++;
            } else if (sequence.hasCredit()) {
                wants.add(new Want(sequence, 1));
                budget--;
                free -= blocksFor(sequence, 1);
            }
        }
        if (free < 0) {
            return new Decision(List.of(), Optional.of(victim(running)));
        }
        for (var sequence : running) {
            if (budget == 0 || prefilling == 0) {
                break;
            }
            if (sequence.remaining() > 1) {
                int count = affordable(sequence, budget, free);
                if (count > 0) {
                    wants.add(new Want(sequence, count));
                    budget -= count;
                    free -= blocksFor(sequence, count);
                }
                prefilling--;
            }
        }
        int admitted = running.size();
        int keptBlocks = keptBlocks(running);
        for (var sequence : waiting) {
            if (budget == 0) {
                break;
            }
            if (!sequence.hasCredit()) {
                continue; // It was preempted while its reader was slow, and waits for the reader,
                // not for us.
            }
            // Arrival order is the fairness rule: a short prompt never overtakes a long one. A
            // sequence is let in
            // only with room for all that it has now, so that admitting it does not at once preempt
            // another.
            int blocks = blocksFor(sequence, sequence.remaining());
            if (sequence.isSuspect()) {
                break; // It runs alone or not at all: room is being made for it.
            }
            if (admitted == limits.maxSequences()
                    || blocks > free
                    || keptBlocks + keptBlocks(sequence) > poolBlocks) {
                var paused = youngestPaused(running);
                if (paused.isPresent()) {
                    return new Decision(List.of(), paused);
                }
                break;
            }
            int count = Math.min(sequence.remaining(), budget);
            wants.add(new Want(sequence, count));
            budget -= count;
            free -= blocks;
            keptBlocks += keptBlocks(sequence);
            admitted++;
        }
        if (wants.isEmpty() && running.stream().anyMatch(sequence -> sequence.remaining() > 1)) {
            // Prefills hold all blocks and none can go on: one of them has to make room.
            return new Decision(List.of(), Optional.of(victim(running)));
        }
        return new Decision(List.copyOf(wants), Optional.empty());
    }

    /// Who was in a step that broke goes next and alone, so that it can harm nobody else; empty where there is no such
    /// sequence, or no room for it yet.
    private Optional<Want> suspectAlone(
            List<Sequence> running, Collection<Sequence> waiting, int free) {
        for (var sequence : running) {
            if (sequence.isSuspect() && (sequence.remaining() > 1 || sequence.hasCredit())) {
                int count = affordable(sequence, limits.maxStepTokens(), free);
                return count > 0 ? Optional.of(new Want(sequence, count)) : Optional.empty();
            }
        }
        for (var sequence : waiting) {
            if (sequence.isSuspect() && sequence.hasCredit()) {
                boolean fits =
                        running.size() < limits.maxSequences()
                                && blocksFor(sequence, sequence.remaining()) <= free
                                && keptBlocks(running) + keptBlocks(sequence) <= poolBlocks;
                int count = Math.min(sequence.remaining(), limits.maxStepTokens());
                return fits ? Optional.of(new Want(sequence, count)) : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /// Those that are not preempted any more must fit the pool together at their full length, so that there is always
    /// somebody else to preempt.
    private int keptBlocks(List<Sequence> running) {
        int blocks = 0;
        for (var sequence : running) {
            blocks += keptBlocks(sequence);
        }
        return blocks;
    }

    private int keptBlocks(Sequence sequence) {
        return sequence.preemptions() < MAX_PREEMPTIONS ? 0 : blocks(sequence.maxLength());
    }

    /// The one whose blocks are needed least: the youngest that waits for its reader, else the youngest that was not
    /// preempted too often.
    private static Sequence victim(List<Sequence> running) {
        return youngestPaused(running)
                .orElseGet(() -> youngestYielding(running).orElseGet(running::getLast));
    }

    private static Optional<Sequence> youngestYielding(List<Sequence> running) {
        for (var sequence : running.reversed()) {
            if (sequence.preemptions() < MAX_PREEMPTIONS) {
                return Optional.of(sequence);
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

    /// How many tokens of a running prefill fit the budget and the free blocks.
    private int affordable(Sequence sequence, int budget, int free) {
        int held = blocks(sequence.planned());
        int positions = (held + free) * blockSize - sequence.planned();
        return Math.min(Math.min(sequence.remaining(), budget), positions);
    }

    /// New blocks that `count` more positions take.
    private int blocksFor(Sequence sequence, int count) {
        return blocks(sequence.planned() + count) - blocks(sequence.planned());
    }

    private int blocks(int positions) {
        return Math.ceilDiv(positions, blockSize);
    }
}
