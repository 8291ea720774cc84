package dev.ingot.engine.kv;

/// What the prefix cache has been worth since the start. Counters only grow.
///
/// @param queriedTokens tokens of sequences that were looked up
/// @param hitTokens of these, tokens that need not be computed
/// @param evictedBlocks cached blocks that were overwritten for want of free ones
public record PrefixCounts(long queriedTokens, long hitTokens, long evictedBlocks) {}
