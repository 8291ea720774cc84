package dev.ingot.engine.text;

import dev.ingot.engine.text.SentencePieces.Kind;
import dev.ingot.engine.text.SentencePieces.Normalization;
import dev.ingot.engine.text.SentencePieces.Piece;
import dev.ingot.engine.text.TokenizerJson.Added;
import dev.ingot.engine.text.TokenizerJson.Merge;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgufFile;
import dev.ingot.engine.weights.GgufMetadata;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// The vocabulary in a GGUF file's metadata (`tokenizer.ggml.*`): byte-level BPE (`gpt2`) or SentencePiece BPE
/// (`llama`).
///
/// The file is opened for each reading and closed again.
final class GgufVocabulary implements TokenizerSource {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String TEMPLATE = "tokenizer.chat_template";
    private static final int MAX_TOKENS = 1 << 22;
    private static final int MAX_TOKEN_BYTES = 1024;

    private final Path file;
    private final TokenizerConfig config;

    GgufVocabulary(Path file) {
        this.file = file;
        this.config = reading(file, GgufVocabulary::config);
    }

    @Override
    public Path file() {
        return file;
    }

    @Override
    public TokenizerConfig config() {
        return config;
    }

    @Override
    public ObjectNode tokenizerJson() {
        return reading(
                file,
                metadata -> {
                    var model = metadata.string(PREFIX + "model");
                    return switch (model) {
                        case "gpt2" -> byteLevel(metadata);
                        case "llama" -> sentencePiece(metadata);
                        default ->
                                throw metadata.bad(
                                        PREFIX + "model",
                                        "expected gpt2 or llama, found '" + model + "'");
                    };
                });
    }

    /// The chat templates by name; `default` is the one that is meant where nothing else is said.
    static Map<String, String> templates(Path file) {
        return reading(
                file,
                metadata -> {
                    Map<String, String> templates = new HashMap<>();
                    metadata.optionalString(TEMPLATE)
                            .ifPresent(text -> templates.put("default", text));
                    for (var key : metadata.keys()) {
                        if (key.startsWith(TEMPLATE + ".")) {
                            templates.put(
                                    key.substring(TEMPLATE.length() + 1), metadata.string(key));
                        }
                    }
                    return templates;
                });
    }

    /// Special tokens by the names that chat templates use.
    static Map<String, String> specialTokens(Path file) {
        return reading(
                file,
                metadata -> {
                    var tokens = metadata.strings(PREFIX + "tokens", MAX_TOKENS, MAX_TOKEN_BYTES);
                    Map<String, String> special = new HashMap<>();
                    Map.of(
                                    "bos_token", "bos_token_id",
                                    "eos_token", "eos_token_id",
                                    "unk_token", "unknown_token_id",
                                    "pad_token", "padding_token_id")
                            .forEach((name, key) ->
                                    token(metadata, tokens, key)
                                            .ifPresent(token -> special.put(name, token)));
                    return special;
                });
    }

    private static <T> T reading(Path file, Function<GgufMetadata, T> reader) {
        try (var arena = Arena.ofConfined()) {
            return reader.apply(GgufFile.open(file, arena).metadata());
        } catch (CheckpointException e) {
            throw new TokenizerException(String.valueOf(e.getMessage()), e);
        }
    }

    private static TokenizerConfig config(GgufMetadata metadata) {
        var tokens = metadata.strings(PREFIX + "tokens", MAX_TOKENS, MAX_TOKEN_BYTES);
        if (tokens.isEmpty()) {
            throw metadata.bad(PREFIX + "tokens", "expected a vocabulary, found none");
        }
        // llama.cpp's defaults: SentencePiece models and Llama 3 begin with bos, others do not.
        boolean addsBos =
                metadata.optionalBoolean(PREFIX + "add_bos_token")
                        .orElseGet(() ->
                                metadata.string(PREFIX + "model").equals("llama")
                                        || pre(metadata) == PreTokenizer.LLAMA3);
        return new TokenizerConfig(
                token(metadata, tokens, "bos_token_id"),
                token(metadata, tokens, "eos_token_id"),
                Optional.of(addsBos));
    }

    private static Optional<String> token(GgufMetadata metadata, List<String> tokens, String key) {
        var id = metadata.optionalInt(PREFIX + key, -1, Integer.MAX_VALUE);
        if (id.isEmpty() || id.getAsInt() < 0) {
            return Optional.empty();
        }
        if (id.getAsInt() >= tokens.size()) {
            throw metadata.bad(
                    PREFIX + key,
                    "expected an id below " + tokens.size() + ", found " + id.getAsInt());
        }
        return Optional.of(tokens.get(id.getAsInt()));
    }

    private static PreTokenizer pre(GgufMetadata metadata) {
        var name =
                metadata.optionalString(PREFIX + "pre")
                        .orElseThrow(() ->
                                metadata.bad(
                                        PREFIX + "pre",
                                        "expected one of "
                                                + PreTokenizer.known()
                                                + ", found no such key: convert the model again"));
        return PreTokenizer.named(name)
                .orElseThrow(() ->
                        metadata.bad(
                                PREFIX + "pre",
                                "expected one of "
                                        + PreTokenizer.known()
                                        + ", found '"
                                        + name
                                        + "'"));
    }

    private static ObjectNode byteLevel(GgufMetadata metadata) {
        var pre = pre(metadata);
        var tokens = metadata.strings(PREFIX + "tokens", MAX_TOKENS, MAX_TOKEN_BYTES);
        var kinds = kinds(metadata, tokens.size());
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        List<Added> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            var token = tokens.get(id);
            if (token.isEmpty() || vocabulary.putIfAbsent(token, id) != null) {
                continue; // Nobody can reach it.
            }
            switch (kinds.get(id)) {
                case CONTROL -> added.add(new Added(id, token, true));
                case USER_DEFINED -> added.add(new Added(id, token, false));
                case NORMAL, UNKNOWN, UNUSED, BYTE -> {}
            }
        }
        return TokenizerJson.document(
                added,
                pre == PreTokenizer.QWEN2 ? Optional.of(TokenizerJson.nfc()) : Optional.empty(),
                Optional.of(pre.json()),
                TokenizerJson.byteLevel(true),
                TokenizerJson.bpe(
                        vocabulary,
                        merges(metadata, vocabulary),
                        Optional.empty(),
                        false,
                        pre.ignoresMerges()));
    }

    private static List<Merge> merges(GgufMetadata metadata, Map<String, Integer> vocabulary) {
        var key = PREFIX + "merges";
        var lines = metadata.strings(key, MAX_TOKENS, 2 * MAX_TOKEN_BYTES);
        if (lines.isEmpty()) {
            throw metadata.bad(key, "expected the merges of a BPE vocabulary, found none");
        }
        List<Merge> merges = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            var line = lines.get(i);
            int blank = line.indexOf(' ', 1);
            if (blank < 0) {
                throw metadata.bad(
                        key + "[" + i + "]", "expected two tokens, found '" + line + "'");
            }
            var merge = new Merge(line.substring(0, blank), line.substring(blank + 1));
            if (!vocabulary.containsKey(merge.left() + merge.right())) {
                throw metadata.bad(
                        key + "[" + i + "]",
                        "expected a merge to a token of the vocabulary, found '" + line + "'");
            }
            merges.add(merge);
        }
        return merges;
    }

    private static ObjectNode sentencePiece(GgufMetadata metadata) {
        var tokens = metadata.strings(PREFIX + "tokens", MAX_TOKENS, MAX_TOKEN_BYTES);
        float[] scores = metadata.floats(PREFIX + "scores", MAX_TOKENS);
        if (scores.length != tokens.size()) {
            throw metadata.bad(
                    PREFIX + "scores",
                    "expected " + tokens.size() + " scores, found " + scores.length);
        }
        var kinds = kinds(metadata, tokens.size());
        List<Piece> pieces = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            pieces.add(new Piece(tokens.get(id), scores[id], kinds.get(id)));
        }
        boolean prefix = metadata.optionalBoolean(PREFIX + "add_space_prefix").orElse(true);
        return SentencePieces.bpe(metadata.file(), pieces, Normalization.blanks(prefix));
    }

    private static List<Kind> kinds(GgufMetadata metadata, int count) {
        var key = PREFIX + "token_type";
        float[] numbers = metadata.floats(key, MAX_TOKENS);
        if (numbers.length != count) {
            throw metadata.bad(key, "expected " + count + " types, found " + numbers.length);
        }
        List<Kind> kinds = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float number = numbers[i];
            int id = i;
            kinds.add(
                    Kind.ofNumber((long) number)
                            .orElseThrow(() ->
                                    metadata.bad(
                                            key + "[" + id + "]",
                                            "expected a type from 1 to 6, found " + number)));
        }
        return kinds;
    }
}
