package dev.ingot.engine.kv;

import dev.ingot.engine.ops.KvGroups;
import java.util.ArrayList;
import java.util.List;

/// What a sequence holds: its blocks, how far they are computed, which of them others can find, and which it has left
/// behind.
final class Holding {
    final BlockTable table;

    /// The entries of the table's first blocks, as far as the cache knows what they contain. One may belong to another
    /// sequence's block with the same contents.
    final List<PrefixCache.Entry> published = new ArrayList<>();

    /// For each group, blocks from the table's beginning that it holds no more: they lie behind the window.
    final int[] behind;

    int computed;
    KnownTokens tokens;

    private final PrefixCache.Entry root;

    /// Of nothing yet.
    ///
    /// @param root of what the sequence may share
    Holding(PrefixCache.Entry root, KnownTokens tokens, KvGroups groups, int blockSize) {
        this.table = new BlockTable(blockSize, groups.count());
        this.behind = new int[groups.count()];
        this.root = root;
        this.tokens = tokens;
    }

    /// Whether a block of its table is still its own.
    boolean has(int group, int index) {
        return index >= behind[group];
    }

    /// Under which the next block is filed.
    PrefixCache.Entry lastPublished() {
        return published.isEmpty() ? root : published.getLast();
    }

    /// Whether another sequence can go on from here: it has the same tokens up to its first position, they are computed,
    /// and every group still has the blocks that the position attends to.
    boolean canBeForkedFor(Demand demand, KvGroups groups, int blockSize) {
        int first = demand.firstPosition();
        boolean same = computed >= first;
        for (int g = 0; same && g < groups.count(); g++) {
            same = behind[g] <= groups.behind(g, first, blockSize);
        }
        for (int i = 0; same && i < first; i++) {
            same = tokens.at(i) == demand.tokens().at(i);
        }
        return same;
    }
}
