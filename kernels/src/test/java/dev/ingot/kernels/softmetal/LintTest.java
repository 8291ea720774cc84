package dev.ingot.kernels.softmetal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// `./ingot lint-metal`: no finding in any kernel, in any of its instantiations.
class LintTest {
    @Test
    void noKernelHasFindings() throws IOException, InterruptedException {
        Path lint = SoftMetalLibrary.require().resolveSibling("softmetal-lint");
        Path kernels = SoftMetalLibrary.sources().resolveSibling("main").resolve("metal");
        List<String> command = new ArrayList<>(List.of(lint.toString()));
        try (var files = Files.list(kernels)) {
            files.map(Path::toString)
                    .filter(file -> file.endsWith(".metal"))
                    .sorted()
                    .forEach(command::add);
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        int sources = command.size() - 1;
        assertEquals(sources + " sources, 0 with findings", said.strip());
    }
}
