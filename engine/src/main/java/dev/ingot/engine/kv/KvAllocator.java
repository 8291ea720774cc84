package dev.ingot.engine.kv;

import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sequence.SequenceId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// Gives blocks of the KV cache to sequences and takes them back.
///
/// - Single-threaded: whoever owns it (the allocator actor) is the only one to call it.
/// - A step's demands are met together or not at all ([#reserve]).
/// - A block that was given back is reused only after the step in flight has ended ([#release], [#stepEnded]).
/// - A block is shared only when it is full and its K and V were really computed ([#computed]); nobody writes to it then.
/// - What cannot be true, a double release or an unknown sequence, is an [IllegalStateException]: the caller is wrong
///   about who holds what, and going on would mix up tokens.
public final class KvAllocator {
    /// No step is in flight. Step ids are positive and grow.
    public static final long NO_STEP = 0;

    private final int blockSize;
    private final int blockCount;
    private final boolean prefixCaching;
    private final KvGroups groups;
    private final PrefixHash hash;
    private final Map<SequenceId, Holding> holdings = new HashMap<>();
    private BlockPool pool;
    private PrefixCache cache;
    private long queriedTokens;
    private long hitTokens;
    private long evictedBlocks;
    private long forkedTokens;
    private long copiedBlocks;
    private long windowBlocks;

    /// An allocator of a pool in which every block is free.
    ///
    /// @param blockSize positions in a block
    /// @param blockCount blocks in the pool
    /// @param prefixCaching whether sequences with the same beginning share its blocks
    public KvAllocator(int blockSize, int blockCount, boolean prefixCaching) {
        this(blockSize, blockCount, prefixCaching, KvGroups.ONE);
    }

    /// @param groups of layers with blocks of their own: what lies behind a group's window is given back as a
    ///     sequence grows
    public KvAllocator(int blockSize, int blockCount, boolean prefixCaching, KvGroups groups) {
        this(blockSize, blockCount, prefixCaching, groups, PrefixHash.MIXED);
    }

    KvAllocator(int blockSize, int blockCount, boolean prefixCaching, PrefixHash hash) {
        this(blockSize, blockCount, prefixCaching, KvGroups.ONE, hash);
    }

    /// @param hash where blocks are looked up; whatever it gives, equal contents alone are shared
    public KvAllocator(
            int blockSize,
            int blockCount,
            boolean prefixCaching,
            KvGroups groups,
            PrefixHash hash) {
        if (blockSize <= 0 || (long) blockSize * blockCount > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    blockCount + " blocks of " + blockSize + " positions");
        }
        this.blockSize = blockSize;
        this.blockCount = blockCount;
        this.prefixCaching = prefixCaching;
        this.groups = groups;
        this.hash = hash;
        this.pool = new BlockPool(blockCount);
        this.cache = new PrefixCache(blockCount, hash);
    }

    /// What a demand comes to, before anything is changed.
    ///
    /// @param hits of a sequence that holds nothing yet; those behind a group's window are only known, not taken
    private record Quote(
            Demand demand, PrefixHits hits, int firstPosition, int count, int newBlocks) {}

    /// Gives every demand its slots, or none.
    ///
    /// A sequence that holds nothing yet first takes what the prefix cache has of it ([PrefixHits]).
    ///
    /// @throws IllegalArgumentException if a sequence occurs twice or would write to a position that is computed already
    /// @throws IllegalStateException if a sequence that holds nothing claims computed tokens
    public Reservation reserve(List<Demand> demands) {
        var quotes = new ArrayList<Quote>(demands.size());
        var sequences = new HashSet<SequenceId>();
        for (var demand : demands) {
            if (!sequences.add(demand.sequence())) {
                throw new IllegalArgumentException(demand.sequence() + " is in this step twice");
            }
            quotes.add(quote(demand));
        }
        int needed = quotes.stream().mapToInt(Quote::newBlocks).sum();
        int available = pool.availableCount() - cachedHits(quotes);
        if (needed > available) {
            return new Reservation.Exhausted(needed, available, pool.fencedCount());
        }
        // All hits before the first new block: a new block may overwrite a cached one that nobody
        // has claimed.
        for (var quote : quotes) {
            if (quote.demand().leader() != null) {
                fork(quote, holding(quote.demand().leader()));
            } else {
                takeHits(quote);
            }
        }
        var slices = quotes.stream().map(this::extend).toList();
        return new Reservation.Reserved(slices, pool.availableCount());
    }

    private Quote quote(Demand demand) {
        var none = PrefixHits.none(groups, blockSize);
        var holding = holdings.get(demand.sequence());
        if (holding != null) {
            if (demand.firstPosition() < holding.computed) {
                throw new IllegalArgumentException(
                        demand.sequence()
                                + " would compute position "
                                + demand.firstPosition()
                                + " again, "
                                + holding.computed
                                + " are computed");
            }
            int end = demand.firstPosition() + demand.count();
            int newBlocks = Math.max(0, runs(end) - holding.table.size()) * groups.count();
            return new Quote(demand, none, demand.firstPosition(), demand.count(), newBlocks);
        }
        int first = demand.firstPosition();
        if (demand.leader() != null) {
            if (!holding(demand.leader()).canBeForkedFor(demand, groups, blockSize)) {
                throw new IllegalStateException(
                        demand.sequence()
                                + " cannot take over "
                                + first
                                + " tokens of "
                                + demand.leader());
            }
            int newRuns = runs(first + demand.count()) - first / blockSize;
            return new Quote(demand, none, first, demand.count(), newRuns * groups.count());
        }
        if (first != 0) {
            throw new IllegalStateException(
                    demand.sequence()
                            + " holds no block, but claims "
                            + first
                            + " computed tokens");
        }
        var hits = prefixCaching ? PrefixHits.of(demand, cache, groups, blockSize) : none;
        int hit = hits.positions();
        int count = Math.min(demand.count(), demand.tokens().size() - hit);
        int newRuns = runs(hit + count) - hits.count();
        return new Quote(demand, hits, hit, count, newRuns * groups.count());
    }

    /// Cached blocks that the hits will claim: available now, but not for new blocks.
    private int cachedHits(List<Quote> quotes) {
        var claimed = new BitSet(blockCount);
        for (var quote : quotes) {
            for (int g = 0; g < groups.count(); g++) {
                for (var hit : quote.hits().taken(g)) {
                    if (pool.isCached(hit.block(g))) {
                        claimed.set(hit.block(g));
                    }
                }
            }
        }
        return claimed.cardinality();
    }

    private void takeHits(Quote quote) {
        var demand = quote.demand();
        if (holdings.containsKey(demand.sequence())) {
            return;
        }
        var holding = holding(demand);
        for (var hit : quote.hits().entries()) {
            for (int g = 0; g < groups.count(); g++) {
                holding.table.append(hit.block(g));
            }
        }
        for (int g = 0; g < groups.count(); g++) {
            int group = g;
            quote.hits().taken(g).forEach(hit -> pool.acquire(hit.block(group)));
            holding.behind[g] = groups.behind(g, quote.firstPosition(), blockSize);
        }
        holding.published.addAll(quote.hits().entries());
        holding.computed = quote.firstPosition();
        holdings.put(demand.sequence(), holding);
        if (prefixCaching) {
            queriedTokens += demand.tokens().size();
            hitTokens += quote.firstPosition();
        }
    }

    /// The full blocks become shared; of one that is not full, a copy is to be made.
    private void fork(Quote quote, Holding leader) {
        var demand = quote.demand();
        int shared = demand.firstPosition() / blockSize;
        var holding = holding(demand);
        for (int i = 0; i < shared; i++) {
            for (int g = 0; g < groups.count(); g++) {
                if (leader.has(g, i)) {
                    pool.share(leader.table.block(g, i));
                }
                holding.table.append(leader.table.block(g, i));
            }
        }
        holding.published.addAll(
                leader.published.subList(0, Math.min(shared, leader.published.size())));
        System.arraycopy(leader.behind, 0, holding.behind, 0, groups.count());
        holding.computed = demand.firstPosition();
        holdings.put(demand.sequence(), holding);
        forkedTokens += demand.firstPosition();
    }

    private Holding holding(Demand demand) {
        return new Holding(cache.root(demand.salt()), demand.tokens(), groups, blockSize);
    }

    private List<BlockCopy> copies(Quote quote, BlockTable table) {
        var demand = quote.demand();
        int index = demand.firstPosition() / blockSize;
        if (demand.leader() == null || demand.firstPosition() % blockSize == 0) {
            return List.of();
        }
        var leader = holding(demand.leader()).table;
        var copies = new ArrayList<BlockCopy>(groups.count());
        for (int g = 0; g < groups.count(); g++) {
            copiedBlocks++;
            copies.add(new BlockCopy(leader.block(g, index), table.block(g, index)));
        }
        return copies;
    }

    private Reservation.ReservedSlice extend(Quote quote) {
        var demand = quote.demand();
        var holding = holding(demand.sequence());
        holding.tokens = demand.tokens();
        for (int i = 0; i < quote.newBlocks(); i++) {
            int block = pool.allocate();
            if (cache.forget(block, pool::unpublish)) {
                evictedBlocks++;
            }
            holding.table.append(block);
        }
        return new Reservation.ReservedSlice(
                demand.sequence(),
                quote.firstPosition(),
                quote.count(),
                holding.table.view(),
                copies(quote, holding.table));
    }

    /// The step that computed this sequence's tokens below `upTo` has completed: blocks that are full by now can
    /// be found by others.
    public void computed(SequenceId sequence, int upTo) {
        var holding = holding(sequence);
        if (upTo < holding.computed
                || upTo > holding.table.capacity()
                || upTo > holding.tokens.size()) {
            throw new IllegalStateException(
                    sequence
                            + " cannot have computed "
                            + upTo
                            + " tokens after "
                            + holding.computed
                            + ", with slots for "
                            + holding.table.capacity());
        }
        holding.computed = upTo;
        if (prefixCaching) {
            publish(holding);
        }
        for (int g = 0; g < groups.count(); g++) {
            for (; holding.behind[g] < groups.behind(g, upTo, blockSize); holding.behind[g]++) {
                pool.release(holding.table.block(g, holding.behind[g]), NO_STEP);
                windowBlocks++;
            }
        }
    }

    private void publish(Holding holding) {
        for (int i = holding.published.size(); i < holding.computed / blockSize; i++) {
            int index = i;
            int[] blocks = new int[groups.count()];
            Arrays.setAll(blocks, g -> holding.table.block(g, index));
            var entry =
                    cache.publish(
                            holding.lastPublished(), holding.tokens.block(i, blockSize), blocks);
            for (int block : blocks) {
                if (cache.contains(block)) {
                    pool.publish(block);
                }
            }
            holding.published.add(entry);
        }
    }

    /// The sequence is finished, aborted or preempted: its blocks are given back.
    ///
    /// @param fenceStepId the step in flight, or [#NO_STEP]
    public void release(SequenceId sequence, long fenceStepId) {
        giveBack(sequence, fenceStepId);
    }

    /// As [#release], for a sequence whose K and V are not to be trusted (it got NaN logits): no block that it held,
    /// shared or not, is found by another sequence from now on. Sequences that share one already keep it.
    public void discard(SequenceId sequence, long fenceStepId) {
        var holding = holding(sequence);
        var table = holding.table;
        for (int i = 0; i < table.size(); i++) {
            for (int g = 0; g < groups.count(); g++) {
                int block = table.block(g, i);
                // A block behind the window may be another's by now, with other contents.
                boolean its =
                        holding.has(g, i)
                                || (i < holding.published.size()
                                        && cache.contains(holding.published.get(i), block));
                if (its && cache.forget(block, pool::unpublish)) {
                    pool.unpublish(block);
                }
            }
        }
        giveBack(sequence, fenceStepId);
    }

    private void giveBack(SequenceId sequence, long fenceStepId) {
        var holding = holding(sequence);
        var table = holding.table;
        holdings.remove(sequence);
        // The end first, and in it the first group's block last: a beginning is of use without its
        // continuation, and that block without the other groups', but not the other way round.
        for (int i = table.size() - 1; i >= 0; i--) {
            for (int g = groups.count() - 1; g >= 0; g--) {
                if (holding.has(g, i)) {
                    pool.release(table.block(g, i), fenceStepId);
                }
            }
        }
    }

    /// Step `stepId` and all before it have completed or failed: they touch no block any more.
    public void stepEnded(long stepId) {
        pool.stepEnded(stepId);
    }

    /// The KV memory is gone with its worker. No sequence holds anything any more, nothing is cached, and the
    /// steps that were in flight cannot touch the memory that comes next.
    public void memoryLost() {
        holdings.clear();
        pool = new BlockPool(blockCount);
        cache = new PrefixCache(blockCount, hash);
    }

    /// Whether the sequence holds blocks.
    public boolean holds(SequenceId sequence) {
        return holdings.containsKey(sequence);
    }

    /// Blocks that a sequence can get now: free and cached ones.
    public int availableBlocks() {
        return pool.availableCount();
    }

    /// Whether a reservation may take this block now.
    public boolean isAvailable(int block) {
        return pool.isAvailable(block);
    }

    private int runs(int tokens) {
        return Math.ceilDiv(tokens, blockSize);
    }

    /// How the blocks are used now.
    public KvUsage usage() {
        int referenced = blockCount - pool.freeCount() - pool.cachedCount() - pool.fencedCount();
        return new KvUsage(pool.freeCount(), pool.cachedCount(), referenced, pool.fencedCount());
    }

    /// What the prefix cache holds.
    ///
    /// @param most hashes at most
    public PrefixDigest prefixDigest(int most) {
        return cache.digest(most);
    }

    /// What the prefix cache has been worth.
    public PrefixCounts prefixCounts() {
        return new PrefixCounts(queriedTokens, hitTokens, evictedBlocks);
    }

    /// What forks and the window have been worth.
    public SharingCounts sharingCounts() {
        return new SharingCounts(forkedTokens, copiedBlocks, windowBlocks);
    }

    private Holding holding(SequenceId sequence) {
        var holding = holdings.get(sequence);
        if (holding == null) {
            throw new IllegalStateException(sequence + " holds no block");
        }
        return holding;
    }

    /// Checks that every block is accounted for and has one writer at most. Costs time in the size of the pool; for
    /// tests and for the actor's own doubts.
    ///
    /// @throws IllegalStateException if a block is lost, has two states, or has two writers
    public void checkInvariants() {
        pool.checkInvariants();
        cache.checkInvariants();
        int[] held = new int[blockCount];
        for (var holding : holdings.values()) {
            for (int g = 0; g < groups.count(); g++) {
                for (int i = holding.behind[g]; i < holding.table.size(); i++) {
                    held[holding.table.block(g, i)]++;
                }
            }
        }
        for (var entry : holdings.entrySet()) {
            var table = entry.getValue().table;
            for (int i = entry.getValue().computed / blockSize; i < table.size(); i++) {
                for (int g = 0; g < groups.count(); g++) {
                    int block = table.block(g, i);
                    require(held[block] == 1, block, entry.getKey() + " is not its only writer");
                    require(!cache.contains(block), block, "is published and still written to");
                }
            }
        }
        for (int block = 0; block < blockCount; block++) {
            require(
                    held[block] == pool.references(block),
                    block,
                    held[block] + " holders, other references");
            require(
                    cache.contains(block) == pool.isPublished(block),
                    block,
                    "pool and cache disagree");
        }
    }

    private static void require(boolean holds, int block, String otherwise) {
        if (!holds) {
            throw new IllegalStateException("block " + block + ": " + otherwise);
        }
    }
}
