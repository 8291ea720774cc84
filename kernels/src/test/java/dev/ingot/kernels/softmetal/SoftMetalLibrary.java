package dev.ingot.kernels.softmetal;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The software Metal device as the tests find it: built on first use, for the whole JVM.
public final class SoftMetalLibrary {
    private static final int CANNOT_BUILD_HERE = 3; // the exit status of build.sh

    private static volatile Optional<String> whyNot = Optional.empty();
    private static volatile Optional<Path> built = Optional.empty();

    private SoftMetalLibrary() {}

    /// The path of the library; skips the calling test, with the reason, on a machine that cannot build it.
    public static synchronized Path require() {
        if (built.isEmpty() && whyNot.isEmpty()) {
            build();
        }
        whyNot.ifPresent(reason -> abort(reason));
        return built.orElseThrow();
    }

    /// The folder `kernels/src/softmetal`, from any module of the build.
    public static Path sources() {
        for (Path module : new Path[] {Path.of("."), Path.of("kernels"), Path.of("../kernels")}) {
            Path sources = module.resolve("src/softmetal");
            if (Files.isRegularFile(sources.resolve("build.sh"))) {
                return sources.toAbsolutePath().normalize();
            }
        }
        throw new IllegalStateException("no src/softmetal near " + Path.of("").toAbsolutePath());
    }

    private static void build() {
        Path sources = sources();
        Path out = sources.resolve("../../target/softmetal").normalize();
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // Several JVMs run tests at once: one of them builds it.
        try (var lock = FileChannel.open(out.resolve("build.lock"), CREATE, WRITE);
                var _ = lock.lock()) {
            Process process =
                    new ProcessBuilder("sh", sources.resolve("build.sh").toString(), out.toString())
                            .redirectErrorStream(true)
                            .start();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .strip();
            if (!process.waitFor(10, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IllegalStateException("build.sh does not end");
            }
            switch (process.exitValue()) {
                case 0 -> built = Optional.of(out.resolve("libsoftmetal.so"));
                case CANNOT_BUILD_HERE -> whyNot = Optional.of(said);
                default -> throw new IllegalStateException("build.sh failed:\n" + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
