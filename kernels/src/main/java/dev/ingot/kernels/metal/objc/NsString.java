package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Text to and from Objective-C.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
final class NsString {
    /// `+ (instancetype)stringWithUTF8String:(const char *)text`
    private static final MethodHandle STRING_WITH_UTF8 =
            ObjectiveC.message("stringWithUTF8String:", ADDRESS, ADDRESS);

    /// `- (const char *)UTF8String`
    private static final MethodHandle UTF8_STRING = ObjectiveC.message("UTF8String", ADDRESS);

    private static final MemorySegment CLASS = ObjectiveC.classNamed("NSString");

    private NsString() {}

    /// A string that lives until the pool closes.
    static MemorySegment of(String text) {
        try (Arena arena = Arena.ofConfined()) {
            return (MemorySegment) STRING_WITH_UTF8.invokeExact(CLASS, arena.allocateFrom(text));
        } catch (Throwable e) {
            throw ObjectiveC.failed("stringWithUTF8String:", e);
        }
    }

    /// Its text; empty for nil.
    static String text(MemorySegment string) {
        if (ObjectiveC.isNil(string)) {
            return "";
        }
        try {
            MemorySegment utf8 = (MemorySegment) UTF8_STRING.invokeExact(string);
            return utf8.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable e) {
            throw ObjectiveC.failed("UTF8String", e);
        }
    }
}
