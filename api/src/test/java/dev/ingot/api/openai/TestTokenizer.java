package dev.ingot.api.openai;

import dev.ingot.engine.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A tokenizer with a token per byte, whose id is the byte, and `<|end|>` with id 256.
public final class TestTokenizer {
    public static final int VOCABULARY = 257;
    public static final int EOS = 256;

    private TestTokenizer() {}

    public static Tokenizer load() {
        var json = JsonMapper.shared();
        var root = json.createObjectNode();
        var model = root.putObject("model").put("type", "BPE");
        var vocab = model.putObject("vocab");
        for (int value = 0; value < 256; value++) {
            vocab.put(String.valueOf(byteLevelChar(value)), value);
        }
        model.putArray("merges");
        root.putArray("added_tokens").add(special(json.createObjectNode()));
        for (String component : new String[] {"pre_tokenizer", "decoder"}) {
            root.putObject(component)
                    .put("type", "ByteLevel")
                    .put("add_prefix_space", false)
                    .put("trim_offsets", false)
                    .put("use_regex", false);
        }
        try {
            Path folder = Files.createTempDirectory("tokenizer");
            Path file = folder.resolve("tokenizer.json");
            Files.writeString(file, root.toString());
            try {
                return Tokenizer.load(folder);
            } finally {
                Files.delete(file);
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode special(ObjectNode token) {
        return token.put("id", EOS)
                .put("content", "<|end|>")
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
    }

    /// GPT-2's alphabet: printable bytes are themselves, the others are moved up in order.
    private static char byteLevelChar(int value) {
        int moved = 0;
        for (int each = 0; each < 256; each++) {
            boolean printable =
                    (each >= '!' && each <= '~')
                            || (each >= 0xA1 && each <= 0xAC)
                            || (each >= 0xAE && each <= 0xFF);
            if (each == value) {
                return (char) (printable ? each : 256 + moved);
            }
            if (!printable) {
                moved++;
            }
        }
        throw new IllegalArgumentException("not a byte: " + value);
    }
}
