package dev.ingot.api.openai.wire;

import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// What to complete: text, or tokens that were made elsewhere.
///
/// [#name] is what a mistake in it is blamed on: `prompt`, or `prompt[2]` where a list of prompts was sent.
public sealed interface Prompt {
    String name();

    /// Text that the tokenizer has yet to see.
    record Text(String name, String text) implements Prompt {}

    /// Token ids as they are; not yet checked against a vocabulary.
    record Ids(String name, Tokens ids) implements Prompt {}

    /// Reads any of the four forms of `prompt`: a string, strings, token ids, lists of token ids.
    static List<Prompt> read(Fields body, int maxCount) {
        String expected = "a string, a list of strings, a list of token ids or a list of those";
        JsonNode node = body.node("prompt");
        if (node == null) {
            throw Fields.missing("prompt", expected);
        }
        if (node.isString()) {
            return List.of(new Text("prompt", node.stringValue()));
        }
        if (!node.isArray()) {
            throw Fields.wrong("prompt", expected, node);
        }
        if (node.isEmpty()) {
            throw Fields.bad("prompt", "is empty; expected " + expected);
        }
        if (node.get(0).isNumber()) {
            return List.of(new Ids("prompt", Fields.tokenIds(node, "prompt")));
        }
        Fields.requireArray(node, "prompt", expected, maxCount);
        List<Prompt> prompts = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            prompts.add(one(node.get(i), "prompt[" + i + "]"));
        }
        return prompts;
    }

    private static Prompt one(JsonNode node, String name) {
        if (node.isString()) {
            return new Text(name, node.stringValue());
        }
        if (node.isArray()) {
            return new Ids(name, Fields.tokenIds(node, name));
        }
        throw Fields.wrong(name, "a string or a list of token ids", node);
    }
}
