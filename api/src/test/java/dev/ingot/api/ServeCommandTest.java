package dev.ingot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/// Command lines of `serve` that are refused, and what they are told.
final class ServeCommandTest {
    @TempDir private Path folder;

    /// What a command line is told that cannot be served.
    private static String refusal(String... flags) {
        var told = new StringWriter();
        var command = Main.commandLine().setErr(new PrintWriter(told));
        var arguments =
                Stream.concat(Stream.of("serve", "/no/such/model"), Stream.of(flags))
                        .toArray(String[]::new);
        assertThat(command.execute(arguments)).isEqualTo(2);
        return told.toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--tool-call-parser=pythonic | --tool-call-parser is 'pythonic', expected one of"
                        + " hermes, qwen3_coder",
                "--reasoning-parser=glm45 | --reasoning-parser is 'glm45', expected one of qwen3,"
                        + " deepseek_r1",
                "--chat-template=/no/such.jinja | --chat-template is '/no/such.jinja', expected a"
                        + " file",
                "--tensor-parallel-size=2 | an engine has one device; see --role and --join",
                "-tp=2 | an engine has one device",
                "--quantization=awq | --quantization: quantized checkpoints need no flag;"
                        + " --quantize 4bit",
                "--api-key=x | --api-key: there is no authentication",
                "--no-such-flag=1 | Unknown option: '--no-such-flag=1'",
            })
    void whatIsNotSoHereIsRefusedWithWhatToDo(String flag, String told) {
        assertThat(refusal(flag)).startsWith("ingot: ").contains(told);
    }

    @Test
    void aParserOfGptOssReadsThoughtsAndCalls() {
        assertThat(refusal("--tool-call-parser", "hermes", "--reasoning-parser", "openai_gptoss"))
                .contains("openai goes with openai_gptoss only");
    }

    /// Every one of these is passed over: what is refused is the model, or the port that comes last.
    @Test
    void whatIsSoAnywayIsAccepted() {
        assertThat(
                        refusal(
                                "--enable-auto-tool-choice",
                                "--trust-remote-code",
                                "--enforce-eager",
                                "--disable-log-requests",
                                "--tensor-parallel-size",
                                "1",
                                "-pp",
                                "1",
                                "--dtype",
                                "auto",
                                "--tool-call-parser",
                                "qwen3_xml",
                                "--reasoning-parser",
                                "deepseek_r1"))
                .contains("/no/such/model")
                .contains("found nothing");
    }

    @Test
    void theTypeOfTheWeightsIsTheirOwn() throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                """
                {"model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
                 "num_attention_heads": 2, "vocab_size": 4, "max_position_embeddings": 64, "torch_dtype": "bfloat16"}
                """);
        var flags = new VllmFlags();
        new CommandLine(flags).parseArgs("--dtype", "bfloat16");
        flags.check(folder);
        new CommandLine(flags).parseArgs("--dtype", "half");
        assertThatThrownBy(() -> flags.check(folder))
                .hasMessage(
                        "--dtype is 'half', expected auto or bfloat16, as they are stored: weights"
                                + " are used as they are; --quantize makes them smaller");
    }
}
