package dev.ingot.scheduler;

/// Within which limits an engine runs, whatever its worker is.
///
/// @param model its name, for people
/// @param maxSequences sequences in one step
/// @param maxStepTokens tokens in one step
/// @param maxWaiting sequences that wait before a submission is refused
/// @param prefixCaching whether sequences with the same beginning share its blocks
public record EngineSettings(
        String model, int maxSequences, int maxStepTokens, int maxWaiting, boolean prefixCaching) {}
