package dev.ingot.engine.text;

import dev.ingot.engine.text.TokenizerJson.Added;
import dev.ingot.engine.text.TokenizerJson.Merge;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// tiktoken's vocabulary as a `tokenizer.json`: byte strings in the order in which they are joined.
///
/// The merges are not written down, so they are found again: what the tokens of lower rank make of a token's bytes must be
/// two parts, and those are its merge. A token that they make more of is reached only as a whole word.
final class TiktokenRanks {
    static final int MAX_TOKEN_BYTES = 512;

    private final Path file;

    /// Byte strings as Latin-1: a string is a good key and a byte array is none.
    private final Map<String, Integer> ranks = new LinkedHashMap<>();

    TiktokenRanks(Path file) {
        this.file = file;
    }

    int size() {
        return ranks.size();
    }

    void add(byte[] token, int rank) {
        if (token.length == 0 || token.length > MAX_TOKEN_BYTES) {
            throw new TokenizerException(
                    file
                            + ": rank "
                            + rank
                            + ": expected a token of 1 to "
                            + MAX_TOKEN_BYTES
                            + " bytes, found "
                            + token.length);
        }
        var text = new String(token, StandardCharsets.ISO_8859_1);
        if (ranks.putIfAbsent(text, rank) != null) {
            throw new TokenizerException(
                    file + ": rank " + rank + ": expected a new token, found one of a lower rank");
        }
    }

    /// @param firstId id of rank 0
    ObjectNode tokenizerJson(
            int firstId, List<Added> special, Optional<ObjectNode> normalizer, ObjectNode pre) {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        List<Merge> merges = new ArrayList<>();
        boolean allReached = true;
        for (var token : special) {
            vocabulary.put(token.content(), token.id());
        }
        for (var entry : ranks.entrySet()) {
            var token = entry.getKey();
            vocabulary.put(ByteAlphabet.byteLevel(token), firstId + entry.getValue());
            if (token.length() == 1) {
                continue;
            }
            var parts = parts(token, entry.getValue());
            if (parts.size() == 2) {
                merges.add(
                        new Merge(
                                ByteAlphabet.byteLevel(parts.get(0)),
                                ByteAlphabet.byteLevel(parts.get(1))));
            } else {
                allReached = false;
            }
        }
        return TokenizerJson.document(
                special,
                normalizer,
                Optional.of(pre),
                TokenizerJson.byteLevel(true),
                TokenizerJson.bpe(vocabulary, merges, Optional.empty(), false, !allReached));
    }

    /// What the tokens below `limit` make of these bytes.
    private List<String> parts(String token, int limit) {
        var parts = new ArrayList<String>();
        for (int i = 0; i < token.length(); i++) {
            parts.add(token.substring(i, i + 1));
        }
        while (true) {
            int best = -1;
            int bestRank = limit;
            for (int i = 0; i + 1 < parts.size(); i++) {
                var rank = ranks.get(parts.get(i) + parts.get(i + 1));
                if (rank != null && rank < bestRank) {
                    bestRank = rank;
                    best = i;
                }
            }
            if (best < 0) {
                return parts;
            }
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
    }

    /// Control tokens by id, with names for the ids that have none up to `count`.
    static List<Added> filledUp(int firstId, List<String> names, int count, String fillerPrefix) {
        var special = new ArrayList<Added>();
        var seen = new HashMap<String, Integer>();
        for (int i = 0; i < count; i++) {
            var name = i < names.size() ? names.get(i) : fillerPrefix + i + ">";
            if (seen.putIfAbsent(name, i) == null) {
                special.add(new Added(firstId + i, name, true));
            }
        }
        return special;
    }
}
