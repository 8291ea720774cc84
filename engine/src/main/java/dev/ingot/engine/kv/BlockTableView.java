package dev.ingot.engine.kv;

import java.util.Arrays;
import java.util.Objects;

/// A sequence's blocks as they were when it was handed over, for reading in any thread.
///
/// It shares the allocator's array instead of copying it at every step. That is safe because the array is append-only:
/// the allocator writes behind this view's entries, or to a larger copy, and never to them. The entries become visible
/// to another thread with whatever carries the view there, which must order memory as an actor's mailbox does; a
/// view published through a plain field is not safe to read.
///
/// What it says stays true only while the sequence holds its blocks: after it gave them back, a step that was
/// in flight by then may still use the view (that is what the fence is for), a later one must not.
public final class BlockTableView {
    private final int[] blocks;
    private final int count;
    private final int groups;
    private final int blockSize;

    BlockTableView(int[] blocks, int count, int groups, int blockSize) {
        this.blocks = blocks;
        this.count = count;
        this.groups = groups;
        this.blockSize = blockSize;
    }

    /// One block that no pool hands out, for all groups of layers: each overwrites what the one before it stored there
    /// and has read already. That is enough for a single token.
    public static BlockTableView ofBlock(int block, int blockSize, int groups) {
        int[] blocks = new int[groups];
        Arrays.fill(blocks, block);
        return new BlockTableView(blocks, 1, groups, blockSize);
    }

    /// Groups of layers, each with blocks of its own.
    public int groups() {
        return groups;
    }

    /// Blocks of each group in this view.
    public int size() {
        return count;
    }

    /// Positions that have a slot.
    public int capacity() {
        return count * blockSize;
    }

    /// The group's block that holds positions `[index · blockSize, (index + 1) · blockSize)`. Behind the group's window
    /// it is another's by now.
    public int block(int group, int index) {
        return blocks[
                Objects.checkIndex(index, count) * groups + Objects.checkIndex(group, groups)];
    }

    /// Where the group's K and V of `position` are stored: `block · blockSize + position mod blockSize`.
    public int slot(int group, int position) {
        return block(group, position / blockSize) * blockSize + position % blockSize;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(blocks, count * groups));
    }
}
