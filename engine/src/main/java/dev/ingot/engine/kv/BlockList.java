package dev.ingot.engine.kv;

import java.util.Arrays;

/// A queue of blocks, oldest first, from whose middle a block can be taken in constant time.
final class BlockList {
    private static final int ABSENT = -2;
    private static final int END = -1;

    private final int[] next;
    private final int[] previous;
    private int head = END;
    private int tail = END;
    private int size;

    BlockList(int blockCount) {
        next = new int[blockCount];
        previous = new int[blockCount];
        Arrays.fill(next, ABSENT);
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    boolean contains(int block) {
        return next[block] != ABSENT;
    }

    void addLast(int block) {
        if (contains(block)) {
            throw new IllegalStateException("block " + block + " is already in this list");
        }
        next[block] = END;
        previous[block] = tail;
        if (tail == END) {
            head = block;
        } else {
            next[tail] = block;
        }
        tail = block;
        size++;
    }

    int removeFirst() {
        if (isEmpty()) {
            throw new IllegalStateException("no block left");
        }
        int block = head;
        remove(block);
        return block;
    }

    void remove(int block) {
        if (!contains(block)) {
            throw new IllegalStateException("block " + block + " is not in this list");
        }
        int before = previous[block];
        int after = next[block];
        if (before == END) {
            head = after;
        } else {
            next[before] = after;
        }
        if (after == END) {
            tail = before;
        } else {
            previous[after] = before;
        }
        next[block] = ABSENT;
        size--;
    }

    /// Oldest first.
    int[] toArray() {
        int[] blocks = new int[size];
        int block = head;
        for (int i = 0; i < size; i++) {
            blocks[i] = block;
            block = next[block];
        }
        return blocks;
    }
}
