package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ingot.engine.ops.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Where the Objective-C runtime and Metal are found: the only difference between macOS, which has them,
/// and Linux, where one library stands in for all of them.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
public final class Frameworks {
    /// Names the library that stands in for Metal on a system that has none.
    public static final String LIBRARY_PROPERTY = "ingot.metal.library";

    private static final String MACOS_RUNTIME = "/usr/lib/libobjc.A.dylib";
    private static final String MACOS_SYSTEM = "/usr/lib/libSystem.B.dylib";
    private static final String MACOS_METAL = "/System/Library/Frameworks/Metal.framework/Metal";

    /// Without it MTLCreateSystemDefaultDevice finds no device in a process without windows.
    private static final String MACOS_GRAPHICS =
            "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics";

    private static @Nullable Frameworks loaded;

    private final SymbolLookup symbols;

    private Frameworks(SymbolLookup symbols) {
        this.symbols = symbols;
    }

    /// Loads them, once for the life of the JVM.
    ///
    /// @throws DeviceException of kind `UNAVAILABLE` that says what is missing
    public static synchronized void load() {
        if (loaded == null) {
            loaded = new Frameworks(isMac() ? macFrameworks() : standIn());
        }
    }

    /// Whether [#load] has found them.
    public static synchronized boolean isLoaded() {
        return loaded != null;
    }

    /// True where Metal is the system's own.
    public static boolean isMac() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac");
    }

    /// Size of the system's memory pages.
    public static long pageBytes() {
        return PageSize.BYTES;
    }

    /// Asked once.
    private static final class PageSize {
        /// `int getpagesize(void)`
        private static final long BYTES = ask();

        private static long ask() {
            Linker linker = Linker.nativeLinker();
            MethodHandle getPageSize =
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("getpagesize"),
                            FunctionDescriptor.of(JAVA_INT));
            try {
                return (int) getPageSize.invokeExact();
            } catch (Throwable e) {
                throw new AssertionError("getpagesize", e);
            }
        }
    }

    /// A function or variable.
    ///
    /// @throws DeviceException of kind `UNAVAILABLE` if there is none of that name
    static MemorySegment symbol(String name) {
        load();
        Frameworks frameworks = loaded;
        if (frameworks == null) {
            throw new AssertionError();
        }
        return frameworks
                .symbols
                .find(name)
                .orElseThrow(() -> unavailable("there is no '" + name + "' in it", null));
    }

    private static SymbolLookup macFrameworks() {
        open(MACOS_GRAPHICS);
        return open(MACOS_RUNTIME).or(open(MACOS_METAL)).or(open(MACOS_SYSTEM));
    }

    private static SymbolLookup standIn() {
        String library = System.getProperty(LIBRARY_PROPERTY);
        if (library == null) {
            throw unavailable(
                    "this is not macOS, and -D"
                            + LIBRARY_PROPERTY
                            + " names no software Metal device (with clang-19 installed, ./ingot serve --device metal builds one);"
                            + " use --device cpu",
                    null);
        }
        if (!Files.isReadable(Path.of(library))) {
            throw unavailable(
                    "-D" + LIBRARY_PROPERTY + " names " + library + ", which is not there", null);
        }
        return open(library);
    }

    // By name and not by path: what macOS serves from its shared cache is no file.
    private static SymbolLookup open(String library) {
        try {
            return SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalArgumentException e) {
            throw unavailable(library + " could not be loaded", e);
        }
    }

    private static DeviceException unavailable(String why, @Nullable Throwable cause) {
        String message = "no Metal device: " + why;
        return cause == null
                ? new DeviceException(DeviceException.Kind.UNAVAILABLE, message)
                : new DeviceException(DeviceException.Kind.UNAVAILABLE, message, cause);
    }
}
