package dev.ingot.engine.text;

import dev.ingot.engine.text.SentencePieces.Normalization;
import dev.ingot.engine.text.SentencePieces.Piece;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The parts of a `tokenizer.json` that other vocabularies are translated to.
final class TokenizerJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String BLANK = "▁";

    private TokenizerJson() {}

    /// A token that is matched in the text before anything else.
    record Added(int id, String content, boolean special) {}

    /// A merge of two tokens into one; the earlier in the list, the sooner it is done.
    record Merge(String left, String right) {}

    /// What every tokenizer has; a part that is not given is `null`.
    static ObjectNode document(
            List<Added> added,
            Optional<ObjectNode> normalizer,
            Optional<ObjectNode> preTokenizer,
            ObjectNode decoder,
            ObjectNode model) {
        var tokens = NODES.arrayNode();
        for (var token : added) {
            tokens.add(
                    NODES.objectNode()
                            .put("id", token.id)
                            .put("content", token.content)
                            .put("single_word", false)
                            .put("lstrip", false)
                            .put("rstrip", false)
                            .put("normalized", false)
                            .put("special", token.special));
        }
        var document = NODES.objectNode();
        document.put("version", "1.0");
        document.putNull("truncation");
        document.putNull("padding");
        document.set("added_tokens", tokens);
        document.set("normalizer", orNull(normalizer));
        document.set("pre_tokenizer", orNull(preTokenizer));
        document.putNull("post_processor");
        document.set("decoder", decoder);
        document.set("model", model);
        return document;
    }

    private static JsonNode orNull(Optional<ObjectNode> part) {
        return part.<JsonNode>map(node -> node).orElse(NODES.nullNode());
    }

    /// @param unknown the token for what no other covers, where there is one
    /// @param byteFallback bytes that no token covers become `<0xAB>`
    /// @param ignoreMerges a word that is a token is that token, whether or not merges lead there
    static ObjectNode bpe(
            Map<String, Integer> vocabulary,
            List<Merge> merges,
            Optional<String> unknown,
            boolean byteFallback,
            boolean ignoreMerges) {
        var vocab = NODES.objectNode();
        vocabulary.forEach(vocab::put);
        var pairs = NODES.arrayNode();
        for (var merge : merges) {
            pairs.add(NODES.arrayNode().add(merge.left).add(merge.right));
        }
        var model = typed("BPE");
        model.putNull("dropout");
        model.put("unk_token", unknown.orElse(null));
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", unknown.isPresent());
        model.put("byte_fallback", byteFallback);
        model.put("ignore_merges", ignoreMerges);
        model.set("vocab", vocab);
        model.set("merges", pairs);
        return model;
    }

    static ObjectNode byteLevel(boolean splitAsGpt2) {
        return typed("ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", splitAsGpt2);
    }

    static ObjectNode split(String regex) {
        return typed("Split")
                .set("pattern", NODES.objectNode().put("Regex", regex))
                .put("behavior", "Isolated")
                .put("invert", false);
    }

    static ObjectNode digits(boolean individual) {
        return typed("Digits").put("individual_digits", individual);
    }

    static ObjectNode punctuation() {
        return typed("Punctuation").put("behavior", "Contiguous");
    }

    static ObjectNode nfc() {
        return typed("NFC");
    }

    static ObjectNode preTokenizers(ObjectNode... parts) {
        return typed("Sequence").set("pretokenizers", array(parts));
    }

    /// A unigram model; the ids are the places in the list.
    static ObjectNode unigram(List<Piece> pieces, int unknown, boolean byteFallback) {
        var vocab = NODES.arrayNode();
        for (var piece : pieces) {
            vocab.add(NODES.arrayNode().add(piece.text()).add((double) piece.score()));
        }
        return typed("Unigram")
                .put("unk_id", unknown)
                .put("byte_fallback", byteFallback)
                .set("vocab", vocab);
    }

    /// Cuts a text within what looks like the name of a byte, `<0xAB>`: that name is a piece, but not of texts.
    static ObjectNode namesOfBytesApart() {
        return typed("Split")
                .put("behavior", "MergedWithPrevious")
                .put("invert", false)
                .set("pattern", NODES.objectNode().put("Regex", "<(?=0x[0-9A-F]{2}>)"));
    }

    /// SentencePiece's blanks: `▁` for each, and one before the text.
    static Optional<ObjectNode> blankNormalizer(Normalization normalization) {
        var steps = NODES.arrayNode();
        if (!normalization.charsmap().isEmpty()) {
            steps.add(typed("Precompiled").put("precompiled_charsmap", normalization.charsmap()));
        }
        if (normalization.trimsBlanks()) {
            steps.add(replace("Regex", "\\A +| +\\z", "")).add(replace("Regex", " {2,}", " "));
        }
        if (normalization.blankPrefix()) {
            steps.add(typed("Prepend").put("prepend", BLANK));
        }
        steps.add(replace("String", " ", BLANK));
        return Optional.of(typed("Sequence").set("normalizers", steps));
    }

    static ObjectNode blankDecoder(boolean prefix) {
        var replace = replace("String", BLANK, " ");
        var bytes = typed("ByteFallback");
        var fuse = typed("Fuse");
        var strip = typed("Strip").put("content", " ").put("start", 1).put("stop", 0);
        return typed("Sequence")
                .set(
                        "decoders",
                        prefix ? array(replace, bytes, fuse, strip) : array(replace, bytes, fuse));
    }

    private static ObjectNode replace(String kind, String from, String to) {
        return typed("Replace")
                .set("pattern", NODES.objectNode().put(kind, from))
                .put("content", to);
    }

    private static ObjectNode typed(String type) {
        return NODES.objectNode().put("type", type);
    }

    private static ArrayNode array(ObjectNode... parts) {
        var array = NODES.arrayNode();
        for (var part : parts) {
            array.add(part);
        }
        return array;
    }
}
