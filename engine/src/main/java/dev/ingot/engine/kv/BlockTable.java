package dev.ingot.engine.kv;

import java.util.Arrays;
import java.util.Objects;

/// The blocks of one sequence, in order: position `p` lies in block `p / blockSize`, one for each group of layers.
///
/// Owned by the [KvAllocator]; it only ever grows, and an entry once written never changes. A sequence that gave its
/// blocks back gets a new table, never this one again.
final class BlockTable {
    private final int blockSize;
    private final int groups;
    private int[] blocks = new int[8];
    private int count;

    BlockTable(int blockSize, int groups) {
        this.blockSize = blockSize;
        this.groups = groups;
    }

    /// Runs of `blockSize` positions that have a block in every group.
    int size() {
        return count / groups;
    }

    int block(int group, int index) {
        return blocks[Objects.checkIndex(index * groups + group, count)];
    }

    /// Positions that have a slot.
    int capacity() {
        return size() * blockSize;
    }

    /// The next group's block of the next run, the first group's first.
    void append(int block) {
        if (count == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * count);
        }
        blocks[count++] = block;
    }

    BlockTableView view() {
        return new BlockTableView(blocks, size(), groups, blockSize);
    }
}
