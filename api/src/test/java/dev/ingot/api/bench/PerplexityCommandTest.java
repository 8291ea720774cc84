package dev.ingot.api.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The built-in model reads text that it was not trained on, in several formats.
final class PerplexityCommandTest {
    private static final Path MODEL = Path.of("..", "models", "ingot-small");
    private static final Path SCRIPT = Path.of("..", "models", "quantize_model.py");
    private static final Path TEXT = Path.of("..", "models", "held-out.jsonl");

    /// At the end of its training the model's loss on such text was 0.385 (`models/training-log.md`), weighted
    /// towards what the assistant says; a document's first tokens are harder to tell, and these are few.
    private static final double LEAST = Math.exp(0.3);

    private static final double MOST = Math.exp(0.8);

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int perplexity(String... arguments) {
        return new CommandLine(new PerplexityCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    /// A column of the table that was printed; columns are two spaces apart at least.
    private List<Double> column(int index) {
        var values = new ArrayList<Double>();
        out.toString()
                .lines()
                .skip(1)
                .map(line -> line.split(" {2,}", -1)[index])
                .forEach(cell -> values.add(Double.parseDouble(cell.replace("%", "").strip())));
        return values;
    }

    @Test
    void theFewerTheBitsTheMoreIsLost() {
        int status =
                perplexity(
                        MODEL.toString(),
                        "--quantize=8bit,4bit",
                        "--text=" + TEXT,
                        "--max-documents=6",
                        "--device=cpu",
                        "--threads=2");
        assertThat(status).as(err.toString()).isZero();
        var perplexity = column(3);
        assertThat(perplexity).hasSize(3);
        double full = perplexity.getFirst();
        assertThat(full).isBetween(LEAST, MOST);
        assertThat(perplexity.get(1)).isBetween(0.99 * full, 1.01 * full);
        assertThat(perplexity.get(2)).isBetween(full, 1.3 * full);
        var differs = column(5);
        assertThat(differs.getFirst()).isZero();
        assertThat(differs.get(1)).isPositive().isLessThan(differs.get(2) / 4);
    }

    @Test
    void theScriptsFormatsAreReadAsTheyAre(@TempDir Path folder) throws Exception {
        var formats =
                List.of(
                        "f16", "q8_0", "mlx8", "q6_k", "mlx6", "q4_k", "mlx4", "q4_0", "mxfp4",
                        "mlx3");
        quantize(folder, formats);
        var arguments = new ArrayList<>(List.of(MODEL.toString()));
        formats.forEach(
                f -> arguments.add(folder.resolve(f.startsWith("m") ? f : f + ".gguf").toString()));
        arguments.addAll(List.of("--text=" + TEXT, "--max-documents=3", "--device=cpu"));
        assertThat(perplexity(arguments.toArray(String[]::new))).as(err.toString()).isZero();
        var perplexity = column(3);
        var differs = column(5);
        assertThat(differs).hasSize(1 + formats.size());
        for (int i = 0; i < formats.size(); i++) {
            String format = formats.get(i);
            // What the levels cost, by their number of bits, and that they are read in the right
            // places.
            int bits =
                    switch (format) {
                        case "f16" -> 16;
                        case "mxfp4" -> 4;
                        default -> format.charAt(format.startsWith("mlx") ? 3 : 1) - '0';
                    };
            double most =
                    switch (bits) {
                        case 16 -> 0.0001;
                        case 8 -> 0.01;
                        case 6 -> 0.02;
                        case 3 -> 0.2;
                        default -> 0.1;
                    };
            assertThat(differs.get(i + 1)).as(format).isLessThan(most);
            assertThat(Math.log(perplexity.get(i + 1) / perplexity.getFirst()))
                    .as(format)
                    .isLessThan(most);
        }
        assertThat(differs.get(formats.indexOf("mlx8") + 1))
                .isLessThan(differs.get(formats.indexOf("mlx6") + 1));
        assertThat(differs.get(formats.indexOf("mlx6") + 1))
                .isLessThan(differs.get(formats.indexOf("mlx4") + 1));
        assertThat(differs.get(formats.indexOf("mlx4") + 1))
                .isLessThan(differs.get(formats.indexOf("mlx3") + 1));
    }

    private static void quantize(Path folder, List<String> formats)
            throws IOException, InterruptedException {
        try {
            var numpy = new ProcessBuilder("python3", "-c", "import numpy").start();
            Assumptions.assumeTrue(numpy.waitFor() == 0, "python3 has no numpy here");
        } catch (IOException e) {
            Assumptions.abort("no python3 on this machine: " + e.getMessage());
        }
        var command =
                new ArrayList<>(
                        List.of("python3", SCRIPT.toString(), MODEL.toString(), folder.toString()));
        command.addAll(formats);
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }

    @Test
    void whatCannotBeReadIsNamed(@TempDir Path folder) throws IOException {
        assertThat(perplexity("--text=no-such-text", MODEL.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("no-such-text");
        var text = folder.resolve("text.jsonl");
        Files.writeString(text, "\"good\"\n{bad\n");
        assertThat(perplexity("--text=" + text, MODEL.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("text.jsonl, line 2: expected a JSON string");
        assertThat(perplexity("--text=" + text, "--quantize=3bit", MODEL.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("expected 4bit or 8bit");
        Files.writeString(text, "\"\"\n");
        assertThat(perplexity("--text=" + text, MODEL.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("no document of two tokens");
        assertThat(perplexity("--text=" + TEXT, folder.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("config.json");
    }
}
