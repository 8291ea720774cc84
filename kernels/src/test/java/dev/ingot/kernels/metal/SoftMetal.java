package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.kernels.metal.objc.Frameworks;
import dev.ingot.kernels.softmetal.SoftMetalLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The software Metal device in tests: builds it where the system has no Metal, sets what it is like, plans what
/// goes wrong and counts what is left over. On macOS there is nothing to set or to count.
@SuppressWarnings("restricted") // tests run with native access
public final class SoftMetal {
    private static final int TEXT_BYTES = 4096;

    private static long leftOver;

    private SoftMetal() {}

    /// Skips the test, with the reason, where there is neither Metal nor a way to build the software device.
    public static synchronized void require() {
        if (Frameworks.isMac()) {
            return;
        }
        if (System.getProperty(Frameworks.LIBRARY_PROPERTY) == null) {
            System.setProperty(Frameworks.LIBRARY_PROPERTY, SoftMetalLibrary.require().toString());
        }
        set("VALIDATION", "count");
        leftOver = counter("live"); // the tests of the software device itself leave what they load
    }

    /// Changes a setting of the software device, `SOFTMETAL_<name>` of its environment; skips the test on macOS.
    public static void set(String name, @Nullable String value) {
        assumeThat(Frameworks.isMac()).as("a GPU is as it is").isFalse();
        boolean known =
                (boolean)
                        call(
                                "softmetal_set",
                                FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS, ADDRESS),
                                name,
                                value);
        assertThat(known).as("setting %s", name).isTrue();
    }

    /// Plans what goes wrong, as `faults.h` says, and counts from here on; empty for nothing. Skips the test on macOS.
    public static void fault(String plan) {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        boolean understood =
                (boolean)
                        call("softmetal_fault", FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS), plan);
        assertThat(understood).as("fault plan %s", plan).isTrue();
    }

    /// `violations`, `kernelFaults`, `live`, `live.<class>`, …; 0 on macOS.
    public static long counter(String name) {
        if (Frameworks.isMac()) {
            return 0;
        }
        long value =
                (long) call("softmetal_counter", FunctionDescriptor.of(JAVA_LONG, ADDRESS), name);
        assertThat(value).as("counter %s", name).isNotNegative();
        return value;
    }

    /// No rule was broken and no object is left over; then everything is as at the start.
    public static void assertClean() {
        if (Frameworks.isMac()) {
            return;
        }
        fault("");
        try {
            // What Metal itself holds of a command buffer, it gives up a moment after it was told
            // to be over.
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            while (counter("live") > leftOver && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertThat(counter("violations")).as(text("softmetal_last_message")).isZero();
            assertThat(counter("live")).as(text("softmetal_live_report")).isEqualTo(leftOver);
        } finally {
            leftOver = counter("live"); // each test answers for its own
            reset();
        }
    }

    /// Counters to zero, no faults, settings as in the environment but for violations, which are counted.
    public static void reset() {
        if (Frameworks.isMac()) {
            return;
        }
        try {
            MethodHandle reset =
                    Linker.nativeLinker()
                            .downcallHandle(symbol("softmetal_reset"), FunctionDescriptor.ofVoid());
            reset.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        set("VALIDATION", "count");
    }

    private static String text(String function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT_BYTES);
            long length =
                    (long)
                            Linker.nativeLinker()
                                    .downcallHandle(
                                            symbol(function),
                                            FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG))
                                    .invokeExact(text, (long) TEXT_BYTES);
            return length == 0 ? "" : text.getString(0);
        } catch (Throwable e) {
            throw new AssertionError(function, e);
        }
    }

    private static Object call(
            String function, FunctionDescriptor signature, @Nullable String... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            Object[] pointers = new Object[arguments.length];
            for (int i = 0; i < arguments.length; i++) {
                String argument = arguments[i];
                pointers[i] = argument == null ? MemorySegment.NULL : arena.allocateFrom(argument);
            }
            return Linker.nativeLinker()
                    .downcallHandle(symbol(function), signature)
                    .invokeWithArguments(pointers);
        } catch (Throwable e) {
            throw new AssertionError(function, e);
        }
    }

    private static MemorySegment symbol(String name) {
        String library = System.getProperty(Frameworks.LIBRARY_PROPERTY);
        return SymbolLookup.libraryLookup(Path.of(library), Arena.global()).findOrThrow(name);
    }
}
