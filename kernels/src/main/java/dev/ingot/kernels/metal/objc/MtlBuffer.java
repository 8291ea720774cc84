package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `MTLBuffer`, and the label that every Metal object has.
public final class MtlBuffer {
    /// `- (void *)contents`
    private static final MethodHandle CONTENTS = ObjectiveC.message("contents", ADDRESS);

    /// `@property (readonly) NSUInteger length`
    private static final MethodHandle LENGTH = ObjectiveC.message("length", JAVA_LONG);

    /// `@property (copy) NSString *label`
    private static final MethodHandle SET_LABEL = ObjectiveC.message("setLabel:", null, ADDRESS);

    private MtlBuffer() {}

    /// Where the host sees it: an address without size and scope.
    public static MemorySegment contents(MemorySegment buffer) {
        try {
            return (MemorySegment) CONTENTS.invokeExact(buffer);
        } catch (Throwable e) {
            throw ObjectiveC.failed("contents", e);
        }
    }

    /// Its size in bytes.
    public static long length(MemorySegment buffer) {
        try {
            return (long) LENGTH.invokeExact(buffer);
        } catch (Throwable e) {
            throw ObjectiveC.failed("length", e);
        }
    }

    /// Names an object in Metal's own messages and tools. A pool has to be open.
    public static void setLabel(MemorySegment object, String label) {
        try {
            SET_LABEL.invokeExact(object, NsString.of(label));
        } catch (Throwable e) {
            throw ObjectiveC.failed("setLabel:", e);
        }
    }
}
