package dev.ingot.engine.text;

import dev.ingot.engine.weights.GgufWriter;
import java.nio.file.Path;
import java.util.List;

/// Writes a GGUF file with a tiny byte-level vocabulary.
final class GgufVocabularyWriter {
    private GgufVocabularyWriter() {}

    static void gpt2(Path file, String pre) {
        new GgufWriter()
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", pre)
                .strings("tokenizer.ggml.tokens", List.of("a", "b", "ab", "<|end|>"))
                .ints("tokenizer.ggml.token_type", 1, 1, 1, 3)
                .strings("tokenizer.ggml.merges", List.of("a b"))
                .put("tokenizer.ggml.eos_token_id", 3)
                .write(file);
    }
}
