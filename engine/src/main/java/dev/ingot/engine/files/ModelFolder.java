package dev.ingot.engine.files;

import dev.ingot.engine.model.GenerationConfig;
import dev.ingot.engine.model.HfConfig;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.engine.weights.Checkpoint;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// A folder as Hugging Face lays it out.
record ModelFolder(Path folder) implements ModelFiles {
    @Override
    public String name() {
        return String.valueOf(folder.getFileName());
    }

    @Override
    public ModelConfig config() {
        return HfConfig.read(folder);
    }

    @Override
    public GenerationConfig generation() {
        return GenerationConfig.read(folder);
    }

    @Override
    public Checkpoint weights() {
        return Checkpoint.open(folder);
    }

    @Override
    public Tokenizer tokenizer() {
        return Tokenizer.load(folder);
    }

    @Override
    public Optional<ChatTemplate> template(Tokenizer tokenizer, Clock clock) {
        return ChatTemplate.find(folder, tokenizer, clock);
    }

    @Override
    public ChatTemplate template(Path source, Tokenizer tokenizer, Clock clock) {
        return ChatTemplate.of(source, folder, tokenizer, clock);
    }
}
