package dev.ingot.api;

import dev.ingot.engine.text.OutputFormat.Calls;
import dev.ingot.engine.text.OutputFormat.Thoughts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The flags of `ingot serve` that are about conversations, by vLLM's names.
final class ChatFlags {
    @Option(
            names = "--chat-template",
            paramLabel = "FILE",
            description = "A Jinja template to use in place of the model's own.")
    private @Nullable Path template;

    @Option(
            names = "--tool-call-parser",
            paramLabel = "NAME",
            description =
                    "How the model calls tools, whatever its template tells: hermes, qwen3_coder,"
                            + " qwen3_xml, mistral, llama3_json, llama4_json or openai.")
    private @Nullable String calls;

    @Option(
            names = "--reasoning-parser",
            paramLabel = "NAME",
            description =
                    "How it marks its thoughts: qwen3, deepseek_r1, mistral or openai_gptoss.")
    private @Nullable String thoughts;

    boolean areGiven() {
        return template != null || calls != null || thoughts != null;
    }

    /// @throws IllegalArgumentException naming the flag
    ChatSettings settings() {
        if (template != null && !Files.isRegularFile(template)) {
            throw new IllegalArgumentException(
                    "--chat-template is '" + template + "', expected a file with a template");
        }
        return new ChatSettings(Optional.ofNullable(template), thoughts(), calls());
    }

    private Optional<Thoughts> thoughts() {
        try {
            return Optional.ofNullable(thoughts).map(Thoughts::ofParser);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--reasoning-parser is " + e.getMessage(), e);
        }
    }

    private Optional<Calls> calls() {
        try {
            return Optional.ofNullable(calls).map(Calls::ofParser);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--tool-call-parser is " + e.getMessage(), e);
        }
    }
}
