package dev.ingot.it.sim;

/// What can go wrong in a simulation.
enum Fault {
    /// The step fails and has written half of what it should; the device works on.
    STEP_OUT_OF_MEMORY,
    STEP_TIMEOUT,
    STEP_INTERNAL,
    /// The worker ends with its memory.
    DEVICE_PAGE_FAULT,
    DEVICE_LOST,
    WORKER_CRASH_BEFORE_WRITING,
    WORKER_CRASH_BEFORE_REPLY,
    /// The step never ends.
    STEP_HANGS,
    /// The step ends long after the watchdog has given it up.
    REPLY_AFTER_WATCHDOG,
    /// The same reply comes again.
    REPLY_TWICE,
    /// A reply of an earlier step comes again.
    REPLY_OF_EARLIER_STEP,
    /// One row of logits is no distribution, and what it stored is garbage.
    NAN_ROW,
    NAN_ROW_OF_PROMPT,
    /// The model cannot be loaded, once.
    LOAD_FAILS,
    LOAD_CRASHES,
    /// The prompt kills every worker that computes it.
    POISON,
    /// The prompt fails every step that it is in.
    POISON_STEP,
    SCHEDULER_THROWS,
    /// The scheduler throws between a sequence's last token and its last word.
    LAST_WORD_LOST,
    ALLOCATOR_THROWS,
    REQUEST_THROWS,
    /// The engine is told to drain, and another one takes its place.
    ENGINE_DRAINED,
    /// From outside: between two messages.
    SCHEDULER_KILLED,
    ALLOCATOR_KILLED,
    WORKER_KILLED,
    REQUEST_KILLED,
    /// The client goes away without a word.
    CLIENT_LEAVES,
    /// The client reads no more, and leaves much later.
    CLIENT_STALLS,
    /// The client reads slowly all the time.
    CLIENT_SLOW,
    /// From outside, in the moment in which its worker is lost.
    SCHEDULER_KILLED_WITH_WORKER
}
