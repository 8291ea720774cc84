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
    private final int blockSize;

    BlockTableView(int[] blocks, int count, int blockSize) {
        this.blocks = blocks;
        this.count = count;
        this.blockSize = blockSize;
    }

    /// One block that no pool hands out.
    public static BlockTableView ofBlock(int block, int blockSize) {
        return new BlockTableView(new int[] {block}, 1, blockSize);
    }

    /// Blocks in this view.
    public int size() {
        return count;
    }

    /// Positions that have a slot.
    public int capacity() {
        return count * blockSize;
    }

    /// The block that holds positions `[index · blockSize, (index + 1) · blockSize)`.
    public int block(int index) {
        return blocks[Objects.checkIndex(index, count)];
    }

    /// Where K and V of `position` are stored: `block · blockSize + position mod blockSize`.
    public int slot(int position) {
        return block(position / blockSize) * blockSize + position % blockSize;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(blocks, count));
    }
}
