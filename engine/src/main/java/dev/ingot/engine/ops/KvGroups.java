package dev.ingot.engine.ops;

import java.util.List;

/// Which of a model's attention layers keep their K and V in the same blocks.
///
/// A layer with a window reads nothing further back, a layer without one reads all. So that the first kind can give
/// back what it cannot read any more, layers are grouped by their windows, and a block holds `blockSize` positions of
/// *one group's* layers: a sequence has a table of blocks for each group. All groups have the same number of layers, so
/// that every block of the pool serves any of them (the idea is vLLM's hybrid KV cache manager's). Most models have one
/// group.
///
/// @param windows of each group, how many positions a token attends to at most, itself included; 0 for all. The first
///     group sees as far as any other
public record KvGroups(List<Integer> windows) {
    /// All layers together, without a window.
    public static final KvGroups ONE = new KvGroups(List.of(0));

    public KvGroups {
        windows = List.copyOf(windows);
        if (windows.isEmpty()) {
            throw new IllegalArgumentException("no group of layers");
        }
        int first = windows.getFirst();
        for (int window : windows) {
            if (window < 0 || (first > 0 && (window == 0 || window > first))) {
                throw new IllegalArgumentException(
                        "windows " + windows + ": the first group must see as far as the others");
            }
        }
    }

    /// All layers together, in one window; 0 for none.
    public static KvGroups of(int window) {
        return new KvGroups(List.of(window));
    }

    /// Groups, and so blocks that `blockSize` positions take before anything lies behind a window.
    public int count() {
        return windows.size();
    }

    /// Blocks of a group that nothing from `position` on attends to.
    public int behind(int group, int position, int blockSize) {
        int window = windows.get(group);
        return window == 0 ? 0 : Math.max(0, position - window + 1) / blockSize;
    }

    /// Blocks that a sequence of `length` positions holds at most, over all groups.
    ///
    /// @param chunk positions that one step may add
    public long most(int length, int blockSize, int chunk) {
        long blocks = 0;
        for (int window : windows) {
            long all = Math.ceilDiv(length, blockSize);
            // The window and the chunks of two steps in flight, none of which needs to begin with a
            // block.
            blocks +=
                    window == 0
                            ? all
                            : Math.min(all, Math.ceilDiv(window + 2L * chunk, blockSize) + 2L);
        }
        return blocks;
    }

    /// The longest sequence, up to `length`, that `blocks` hold.
    ///
    /// @param chunk positions that one step may add
    public int longest(int length, long blocks, int blockSize, int chunk) {
        int fits = 0;
        int above = length + 1;
        while (above - fits > 1) {
            int middle = (fits + above) >>> 1;
            if (most(middle, blockSize, chunk) <= blocks) {
                fits = middle;
            } else {
                above = middle;
            }
        }
        return fits;
    }
}
