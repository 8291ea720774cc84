package dev.ingot.engine.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/// Loads the Rust library out of its jar.
///
/// The jar has a loader of its own; this one exists because that one looks for GPUs, logs what it finds, leaves the
/// library in a folder of the user's home and, on some CUDA machines, downloads another build. Here the file lives in
/// `java.io.tmpdir` for the moment in which it is mapped.
final class NativeLibrary {
    private NativeLibrary() {}

    /// @throws TokenizerException when there is no build for this machine, or it cannot be loaded
    static TokenizersLibrary load() {
        String resource = resource(System.getProperty("os.name"), System.getProperty("os.arch"));
        try (var content = TokenizersLibrary.class.getClassLoader().getResourceAsStream(resource)) {
            if (content == null) {
                throw new TokenizerException(
                        "the tokenizers library has no build for this machine: " + resource);
            }
            Path file = Files.createTempFile("tokenizers-", ".lib");
            try {
                Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
                map(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException | UnsatisfiedLinkError e) {
            throw new TokenizerException(
                    "cannot load the tokenizers library by way of "
                            + System.getProperty("java.io.tmpdir")
                            + ": "
                            + e.getMessage(),
                    e);
        }
        return TokenizersLibrary.LIB;
    }

    /// Where the jar keeps the build for a machine.
    static String resource(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch =
                osArch.equals("amd64") ? "x86_64" : osArch.equals("arm64") ? "aarch64" : osArch;
        return os.startsWith("mac")
                ? "native/lib/osx-" + arch + "/cpu/libtokenizers.dylib"
                : "native/lib/" + os + "-" + arch + "/cpu/libtokenizers.so";
    }

    @SuppressWarnings("restricted") // The JVM is started with --enable-native-access.
    private static void map(Path file) {
        System.load(file.toString());
    }
}
