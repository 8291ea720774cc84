package dev.ingot.engine.kv;

/// What sharing and giving back early have been worth since the start. Counters only grow.
///
/// @param forkedTokens tokens that a sequence took over from another of the same prompt
/// @param copiedBlocks blocks that were copied for it because they were not full
/// @param windowBlocks blocks that were given back because they lay behind the window
public record SharingCounts(long forkedTokens, long copiedBlocks, long windowBlocks) {}
