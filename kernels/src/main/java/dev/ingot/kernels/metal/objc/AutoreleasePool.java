package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Keeps what Objective-C hands out without giving it away, until it is closed.
///
/// Opened and closed by one platform thread, the inner one first.
public final class AutoreleasePool implements AutoCloseable {
    /// `void *objc_autoreleasePoolPush(void)`
    private static final MethodHandle PUSH =
            ObjectiveC.function("objc_autoreleasePoolPush", FunctionDescriptor.of(ADDRESS));

    /// `void objc_autoreleasePoolPop(void *pool)`
    private static final MethodHandle POP =
            ObjectiveC.function("objc_autoreleasePoolPop", FunctionDescriptor.ofVoid(ADDRESS));

    private final Thread thread;
    private final MemorySegment pool;
    private boolean closed;

    /// Opens a pool on this thread.
    ///
    /// @throws IllegalStateException on a virtual thread, which may come back on another carrier
    public AutoreleasePool() {
        thread = Thread.currentThread();
        if (thread.isVirtual()) {
            throw new IllegalStateException("Metal needs a platform thread");
        }
        try {
            pool = (MemorySegment) PUSH.invokeExact();
        } catch (Throwable e) {
            throw ObjectiveC.failed("objc_autoreleasePoolPush", e);
        }
    }

    /// Lets go of everything that was lent since it was opened.
    ///
    /// @throws IllegalStateException on another thread than the one that opened it
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (!thread.equals(Thread.currentThread())) {
            throw new IllegalStateException(
                    "an autorelease pool of " + thread + " closed by " + Thread.currentThread());
        }
        closed = true;
        try {
            POP.invokeExact(pool);
        } catch (Throwable e) {
            throw ObjectiveC.failed("objc_autoreleasePoolPop", e);
        }
    }
}
