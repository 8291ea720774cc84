package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// The actors' protocol, every interleaving of it: see `src/spec/engine.pml`.
final class SpecTest {
    private record Ended(int status, String output) {}

    private static Ended run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }

    @Test
    void theProtocolHoldsAndEveryPlantedBugInItIsFound() throws Exception {
        assumeThat(run("sh", "-c", "command -v spin").status())
                .as("spin, the model checker, is installed")
                .isZero();
        var checked = run("sh", "src/spec/check.sh");
        assertThat(checked.status()).as(checked.output()).isZero();
    }
}
