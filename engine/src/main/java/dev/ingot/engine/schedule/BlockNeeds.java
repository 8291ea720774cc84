package dev.ingot.engine.schedule;

import dev.ingot.engine.ops.KvGroups;
import java.util.List;

/// How many blocks a sequence takes, and may come to take.
final class BlockNeeds {
    private final int blockSize;
    private final int poolBlocks;
    private final KvGroups groups;
    private final int maxStepTokens;
    private final int watermark;

    /// @param groups of layers with blocks of their own
    /// @param limits of which the positions that one step may add and the watermark count
    BlockNeeds(int blockSize, int poolBlocks, KvGroups groups, SchedulerLimits limits) {
        this.blockSize = blockSize;
        this.poolBlocks = poolBlocks;
        this.groups = groups;
        this.maxStepTokens = limits.maxStepTokens();
        this.watermark = (int) Math.ceil(limits.policy().watermark() * poolBlocks);
    }

    int poolBlocks() {
        return poolBlocks;
    }

    /// Blocks that stay free for so many that run when another is let in. Who is alone may have all.
    int sparedFor(int running) {
        return running == 0 ? 0 : watermark;
    }

    /// New blocks that `count` more positions of a running sequence take.
    int more(Sequence sequence, int count) {
        return (runs(sequence.planned() + count) - runs(sequence.planned())) * groups.count();
    }

    /// New blocks of a sequence that has `[0, first)` of another's and goes on to `length`.
    int from(int first, int length) {
        return (int)
                Math.min(
                        groups.most(length, blockSize, maxStepTokens),
                        (long) (runs(length) - first / blockSize) * groups.count());
    }

    /// How many more positions of a running sequence the free blocks hold.
    int affordable(Sequence sequence, int free) {
        long runs = (long) runs(sequence.planned()) + free / groups.count();
        long positions = runs * blockSize;
        return (int) Math.min(sequence.remaining(), positions - sequence.planned());
    }

    /// Blocks that it holds about now.
    int held(Sequence sequence) {
        return (int) groups.most(sequence.planned(), blockSize, maxStepTokens);
    }

    /// Those that are not preempted any more must fit the pool together at their full length, so that there is always
    /// somebody else to preempt.
    int kept(List<Sequence> running) {
        int blocks = 0;
        for (var sequence : running) {
            blocks += kept(sequence);
        }
        return blocks;
    }

    int kept(Sequence sequence) {
        return sequence.preemptions() < StepPlanner.MAX_PREEMPTIONS
                ? 0
                : (int) groups.most(sequence.maxLength(), blockSize, maxStepTokens);
    }

    /// Whether its leader still has all blocks of their prompt that a fork will read.
    boolean canFork(Sequence sequence) {
        var leader = sequence.leader();
        return leader != null
                && sequence.forkPosition() > 0
                && leader.hasPromptComputed()
                && hasAll(leader.computed(), sequence.forkPosition());
    }

    /// Whether who has computed so much still holds what is read from `position` on.
    private boolean hasAll(int computed, int position) {
        for (int g = 0; g < groups.count(); g++) {
            if (groups.behind(g, computed, blockSize) > groups.behind(g, position, blockSize)) {
                return false;
            }
        }
        return true;
    }

    private int runs(int positions) {
        return Math.ceilDiv(positions, blockSize);
    }
}
