package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DeviceException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/// Finds the native libraries that the build put beside the classes, and loads them for good.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
final class NativeLibrary {
    private NativeLibrary() {}

    /// Loads `libingot_<name>`; the library stays loaded until the JVM ends.
    ///
    /// It is copied out of the jar first, and the copy is deleted as soon as it is loaded.
    ///
    /// @throws DeviceException of kind `UNAVAILABLE` if this build has none for this platform
    static SymbolLookup load(String name) {
        try (InputStream library = NativeLibrary.class.getResourceAsStream(resource(name))) {
            if (library == null) {
                throw new DeviceException(
                        DeviceException.Kind.UNAVAILABLE,
                        "this build of Ingot has no CPU kernels '" + name + "' for " + platform());
            }
            Path copy = Files.createTempFile("ingot-", "-" + fileName(name));
            try {
                Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
                return SymbolLookup.libraryLookup(copy, Arena.global());
            } finally {
                Files.delete(copy);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    "the CPU kernels '"
                            + name
                            + "' could not be loaded through "
                            + System.getProperty("java.io.tmpdir")
                            + " (does it allow execution?): "
                            + e.getMessage(),
                    e);
        }
    }

    /// Whether this build has `libingot_<name>` for this platform: a compiler may have known no such instructions.
    static boolean isBuilt(String name) {
        return NativeLibrary.class.getResource(resource(name)) != null;
    }

    private static String resource(String name) {
        return "/dev/ingot/kernels/native/" + platform() + "/" + fileName(name);
    }

    /// `<os>-<arch>`, as `build.sh` names its folders.
    static String platform() {
        return os() + "-" + architecture();
    }

    private static String os() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return name.startsWith("mac") ? "macos" : name.replace(' ', '_');
    }

    static String architecture() {
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "aarch64";
            case String other -> other;
        };
    }

    private static String fileName(String name) {
        return "libingot_" + name + (os().equals("macos") ? ".dylib" : ".so");
    }
}
