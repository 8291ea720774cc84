package dev.ingot.engine.text;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What `tokenizer_config.json` and `special_tokens_map.json` say: which tokens begin and end a text.
///
/// @param bosToken begins a text
/// @param eosToken ends a text
/// @param addsBos whether encoding puts the bos token first; empty where the file leaves it to `tokenizer.json`
record TokenizerConfig(
        Optional<String> bosToken, Optional<String> eosToken, Optional<Boolean> addsBos) {
    static TokenizerConfig load(Path folder) {
        var config = JsonFiles.optionalObject(folder.resolve("tokenizer_config.json"));
        var map = JsonFiles.optionalObject(folder.resolve("special_tokens_map.json"));
        var adds = config.path("add_bos_token");
        return new TokenizerConfig(
                token(config, "bos_token").or(() -> token(map, "bos_token")),
                token(config, "eos_token").or(() -> token(map, "eos_token")),
                adds.isBoolean() ? Optional.of(adds.booleanValue()) : Optional.empty());
    }

    /// Every special token that the files name (`bos_token`, `pad_token` and so on), for chat templates.
    static Map<String, String> specialTokens(Path folder) {
        Map<String, String> tokens = new HashMap<>();
        for (String file : List.of("special_tokens_map.json", "tokenizer_config.json")) {
            var object = JsonFiles.optionalObject(folder.resolve(file));
            for (String name : object.propertyNames()) {
                if (name.endsWith("_token")) {
                    token(object, name).ifPresent(token -> tokens.put(name, token));
                }
            }
        }
        return Map.copyOf(tokens);
    }

    /// A token is written as its string, or as an object that holds it.
    static Optional<String> token(ObjectNode file, String name) {
        JsonNode node = file.path(name);
        JsonNode content = node.isObject() ? node.path("content") : node;
        return content.isString() && !content.stringValue().isEmpty()
                ? Optional.of(content.stringValue())
                : Optional.empty();
    }
}
