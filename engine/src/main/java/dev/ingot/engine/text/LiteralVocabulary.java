package dev.ingot.engine.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Rewrites a `tokenizer.json` so that its control tokens are never read in text.
///
/// The Rust library has no switch for it. So each control token gets a name that no text holds, under its old id:
/// taking it out instead would shift the ids of the added tokens behind it.
final class LiteralVocabulary {
    private LiteralVocabulary() {}

    /// Changes `tokenizer` in place.
    static void hide(ObjectNode tokenizer, List<Vocabulary.Added> controls) {
        Map<String, String> renamed = new HashMap<>();
        controls.forEach(token -> renamed.put(token.content(), "\uFDD0" + token.id() + "\uFDD1"));
        for (var token : tokenizer.path("added_tokens")) {
            String name = renamed.get(token.path("content").asString(""));
            if (name != null) {
                ((ObjectNode) token).put("content", name);
            }
        }
        if (!(tokenizer.path("model") instanceof ObjectNode model)) {
            return;
        }
        if (model.path("vocab") instanceof ObjectNode vocab) {
            renamed.forEach((old, name) -> {
                JsonNode id = vocab.remove(old);
                if (id != null) {
                    vocab.set(name, id);
                }
            });
        } else {
            for (var piece : model.path("vocab")) {
                String name = renamed.get(piece.path(0).asString(""));
                if (name != null) {
                    ((ArrayNode) piece).set(0, name);
                }
            }
        }
        if (model.path("merges") instanceof ArrayNode merges) {
            merges.removeIf(merge -> renamed.containsKey(merged(merge)));
        }
        String unknown = renamed.get(model.path("unk_token").asString(""));
        if (unknown != null) {
            model.put("unk_token", unknown);
        }
    }

    /// Makes a Metaspace tokenizer treat the text as the continuation of another one: no blank is put before it.
    ///
    /// @return whether `tokenizer` was changed
    static boolean continueText(ObjectNode tokenizer) {
        return continueText(tokenizer.path("pre_tokenizer"));
    }

    private static boolean continueText(JsonNode component) {
        if (component instanceof ObjectNode metaspace
                && Objects.equals(metaspace.path("type").asString(""), "Metaspace")
                && metaspace.path("prepend_scheme").asString("").equals("first")) {
            metaspace.put("prepend_scheme", "never");
            return true;
        }
        boolean changed = false;
        for (var inner : component.path("pretokenizers")) {
            changed |= continueText(inner);
        }
        return changed;
    }

    /// A merge is written as `"a b"` or as `["a", "b"]`.
    private static String merged(JsonNode merge) {
        return merge.isArray()
                ? merge.path(0).asString("") + merge.path(1).asString("")
                : merge.asString("").replace(" ", "");
    }
}
