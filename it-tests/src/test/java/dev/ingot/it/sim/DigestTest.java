package dev.ingot.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A seed that fails on one machine fails on every other: no order of events may depend on identities, on salts of
/// immutable sets, or on what ran before in the same process.
final class DigestTest {
    private static final int FIRST = 3;
    private static final int SEEDS = 4;

    private @TempDir Path folder;

    @Test
    void theSameSeedGivesTheSameMessagesInAnotherProcess() throws Exception {
        List<String> here = new ArrayList<>();
        try (var system = SimSystem.start()) {
            system.executor().hashTexts(true);
            for (long seed = FIRST + SEEDS - 1; seed >= FIRST; seed--) {
                var settings = SimSettings.random(seed, 30);
                var report =
                        Simulation.run(system, seed, settings, Faults.random(seed, settings, 0.01));
                here.addFirst(
                        String.format(Locale.ROOT, SimMain.DIGEST, seed, report.hash()).strip());
            }
            system.executor().hashTexts(false);
        }
        assertThat(child()).isEqualTo(here);
    }

    /// With other identity hash codes than usual.
    private List<String> child() throws Exception {
        var classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        var output = folder.resolve("output");
        var process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-ea",
                                "-XX:+UseSerialGC",
                                "-XX:+UnlockExperimentalVMOptions",
                                "-XX:hashCode=0",
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-cp",
                                classPath,
                                SimMain.class.getName(),
                                "--digest",
                                "--first",
                                Integer.toString(FIRST),
                                "--seeds",
                                Integer.toString(SEEDS))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        int status = process.waitFor();
        var lines = Files.readAllLines(output);
        assertThat(status).as(String.join("\n", lines)).isZero();
        return lines.stream().filter(line -> line.startsWith("seed ")).toList();
    }
}
