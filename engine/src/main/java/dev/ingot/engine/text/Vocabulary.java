package dev.ingot.engine.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Every token of a `tokenizer.json`: its string, its bytes, and whether it is special. The native library offers no
/// call for any of them.
final class Vocabulary {
    /// A token that is matched in the text before the model sees it.
    ///
    /// @param leftStrip it swallows the blanks before it; `rightStrip` those after it
    record Added(int id, String content, boolean special, boolean leftStrip, boolean rightStrip) {}

    private final String[] strings;
    private final byte[][] bytes;
    private final boolean[] special;
    private final Map<String, Integer> ids;
    private final List<Added> added;

    private Vocabulary(Map<String, Integer> ids, List<Added> added, ByteAlphabet alphabet) {
        this.ids = Map.copyOf(ids);
        this.added = List.copyOf(added);
        int size = 1 + ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        strings = new String[size];
        bytes = new byte[size][];
        special = new boolean[size];
        ids.forEach((token, id) -> {
            strings[id] = token;
            bytes[id] = alphabet.bytes(token);
        });
        for (var token : added) {
            strings[token.id()] = token.content();
            bytes[token.id()] = ByteAlphabet.PLAIN.bytes(token.content());
            special[token.id()] = token.special();
        }
    }

    /// @throws TokenizerException when the tree lacks what a tokenizer must have
    static Vocabulary of(ObjectNode tokenizer) {
        Map<String, Integer> ids = new HashMap<>();
        var vocab = tokenizer.path("model").path("vocab");
        if (vocab.isObject()) {
            vocab.properties()
                    .forEach(
                            entry -> ids.put(entry.getKey(), id(entry.getValue(), entry.getKey())));
        } else if (vocab.isArray()) { // Unigram: [piece, score] in the order of ids
            for (int i = 0; i < vocab.size(); i++) {
                ids.put(vocab.get(i).path(0).asString(), i);
            }
        } else {
            throw new TokenizerException("model.vocab is missing");
        }
        List<Added> added = new ArrayList<>();
        for (var token : tokenizer.path("added_tokens")) {
            String content = token.path("content").asString("");
            if (content.isEmpty()) {
                throw new TokenizerException("an added token has no content: " + token);
            }
            int id = id(token.path("id"), content);
            ids.put(content, id);
            added.add(
                    new Added(
                            id,
                            content,
                            token.path("special").asBoolean(false),
                            token.path("lstrip").asBoolean(false),
                            token.path("rstrip").asBoolean(false)));
        }
        return new Vocabulary(ids, added, alphabet(tokenizer));
    }

    /// One more than the largest id.
    int size() {
        return strings.length;
    }

    OptionalInt idOf(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    boolean contains(int id) {
        return id >= 0 && id < strings.length && strings[id] != null;
    }

    @Nullable String string(int id) {
        return contains(id) ? strings[id] : null;
    }

    /// Empty for an id without a token. Not a copy: do not write.
    byte[] bytes(int id) {
        return contains(id) ? bytes[id] : NO_BYTES;
    }

    boolean isSpecial(int id) {
        return id >= 0 && id < special.length && special[id];
    }

    List<Added> added() {
        return added;
    }

    private static final byte[] NO_BYTES = {};

    private static int id(JsonNode node, String token) {
        if (!node.isInt() || node.intValue() < 0 || node.intValue() > MAX_ID) {
            throw new TokenizerException("token \"" + token + "\" has no valid id: " + node);
        }
        return node.intValue();
    }

    /// Far beyond any vocabulary, and small enough that a damaged file cannot ask for gigabytes of tables.
    private static final int MAX_ID = 1 << 24;

    private static ByteAlphabet alphabet(ObjectNode tokenizer) {
        if (mentions(tokenizer.path("decoder"), "ByteLevel")
                || mentions(tokenizer.path("pre_tokenizer"), "ByteLevel")) {
            return ByteAlphabet.BYTE_LEVEL;
        }
        boolean sentencePiece =
                tokenizer.path("model").path("byte_fallback").asBoolean(false)
                        || mentions(tokenizer.path("decoder"), "ByteFallback")
                        || mentions(tokenizer.path("decoder"), "Metaspace")
                        || mentions(tokenizer.path("pre_tokenizer"), "Metaspace");
        return sentencePiece ? ByteAlphabet.SENTENCE_PIECE : ByteAlphabet.PLAIN;
    }

    /// Whether a component, or one inside a `Sequence` of them, has this type.
    private static boolean mentions(JsonNode component, String type) {
        if (component.path("type").asString("").equals(type)) {
            return true;
        }
        for (String list : List.of("decoders", "pretokenizers")) {
            for (var inner : component.path(list)) {
                if (mentions(inner, type)) {
                    return true;
                }
            }
        }
        return false;
    }
}
