package dev.ingot.engine.kv;

import java.util.Arrays;

/// All blocks, and for each of them who may touch it: how many sequences hold it, which step it is fenced by, whether
/// its contents are worth keeping.
///
/// Free blocks are reused in the order in which they became free. When none is left, the cached block that was let go
/// longest ago is.
final class BlockPool {
    private final int[] references;

    /// The last step that may still touch the block; it outlives a prefix hit, so that a block which is let go twice
    /// during one step stays fenced by it.
    private final long[] fences;

    private final boolean[] published;
    private final BlockList free;
    private final BlockList cached;
    private final BlockList fenced;
    private long endedStep = KvAllocator.NO_STEP;

    BlockPool(int blockCount) {
        if (blockCount <= 0) {
            throw new IllegalArgumentException("a pool of " + blockCount + " blocks");
        }
        references = new int[blockCount];
        fences = new long[blockCount];
        Arrays.fill(fences, KvAllocator.NO_STEP);
        published = new boolean[blockCount];
        free = new BlockList(blockCount);
        cached = new BlockList(blockCount);
        fenced = new BlockList(blockCount);
        for (int block = 0; block < blockCount; block++) {
            free.addLast(block);
        }
    }

    int blockCount() {
        return references.length;
    }

    int freeCount() {
        return free.size();
    }

    int cachedCount() {
        return cached.size();
    }

    int fencedCount() {
        return fenced.size();
    }

    /// Blocks that [#allocate] can hand out: free ones and cached ones.
    int availableCount() {
        return free.size() + cached.size();
    }

    /// Whether [#allocate] may hand this block out.
    boolean isAvailable(int block) {
        return free.contains(block) || cached.contains(block);
    }

    int references(int block) {
        return references[block];
    }

    boolean isCached(int block) {
        return cached.contains(block);
    }

    boolean isPublished(int block) {
        return published[block];
    }

    /// A block that nobody else holds, reads or writes. Its contents are no longer published.
    ///
    /// @throws IllegalStateException if none is available
    int allocate() {
        int block = free.isEmpty() ? cached.removeFirst() : free.removeFirst();
        published[block] = false;
        references[block] = 1;
        return block;
    }

    /// One more sequence reads this published block.
    void acquire(int block) {
        if (!published[block]) {
            throw new IllegalStateException(
                    "block " + block + " is not published and cannot be shared");
        }
        if (cached.contains(block)) {
            cached.remove(block);
        } else if (fenced.contains(block)) {
            fenced.remove(block);
        }
        references[block]++;
    }

    /// One more sequence reads this block, which somebody holds and nobody will write to again.
    void share(int block) {
        if (references[block] == 0) {
            throw new IllegalStateException("block " + block + " is shared, but nobody holds it");
        }
        references[block]++;
    }

    /// One sequence less holds this block; the last one leaves it to the fence, the cache or the free list.
    ///
    /// @param fenceStepId the step in flight, or [KvAllocator#NO_STEP]
    /// @throws IllegalStateException if nobody holds it
    void release(int block, long fenceStepId) {
        if (block < 0 || block >= references.length) {
            throw new IllegalStateException(
                    "block " + block + " is not one of " + references.length);
        }
        if (references[block] == 0) {
            throw new IllegalStateException("block " + block + " is released, but nobody holds it");
        }
        fences[block] = Math.max(fences[block], fenceStepId);
        references[block]--;
        if (references[block] > 0) {
            return;
        }
        if (fences[block] > endedStep) {
            fenced.addLast(block);
        } else {
            rest(block);
        }
    }

    /// Step `stepId` and all before it will touch no block any more.
    void stepEnded(long stepId) {
        endedStep = Math.max(endedStep, stepId);
        for (int block : fenced.toArray()) {
            if (fences[block] <= endedStep) {
                fenced.remove(block);
                rest(block);
            }
        }
    }

    /// The contents of this block, which somebody holds, are known to the prefix cache from now on.
    void publish(int block) {
        if (references[block] == 0) {
            throw new IllegalStateException(
                    "block " + block + " is published, but nobody holds it");
        }
        published[block] = true;
    }

    /// The prefix cache forgot this block's contents.
    void unpublish(int block) {
        published[block] = false;
        if (cached.contains(block)) {
            cached.remove(block);
            free.addLast(block);
        }
    }

    private void rest(int block) {
        if (published[block]) {
            cached.addLast(block);
        } else {
            free.addLast(block);
        }
    }

    /// @throws IllegalStateException if a block is in no state or in two
    void checkInvariants() {
        int referenced = 0;
        for (int block = 0; block < references.length; block++) {
            int states = 0;
            states += references[block] > 0 ? 1 : 0;
            states += free.contains(block) ? 1 : 0;
            states += cached.contains(block) ? 1 : 0;
            states += fenced.contains(block) ? 1 : 0;
            require(states == 1, block, "is in " + states + " states");
            require(references[block] >= 0, block, "has " + references[block] + " references");
            require(!free.contains(block) || !published[block], block, "is free and published");
            require(
                    !cached.contains(block) || published[block],
                    block,
                    "is cached but not published");
            require(
                    !fenced.contains(block) || fences[block] > endedStep,
                    block,
                    "is fenced by a step that ended");
            boolean atRest = free.contains(block) || cached.contains(block);
            require(!atRest || fences[block] <= endedStep, block, "is at rest before its fence");
            referenced += references[block] > 0 ? 1 : 0;
        }
        int total = free.size() + cached.size() + fenced.size() + referenced;
        if (total != references.length) {
            throw new IllegalStateException(total + " blocks of " + references.length);
        }
    }

    private static void require(boolean holds, int block, String otherwise) {
        if (!holds) {
            throw new IllegalStateException("block " + block + " " + otherwise);
        }
    }
}
