package dev.ingot.scheduler;

import org.jspecify.annotations.Nullable;

/// What the engine can do at this moment, as its guardian last said it: a snapshot for probes and routes.
///
/// @param state whether tokens can be produced now
/// @param reason why not, for people; empty when ready
/// @param engineEpoch how many times the engine was started
/// @param capabilities what is served; null until a model was loaded once
public record EngineStatus(
        State state, String reason, int engineEpoch, @Nullable Capabilities capabilities) {
    /// Readiness.
    public enum State {
        STARTING,
        READY,
        /// It is there but gives no sign of life.
        UNRESPONSIVE,
        RESTARTING,
        /// It could not be started; the process is about to end.
        FAILED,
        /// It takes nothing new and ends what runs.
        DRAINING
    }

    /// What the loaded model and its memory allow.
    ///
    /// @param maxModelLength prompt and output tokens of one sequence together
    /// @param vocabulary token ids are in `[0, vocabulary)`
    /// @param kvBlocks blocks in the pool
    /// @param device what computes, for logs and `/metrics`
    /// @param numericClass see [dev.ingot.engine.ops.DeviceInfo]
    public record Capabilities(
            int maxModelLength,
            int vocabulary,
            int blockSize,
            int kvBlocks,
            String device,
            String numericClass) {}

    public boolean isReady() {
        return state == State.READY;
    }
}
