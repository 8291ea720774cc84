package dev.ingot.engine.files;

import dev.ingot.engine.model.GenerationConfig;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgufFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// A model on disk, whatever its form. Holds nothing open: each question reads the files anew.
public sealed interface ModelFiles permits ModelFolder, GgufModel {
    /// The model at a path: a folder with `config.json`, or a file `*.gguf`, of which any part of a split one will do.
    ///
    /// @throws CheckpointException if there is neither
    static ModelFiles at(Path path) {
        if (Files.isDirectory(path)) {
            return new ModelFolder(path);
        }
        if (GgufFiles.isNamedSo(path) && Files.isRegularFile(path)) {
            return new GgufModel(path);
        }
        throw new CheckpointException(
                path,
                "expected a folder with config.json, a tokenizer and *.safetensors, or a file"
                        + " *.gguf, found "
                        + (Files.exists(path) ? "another kind of file" : "nothing"));
    }

    /// What requests call it where nobody says otherwise.
    String name();

    /// The shape of the model.
    ///
    /// @throws CheckpointException if it is absent or damaged, or asks for what is not supported
    ModelConfig config();

    /// What its authors sample with.
    ///
    /// @throws CheckpointException if it is damaged
    GenerationConfig generation();

    /// Maps the weights; none is read. The caller closes it.
    ///
    /// @throws CheckpointException if a file is missing or not sound
    Checkpoint weights();

    /// The tokenizer; the caller closes it.
    ///
    /// @throws dev.ingot.engine.text.TokenizerException naming the file and what is wrong with it
    Tokenizer tokenizer();

    /// The chat template; empty for a model that was not made for conversations.
    ///
    /// @param tokenizer of these files
    /// @param clock read by templates that write today's date
    /// @throws dev.ingot.engine.text.TokenizerException naming the file that is damaged
    Optional<ChatTemplate> template(Tokenizer tokenizer, Clock clock);

    /// A chat template in place of these files' own.
    ///
    /// @param source a file with nothing but the template
    /// @throws dev.ingot.engine.text.TokenizerException naming the file that is damaged
    ChatTemplate template(Path source, Tokenizer tokenizer, Clock clock);
}
