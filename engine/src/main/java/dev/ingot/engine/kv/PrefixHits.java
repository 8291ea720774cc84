package dev.ingot.engine.kv;

import dev.ingot.engine.ops.KvGroups;
import java.util.ArrayList;
import java.util.List;

/// What the prefix cache has of a sequence that holds nothing yet: full blocks from its beginning on, as far as every group of
/// layers still has those that the next token attends to. Never all of its tokens: one at least is left to compute, because
/// only that gives logits.
///
/// @param entries one for each run of positions
record PrefixHits(List<PrefixCache.Entry> entries, KvGroups groups, int blockSize) {
    /// None, of a sequence that has its blocks from elsewhere.
    static PrefixHits none(KvGroups groups, int blockSize) {
        return new PrefixHits(List.of(), groups, blockSize);
    }

    static PrefixHits of(Demand demand, PrefixCache cache, KvGroups groups, int blockSize) {
        var hits = new ArrayList<PrefixCache.Entry>();
        int most = (demand.tokens().size() - 1) / blockSize;
        var parent = cache.root(demand.salt());
        while (hits.size() < most) {
            var entry = cache.find(parent, demand.tokens().block(hits.size(), blockSize));
            if (entry == null) {
                break;
            }
            hits.add(entry);
            parent = entry;
        }
        int shorter = usable(hits, groups, blockSize);
        while (shorter < hits.size()) {
            hits.subList(shorter, hits.size()).clear();
            shorter = usable(hits, groups, blockSize);
        }
        return new PrefixHits(hits, groups, blockSize);
    }

    /// How many of the hits can be used: all, unless a group has lost a block that the next token attends to.
    private static int usable(List<PrefixCache.Entry> hits, KvGroups groups, int blockSize) {
        for (int g = 1; g < groups.count(); g++) {
            int behind = groups.behind(g, hits.size() * blockSize, blockSize);
            for (int i = hits.size() - 1; i >= behind; i--) {
                if (!hits.get(i).has(g)) {
                    return i;
                }
            }
        }
        return hits.size();
    }

    /// Runs of positions.
    int count() {
        return entries.size();
    }

    /// Positions that need not be computed.
    int positions() {
        return entries.size() * blockSize;
    }

    /// Those whose blocks a group takes: what lies behind its window is only known.
    List<PrefixCache.Entry> taken(int group) {
        return entries.subList(groups.behind(group, positions(), blockSize), entries.size());
    }
}
