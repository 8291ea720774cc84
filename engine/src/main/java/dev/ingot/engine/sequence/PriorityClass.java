package dev.ingot.engine.sequence;

/// How urgent a request is. The most urgent comes first.
public enum PriorityClass {
    /// Somebody waits in front of a screen, and paid for it.
    HIGH,
    /// What a request is that says nothing.
    NORMAL,
    /// Work in bulk, for whenever there is room.
    LOW;

    /// The class of a request's `priority`, where, as in vLLM, lower comes earlier and 0 is what most have.
    public static PriorityClass of(long priority) {
        if (priority == 0) {
            return NORMAL;
        }
        return priority < 0 ? HIGH : LOW;
    }
}
