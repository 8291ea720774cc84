package dev.ingot.api;

import dev.ingot.engine.text.OutputFormat;
import dev.ingot.engine.text.OutputFormat.Calls;
import dev.ingot.engine.text.OutputFormat.Thoughts;
import java.nio.file.Path;
import java.util.Optional;

/// What whoever serves a model knows better than the model's files: how it is spoken with.
///
/// @param template a file with a chat template to use in place of the model's own
/// @param thoughts how the model marks its thoughts, whatever the template tells
/// @param calls how it marks its calls of tools
public record ChatSettings(
        Optional<Path> template, Optional<Thoughts> thoughts, Optional<Calls> calls) {
    /// Everything as the model's files have it.
    public static final ChatSettings OF_THE_MODEL =
            new ChatSettings(Optional.empty(), Optional.empty(), Optional.empty());

    /// @throws IllegalArgumentException if the two forms do not go together
    public ChatSettings {
        var _ = OutputFormat.PLAIN.with(thoughts, calls);
    }

    OutputFormat format(OutputFormat told) {
        return told.with(thoughts, calls);
    }
}
