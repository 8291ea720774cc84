package dev.ingot.kernels.cpu;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// The CPU's queue: a thread that runs what was committed, in that order, as the first of the team.
///
/// It takes [#CAPACITY] steps, so that one follows another without anybody waking in between. Written by one
/// thread, the device's; read by its own. Neither takes a lock: a slot is the writer's while it is empty and the
/// reader's while it is full.
final class CpuQueue {
    /// Steps that may be committed and not ended.
    static final int CAPACITY = 2;

    private final AtomicReferenceArray<Runnable> slots = new AtomicReferenceArray<>(CAPACITY);
    private final Thread thread;
    private int next;
    private volatile boolean closing;

    CpuQueue() {
        thread = Thread.ofPlatform().name("ingot-cpu").daemon().unstarted(this::run);
        thread.start();
    }

    /// The slot of the next step, `0` or `1`; what belongs to a slot may be used anew once its step has ended.
    ///
    /// @throws IllegalStateException if both are in use
    int slot() {
        if (slots.get(next) != null) {
            throw new IllegalStateException(
                    CAPACITY + " command buffers are committed and have not ended");
        }
        return next;
    }

    /// Runs the step of [#slot] after those before it.
    ///
    /// @param step computes; its slot is free from when it returns
    /// @param told runs after that, on the same thread
    void submit(Runnable step, Runnable told) {
        int slot = slot();
        next = (slot + 1) % CAPACITY;
        slots.set(
                slot,
                () -> {
                    try {
                        step.run();
                    } finally {
                        slots.set(slot, null);
                    }
                    told.run();
                });
        LockSupport.unpark(thread);
    }

    /// Has the thread do this, and waits for it.
    ///
    /// @throws RuntimeException if that did
    <T> T call(Supplier<T> task) {
        var result = new CompletableFuture<T>();
        submit(
                () -> {},
                () -> {
                    try {
                        result.complete(task.get());
                    } catch (RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                });
        try {
            return result.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /// Whether nothing is committed that has not ended.
    boolean isEmpty() {
        for (int i = 0; i < CAPACITY; i++) {
            if (slots.get(i) != null) {
                return false;
            }
        }
        return true;
    }

    /// Returns when everything that was committed has ended and was told.
    void close() {
        closing = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive() && !thread.equals(Thread.currentThread())) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        int slot = 0;
        while (true) {
            var step = slots.get(slot);
            if (step != null) {
                step.run();
                slot = (slot + 1) % CAPACITY;
            } else if (closing) {
                return;
            } else {
                LockSupport.park(this);
            }
        }
    }
}
