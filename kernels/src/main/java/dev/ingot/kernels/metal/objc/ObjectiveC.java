package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;

import dev.ingot.engine.ops.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/// The Objective-C runtime: classes, selectors, reference counts.
///
/// A message is a call of `objc_msgSend` as if it were the method itself, so that every selector has a
/// handle of its own with that method's exact signature; it is never called as a variadic function.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
public final class ObjectiveC {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemorySegment MESSAGE = Frameworks.symbol("objc_msgSend");

    /// `Class objc_getClass(const char *name)`
    private static final MethodHandle GET_CLASS =
            function("objc_getClass", FunctionDescriptor.of(ADDRESS, ADDRESS));

    /// `SEL sel_registerName(const char *name)`
    private static final MethodHandle REGISTER_NAME =
            function("sel_registerName", FunctionDescriptor.of(ADDRESS, ADDRESS));

    /// `id objc_retain(id object)`
    private static final MethodHandle RETAIN =
            function("objc_retain", FunctionDescriptor.of(ADDRESS, ADDRESS));

    /// `void objc_release(id object)`
    private static final MethodHandle RELEASE =
            function("objc_release", FunctionDescriptor.ofVoid(ADDRESS));

    /// `+ (instancetype)alloc`
    private static final MethodHandle ALLOC = message("alloc", ADDRESS);

    /// `- (instancetype)init`
    private static final MethodHandle INIT = message("init", ADDRESS);

    /// `- (BOOL)respondsToSelector:(SEL)selector`
    private static final MethodHandle RESPONDS_TO_SELECTOR =
            message("respondsToSelector:", JAVA_BOOLEAN, ADDRESS);

    private ObjectiveC() {}

    /// A C function of the frameworks.
    static MethodHandle function(String name, FunctionDescriptor signature) {
        return LINKER.downcallHandle(Frameworks.symbol(name), signature);
    }

    /// A method, as a handle that takes the receiver and the arguments.
    ///
    /// @param result null for `void`
    static MethodHandle message(
            String selector, @Nullable MemoryLayout result, MemoryLayout... arguments) {
        MemoryLayout[] all = new MemoryLayout[arguments.length + 2];
        all[0] = ADDRESS;
        all[1] = ADDRESS;
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        FunctionDescriptor signature =
                result == null
                        ? FunctionDescriptor.ofVoid(all)
                        : FunctionDescriptor.of(result, all);
        return MethodHandles.insertArguments(
                LINKER.downcallHandle(MESSAGE, signature), 1, selector(selector));
    }

    /// An object that the caller owns.
    static MemorySegment create(String className) {
        try {
            MemorySegment allocated = (MemorySegment) ALLOC.invokeExact(classNamed(className));
            return (MemorySegment) INIT.invokeExact(allocated);
        } catch (Throwable e) {
            throw failed(className + " init", e);
        }
    }

    /// Whether an object has a method: what a newer system has is asked for before it is used.
    static boolean responds(MemorySegment object, String selector) {
        try {
            return (boolean) RESPONDS_TO_SELECTOR.invokeExact(object, selector(selector));
        } catch (Throwable e) {
            throw failed("respondsToSelector:", e);
        }
    }

    /// Takes a share in an object that someone else owns.
    public static void retain(MemorySegment object) {
        try {
            MemorySegment same = (MemorySegment) RETAIN.invokeExact(object);
            assert same.address() == object.address();
        } catch (Throwable e) {
            throw failed("objc_retain", e);
        }
    }

    /// Gives up one share in an object; nil is ignored.
    public static void release(MemorySegment object) {
        try {
            RELEASE.invokeExact(object);
        } catch (Throwable e) {
            throw failed("objc_release", e);
        }
    }

    /// Whether it is no object.
    public static boolean isNil(MemorySegment object) {
        return object.address() == 0;
    }

    static MemorySegment classNamed(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = (MemorySegment) GET_CLASS.invokeExact(arena.allocateFrom(name));
            if (isNil(found)) {
                throw new DeviceException(
                        DeviceException.Kind.UNAVAILABLE,
                        "no Metal device: this system has no class " + name);
            }
            return found;
        } catch (DeviceException e) {
            throw e;
        } catch (Throwable e) {
            throw failed("objc_getClass", e);
        }
    }

    private static MemorySegment selector(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return (MemorySegment) REGISTER_NAME.invokeExact(arena.allocateFrom(name));
        } catch (Throwable e) {
            throw failed("sel_registerName", e);
        }
    }

    /// A call that could not be made: our code is wrong, Objective-C does not throw through here.
    static AssertionError failed(String call, Throwable cause) {
        return new AssertionError(call, cause);
    }
}
