package dev.ingot.engine.files;

import dev.ingot.engine.model.GenerationConfig;
import dev.ingot.engine.model.GgufConfig;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.GgufFiles;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// A GGUF file, or the parts of a split one: everything is in it.
///
/// @param file the only one, or the first part
record GgufModel(Path file) implements ModelFiles {
    GgufModel {
        file = GgufFiles.firstPart(file);
    }

    @Override
    public String name() {
        return GgufFiles.modelName(file);
    }

    @Override
    public ModelConfig config() {
        return GgufConfig.read(file);
    }

    @Override
    public GenerationConfig generation() {
        return GenerationConfig.NONE;
    }

    @Override
    public Checkpoint weights() {
        return Checkpoint.open(file);
    }

    @Override
    public Tokenizer tokenizer() {
        return Tokenizer.loadGguf(file);
    }

    @Override
    public Optional<ChatTemplate> template(Tokenizer tokenizer, Clock clock) {
        return ChatTemplate.findGguf(file, tokenizer, clock);
    }

    @Override
    public ChatTemplate template(Path source, Tokenizer tokenizer, Clock clock) {
        return ChatTemplate.ofGguf(source, file, tokenizer, clock);
    }
}
