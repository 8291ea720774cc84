package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Messages to Objective-C objects whose signature follows from the arguments: slow, and able to say anything,
/// the wrong things above all. Arguments are [MemorySegment] (an object, a pointer), [Long], [Boolean], [Byte] and [Size].
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
final class Messages {
    static final GroupLayout SIZE =
            MemoryLayout.structLayout(
                    JAVA_LONG.withName("width"),
                    JAVA_LONG.withName("height"),
                    JAVA_LONG.withName("depth"));
    static final GroupLayout RANGE =
            MemoryLayout.structLayout(JAVA_LONG.withName("location"), JAVA_LONG.withName("length"));

    /// MTLSize, passed by value.
    record Size(long width, long height, long depth) {}

    /// NSRange, passed by value.
    record Range(long location, long length) {}

    private final Linker linker = Linker.nativeLinker();
    private final SymbolLookup library;
    private final Map<List<Object>, MethodHandle> handles = new HashMap<>();

    Messages(SymbolLookup library) {
        this.library = library;
    }

    MemorySegment send(@Nullable MemorySegment receiver, String selector, Object... arguments) {
        return (MemorySegment) invoke(receiver, selector, ADDRESS, arguments);
    }

    long sendLong(MemorySegment receiver, String selector, Object... arguments) {
        return (long) invoke(receiver, selector, JAVA_LONG, arguments);
    }

    boolean sendBoolean(MemorySegment receiver, String selector, Object... arguments) {
        return (boolean) invoke(receiver, selector, JAVA_BOOLEAN, arguments);
    }

    double sendDouble(MemorySegment receiver, String selector, Object... arguments) {
        return (double) invoke(receiver, selector, JAVA_DOUBLE, arguments);
    }

    /// A C function of the library.
    Object call(String name, @Nullable MemoryLayout result, Object... arguments) {
        return invoke(name, result, List.of(arguments));
    }

    MemorySegment selector(String name) {
        try (var arena = Arena.ofConfined()) {
            return (MemorySegment) call("sel_registerName", ADDRESS, arena.allocateFrom(name));
        }
    }

    private Object invoke(
            @Nullable MemorySegment receiver,
            String selector,
            MemoryLayout result,
            Object... arguments) {
        var all = new ArrayList<Object>();
        all.add(receiver == null ? MemorySegment.NULL : receiver);
        all.add(selector(selector));
        all.addAll(List.of(arguments));
        return invoke("objc_msgSend", result, all);
    }

    private Object invoke(String function, @Nullable MemoryLayout result, List<Object> arguments) {
        var layouts = arguments.stream().map(Messages::layout).toArray(MemoryLayout[]::new);
        var key = new ArrayList<Object>(List.of(layouts));
        key.add(function);
        key.add(result == null ? "void" : result);
        MethodHandle handle =
                handles.computeIfAbsent(
                        key,
                        absent ->
                                linker.downcallHandle(
                                        library.findOrThrow(function),
                                        result == null
                                                ? FunctionDescriptor.ofVoid(layouts)
                                                : FunctionDescriptor.of(result, layouts)));
        try (var arena = Arena.ofConfined()) {
            return handle.invokeWithArguments(
                    arguments.stream().map(argument -> value(argument, arena)).toList());
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static MemoryLayout layout(Object argument) {
        return switch (argument) {
            case MemorySegment segment -> ADDRESS;
            case Long number -> JAVA_LONG;
            case Boolean flag -> JAVA_BOOLEAN;
            case Byte number -> JAVA_BYTE;
            case Size size -> SIZE;
            case Range range -> RANGE;
            default -> throw new IllegalArgumentException("no layout for " + argument.getClass());
        };
    }

    private static Object value(Object argument, Arena arena) {
        return switch (argument) {
            case Size(long width, long height, long depth) -> {
                MemorySegment size = arena.allocate(SIZE);
                size.setAtIndex(JAVA_LONG, 0, width);
                size.setAtIndex(JAVA_LONG, 1, height);
                size.setAtIndex(JAVA_LONG, 2, depth);
                yield size;
            }
            case Range(long location, long length) -> {
                MemorySegment range = arena.allocate(RANGE);
                range.setAtIndex(JAVA_LONG, 0, location);
                range.setAtIndex(JAVA_LONG, 1, length);
                yield range;
            }
            default -> argument;
        };
    }
}
