package dev.ingot.engine.ops;

/// The (token, expert) pairs of a step, sorted by expert. All `I32`; a token's `k` experts make `k` pairs.
///
/// @param starts `[experts + 1, 1]` where each expert's pairs begin; the last entry is `tokens · k`
/// @param sources `[tokens · k, 1]` the token of each pair
/// @param places `[tokens, k]` where each of a token's pairs lies
public record ExpertGroups(Tensor starts, Tensor sources, Tensor places) {}
