package dev.ingot.engine.schedule;

/// How much may be in flight.
///
/// @param maxModelLength tokens of one sequence, prompt and output together
/// @param maxSequences sequences that hold blocks at the same time, and so rows of a decode step
/// @param maxStepTokens the token budget: decode rows and prefill tokens of one step together
/// @param maxWaiting sequences that wait before a submission is refused
/// @param policy whose turn it is
public record SchedulerLimits(
        int maxModelLength,
        int maxSequences,
        int maxStepTokens,
        int maxWaiting,
        SchedulingPolicy policy) {
    /// With the policy of a server that was told nothing.
    public SchedulerLimits(
            int maxModelLength, int maxSequences, int maxStepTokens, int maxWaiting) {
        this(maxModelLength, maxSequences, maxStepTokens, maxWaiting, SchedulingPolicy.DEFAULT);
    }

    public SchedulerLimits {
        require(maxModelLength >= 2, "max-model-len", maxModelLength, "at least 2");
        require(maxSequences >= 1, "max-num-seqs", maxSequences, "at least 1");
        // Every running sequence must fit a step with one token, or decode could starve.
        require(
                maxStepTokens >= maxSequences,
                "max-num-batched-tokens",
                maxStepTokens,
                "at least max-num-seqs (" + maxSequences + ")");
        require(maxWaiting >= 1, "max-num-queued-seqs", maxWaiting, "at least 1");
    }

    private static void require(boolean valid, String flag, int value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    "--" + flag + " is " + value + ", expected " + expected);
        }
    }
}
