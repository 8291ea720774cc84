package dev.ingot.engine.text;

import dev.ingot.engine.text.TokenizerJson.Added;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Mistral's `tekken.json`: ranks as tiktoken's, behind a block of control tokens, and the pattern that cuts words.
///
/// ```
/// {"config": {"pattern": …, "default_vocab_size": 131072, "default_num_special_tokens": 1000, …},
///  "vocab": [{"rank": 0, "token_bytes": base64, …}, …],
///  "special_tokens": [{"rank": 0, "token_str": "<unk>", …}, …]}          newer files
/// ```
/// More ranks may be listed than the vocabulary has; the first ones count.
record TekkenFile(Path file, TokenizerConfig config) implements TokenizerSource {
    private static final int MAX_TOKENS = 1 << 22;

    /// Of files without a list.
    private static final List<String> SPECIAL =
            List.of(
                    "<unk>",
                    "<s>",
                    "</s>",
                    "[INST]",
                    "[/INST]",
                    "[AVAILABLE_TOOLS]",
                    "[/AVAILABLE_TOOLS]",
                    "[TOOL_RESULTS]",
                    "[/TOOL_RESULTS]",
                    "[TOOL_CALLS]",
                    "[IMG]",
                    "<pad>",
                    "[IMG_BREAK]",
                    "[IMG_END]",
                    "[PREFIX]",
                    "[MIDDLE]",
                    "[SUFFIX]",
                    "[SYSTEM_PROMPT]",
                    "[/SYSTEM_PROMPT]",
                    "[TOOL_CONTENT]");

    TekkenFile(Path file, TokenizerConfig config) {
        this.file = file;
        this.config =
                new TokenizerConfig(
                        config.bosToken().or(() -> Optional.of("<s>")),
                        config.eosToken().or(() -> Optional.of("</s>")),
                        config.addsBos().or(() -> Optional.of(true)));
    }

    @Override
    public ObjectNode tokenizerJson() {
        var tekken = JsonFiles.object(file);
        var settings = tekken.path("config");
        int special = size(settings, "default_num_special_tokens");
        int ordinary = size(settings, "default_vocab_size") - special;
        var pattern = settings.path("pattern");
        if (!pattern.isString()) {
            throw bad("config.pattern", "expected a string, found " + pattern);
        }
        var ranks = new TiktokenRanks(file);
        var vocab = tekken.path("vocab");
        if (!vocab.isArray() || vocab.size() < ordinary || ordinary < 256) {
            throw bad(
                    "vocab",
                    "expected at least "
                            + Math.max(ordinary, 256)
                            + " tokens, found "
                            + vocab.size());
        }
        for (int rank = 0; rank < ordinary; rank++) {
            ranks.add(token(vocab.get(rank), rank), rank);
        }
        return ranks.tokenizerJson(
                special,
                specialTokens(tekken.path("special_tokens"), special),
                Optional.empty(),
                TokenizerJson.preTokenizers(
                        TokenizerJson.split(pattern.stringValue()),
                        TokenizerJson.byteLevel(false)));
    }

    private byte[] token(JsonNode entry, int rank) {
        if (entry.path("rank").asInt(-1) != rank || !entry.path("token_bytes").isString()) {
            throw bad("vocab[" + rank + "]", "expected rank " + rank + " and token_bytes");
        }
        try {
            return Base64.getDecoder().decode(entry.get("token_bytes").stringValue());
        } catch (IllegalArgumentException e) {
            throw new TokenizerException(
                    file + ": vocab[" + rank + "].token_bytes: " + e.getMessage(), e);
        }
    }

    private List<Added> specialTokens(JsonNode listed, int count) {
        if (!listed.isArray()) {
            return TiktokenRanks.filledUp(0, SPECIAL, count, "<SPECIAL_");
        }
        var names = new ArrayList<String>();
        for (var token : listed) {
            var name = token.path("token_str").asString("");
            if (token.path("rank").asInt(-1) != names.size() || name.isEmpty()) {
                throw bad(
                        "special_tokens[" + names.size() + "]",
                        "expected rank " + names.size() + " and token_str, found " + token);
            }
            names.add(name);
        }
        if (names.size() > count) {
            throw bad("special_tokens", "expected at most " + count + ", found " + names.size());
        }
        return TiktokenRanks.filledUp(0, names, count, "<SPECIAL_");
    }

    private int size(JsonNode settings, String field) {
        int size = settings.path(field).asInt(-1);
        if (size < 0 || size > MAX_TOKENS) {
            throw bad(
                    "config." + field,
                    "expected 0 to " + MAX_TOKENS + ", found " + settings.path(field));
        }
        return size;
    }

    private TokenizerException bad(String field, String problem) {
        return new TokenizerException(file + ": " + field + ": " + problem);
    }
}
