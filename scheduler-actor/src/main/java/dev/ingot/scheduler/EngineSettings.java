package dev.ingot.scheduler;

import dev.ingot.engine.schedule.SchedulingPolicy;

/// Within which limits an engine runs, whatever its worker is.
///
/// @param model its name, for people
/// @param maxSequences sequences in one step
/// @param maxStepTokens tokens in one step
/// @param maxWaiting sequences that wait before a submission is refused
/// @param prefixCaching whether sequences with the same beginning share its blocks
/// @param policy whose turn it is, and how long one waits for it
public record EngineSettings(
        String model,
        int maxSequences,
        int maxStepTokens,
        int maxWaiting,
        boolean prefixCaching,
        SchedulingPolicy policy) {
    /// With the policy of a server that was told nothing.
    public EngineSettings(
            String model,
            int maxSequences,
            int maxStepTokens,
            int maxWaiting,
            boolean prefixCaching) {
        this(
                model,
                maxSequences,
                maxStepTokens,
                maxWaiting,
                prefixCaching,
                SchedulingPolicy.DEFAULT);
    }
}
