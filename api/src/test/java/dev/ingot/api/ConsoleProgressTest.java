package dev.ingot.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// What somebody who waits sees.
final class ConsoleProgressTest {
    private static final long MIB = 1 << 20;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    private ConsoleProgress progress(boolean isTerminal) {
        return new ConsoleProgress(
                new PrintStream(shown, true, StandardCharsets.UTF_8), isTerminal);
    }

    private String shown() {
        return shown.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalHasABarFromTheFirstMomentOn() {
        var progress = progress(true);
        progress.at("model.gguf", 25 * MIB, 100 * MIB);
        assertThat(shown())
                .startsWith("\r")
                .contains(" 25 %  [######..................]  25.0 of 100.0 MiB  ")
                .endsWith("/s  model.gguf");
        progress.at("model.gguf", 100 * MIB, 100 * MIB);
        assertThat(shown()).contains("[########################]").endsWith("/s  done\n");
    }

    @Test
    void elsewhereThereIsALineForEveryTenth() {
        var progress = progress(false);
        for (int done = 0; done <= 100; done++) {
            progress.at("model.gguf", done * MIB, 100 * MIB);
        }
        assertThat(shown().lines()).hasSize(11).noneMatch(line -> line.contains("["));
        assertThat(shown().lines().skip(10)).singleElement().asString().endsWith("/s  done");
    }
}
