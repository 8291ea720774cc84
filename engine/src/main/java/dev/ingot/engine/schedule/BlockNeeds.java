package dev.ingot.engine.schedule;

import java.util.List;

/// How many blocks a sequence takes, and may come to take.
final class BlockNeeds {
    private final int blockSize;
    private final int poolBlocks;
    private final int window;

    /// Blocks that one sequence holds at most: with a window, those behind it are given back.
    private final int mostOfOne;

    /// @param window positions that every layer attends to at most; 0 where one attends to all
    /// @param maxStepTokens positions that one step may add
    BlockNeeds(int blockSize, int poolBlocks, int window, int maxStepTokens) {
        this.blockSize = blockSize;
        this.poolBlocks = poolBlocks;
        this.window = window;
        // The window and a chunk, neither of which needs to begin with a block.
        this.mostOfOne =
                window == 0
                        ? Integer.MAX_VALUE
                        : Math.ceilDiv(window + maxStepTokens, blockSize) + 2;
    }

    int poolBlocks() {
        return poolBlocks;
    }

    /// New blocks that `count` more positions of a running sequence take.
    int more(Sequence sequence, int count) {
        return blocks(sequence.planned() + count) - blocks(sequence.planned());
    }

    /// New blocks of a sequence that has `[0, first)` of another's and goes on to `length`.
    int from(int first, int length) {
        return Math.min(mostOfOne, blocks(length) - first / blockSize);
    }

    /// How many more positions of a running sequence the free blocks hold.
    int affordable(Sequence sequence, int free) {
        long positions = ((long) blocks(sequence.planned()) + free) * blockSize;
        return (int) Math.min(sequence.remaining(), positions - sequence.planned());
    }

    /// Blocks that it holds about now.
    int held(Sequence sequence) {
        return Math.min(mostOfOne, blocks(sequence.planned()));
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
                : Math.min(mostOfOne, blocks(sequence.maxLength()));
    }

    /// Whether its leader still has all blocks of their prompt that a fork will read.
    boolean canFork(Sequence sequence) {
        var leader = sequence.leader();
        return leader != null
                && sequence.forkPosition() > 0
                && leader.hasPromptComputed()
                && (window == 0
                        || behindWindow(leader.computed())
                                <= behindWindow(sequence.forkPosition()));
    }

    /// Blocks that nothing from `position` on attends to.
    private int behindWindow(int position) {
        return Math.max(0, position - window + 1) / blockSize;
    }

    private int blocks(int positions) {
        return Math.ceilDiv(positions, blockSize);
    }
}
