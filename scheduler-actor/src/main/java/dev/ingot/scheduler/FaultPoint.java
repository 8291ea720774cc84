package dev.ingot.scheduler;

import java.util.function.Consumer;

/// Places where a simulation lets an actor fail in the middle of a message.
///
/// They are passed inside an `assert` only: a JVM that runs without assertions, as a server does, has no trace of them.
public enum FaultPoint {
    SCHEDULER_BEFORE_RESERVE,
    SCHEDULER_AFTER_RESERVE,
    SCHEDULER_BEFORE_SUBMIT,
    SCHEDULER_AFTER_SUBMIT,
    SCHEDULER_BEFORE_DELIVERY,
    SCHEDULER_BEFORE_LAST_WORD,
    SCHEDULER_ON_ABORT,
    ALLOCATOR_BEFORE_RESERVE,
    ALLOCATOR_AFTER_RESERVE,
    ALLOCATOR_ON_RELEASE,
    ALLOCATOR_AFTER_STEP,
    REQUEST_BEFORE_SUBMIT,
    REQUEST_ON_TOKENS,
    REQUEST_ON_FINISHED;

    private static volatile Consumer<FaultPoint> injector = _ -> {};

    /// From now on `hook` hears of every point that is passed, and throws where the actor is to fail.
    public static void injectWith(Consumer<FaultPoint> hook) {
        injector = hook;
    }

    /// Always true, unless it throws.
    boolean passed() {
        injector.accept(this);
        return true;
    }
}
