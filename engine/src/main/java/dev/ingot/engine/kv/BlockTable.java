package dev.ingot.engine.kv;

import java.util.Arrays;
import java.util.Objects;

/// The blocks of one sequence, in order: position `p` lies in block `p / blockSize`.
///
/// Owned by the [KvAllocator]; it only ever grows, and an entry once written never changes. A sequence that gave its
/// blocks back gets a new table, never this one again.
final class BlockTable {
    private final int blockSize;
    private int[] blocks = new int[8];
    private int count;

    BlockTable(int blockSize) {
        this.blockSize = blockSize;
    }

    int size() {
        return count;
    }

    int block(int index) {
        return blocks[Objects.checkIndex(index, count)];
    }

    /// Positions that have a slot.
    int capacity() {
        return count * blockSize;
    }

    void append(int block) {
        if (count == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * count);
        }
        blocks[count++] = block;
    }

    BlockTableView view() {
        return new BlockTableView(blocks, count, blockSize);
    }
}
