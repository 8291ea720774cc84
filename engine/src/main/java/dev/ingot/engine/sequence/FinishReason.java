package dev.ingot.engine.sequence;

/// Why a sequence ended.
public enum FinishReason {
    /// An end-of-sequence token, a stop token or a stop string.
    STOP,
    /// `max_tokens` or the model's context is used up.
    LENGTH,
    /// The client went away or asked to stop.
    ABORTED,
    /// It could not be finished; the message says why.
    ERROR
}
