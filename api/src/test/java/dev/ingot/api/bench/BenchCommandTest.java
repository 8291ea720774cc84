package dev.ingot.api.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The whole command, on a tiny model that our script makes.
final class BenchCommandTest {
    private static final Path SCRIPT = Path.of("..", "models", "make_random_model.py");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int bench(String... arguments) {
        return new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    private static void makeModel(Path folder) throws IOException, InterruptedException {
        Process script;
        try {
            script =
                    new ProcessBuilder("python3", SCRIPT.toString(), "tiny", folder.toString())
                            .inheritIO()
                            .start();
        } catch (IOException e) {
            Assumptions.abort("no python3 on this machine: " + e.getMessage());
            return;
        }
        assertThat(script.waitFor()).isZero();
    }

    @Test
    void measuresARandomModelAndWritesEveryRun(@TempDir Path folder) throws Exception {
        makeModel(folder.resolve("model"));
        var csv = folder.resolve("runs.csv");
        int status =
                bench(
                        folder.resolve("model").toString(),
                        "--threads=2",
                        "--repeat=2",
                        "--max-num-batched-tokens=32",
                        "--tests=pp40*3,tg5@7*3,tg4",
                        "--device=cpu",
                        "--profile",
                        "--csv=" + csv);
        assertThat(status).as(err.toString()).isZero();
        assertThat(out.toString())
                .containsPattern("pp40\\*3 +[0-9.]+")
                .containsPattern("tg5@7\\*3 +[0-9.]+")
                .containsPattern("tg4, by op +calls a step")
                .containsPattern("ATTENTION +[1-9][0-9.]* +[0-9.]+ +[0-9.]+ +[0-9.]+ %")
                .contains("outside of the kernels");
        List<String> rows = Files.readAllLines(csv);
        assertThat(rows).hasSize(1 + 2 * 3);
        assertThat(rows.getFirst()).contains("tokens_per_second").contains("fraction_of_limit");
        assertThat(rows.get(1)).contains("model,").contains(",pp40*3,120,");
    }

    @Test
    void aWrongCommandLineSaysWhatWasExpected() {
        assertThat(bench(".", "--tests=pp")).isEqualTo(2);
        assertThat(err.toString()).contains("expected ppTOKENS or tgTOKENS");
        assertThat(bench("no-such-folder")).isEqualTo(2);
        assertThat(bench(".", "--repeat=0")).isEqualTo(2);
    }

    @Test
    void aFolderThatIsNoModelIsNamed(@TempDir Path folder) {
        assertThat(bench(folder.toString(), "--tests=tg4")).isEqualTo(1);
        assertThat(err.toString()).contains("config.json");
    }
}
