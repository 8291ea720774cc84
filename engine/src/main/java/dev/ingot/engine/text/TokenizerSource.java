package dev.ingot.engine.text;

import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.node.ObjectNode;

/// Where a tokenizer comes from: whatever the form, it becomes a `tokenizer.json`, because that is what the
/// library reads.
interface TokenizerSource {
    /// To blame in messages.
    Path file();

    /// The `tokenizer.json`, made anew at each call; the caller may change it.
    ///
    /// @throws TokenizerException naming the file and what is wrong with it
    ObjectNode tokenizerJson();

    /// The same as text.
    default String json() {
        return tokenizerJson().toString();
    }

    /// Which tokens begin and end a text.
    TokenizerConfig config();

    /// The tokenizer of a model folder: `tokenizer.json`, else `tekken.json`, else `tokenizer.model`
    /// (SentencePiece or tiktoken), else `qwen.tiktoken`.
    static TokenizerSource of(Path folder) {
        var config = TokenizerConfig.load(folder);
        var tekken = folder.resolve("tekken.json");
        var model = folder.resolve("tokenizer.model");
        var qwen = folder.resolve("qwen.tiktoken");
        var json = folder.resolve("tokenizer.json");
        if (!Files.exists(json)) {
            if (Files.exists(tekken)) {
                return new TekkenFile(tekken, config);
            }
            if (Files.exists(model)) {
                return TiktokenFile.isOne(model)
                        ? new TiktokenFile(model, config)
                        : new SentencePieceFile(model, config);
            }
            if (Files.exists(qwen)) {
                return new TiktokenFile(qwen, config);
            }
        }
        return new JsonSource(json, config);
    }

    /// A `tokenizer.json` as it is.
    record JsonSource(Path file, TokenizerConfig config) implements TokenizerSource {
        @Override
        public ObjectNode tokenizerJson() {
            return JsonFiles.object(file);
        }

        /// Not written anew, so that the library's complaints have the file's lines.
        @Override
        public String json() {
            return JsonFiles.text(file);
        }
    }
}
