package dev.ingot.engine.text;

import dev.ingot.engine.text.TokenizerJson.Added;
import dev.ingot.engine.text.TokenizerJson.Merge;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// A SentencePiece BPE vocabulary as a `tokenizer.json`.
///
/// SentencePiece joins, of all neighbours that together are a piece, the two whose piece has the best score. So every way
/// to cut a piece in two pieces is a merge, and the scores are their order.
final class SentencePieces {
    /// How a piece is used; the numbers are those of `sentencepiece_model.proto` and of GGUF's `token_type`.
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE;

        static Optional<Kind> ofNumber(long number) {
            return number >= 1 && number <= values().length
                    ? Optional.of(values()[(int) number - 1])
                    : Optional.empty();
        }
    }

    record Piece(String text, float score, Kind kind) {}

    /// @param left, right ids
    private record Candidate(Merge merge, float score, int left, int right) {}

    private SentencePieces() {}

    /// @param blankPrefix a blank is put before a text
    static ObjectNode tokenizerJson(Path file, List<Piece> pieces, boolean blankPrefix) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        List<Added> added = new ArrayList<>();
        Optional<String> unknown = Optional.empty();
        for (int id = 0; id < pieces.size(); id++) {
            var piece = pieces.get(id);
            if (piece.text.isEmpty()) {
                throw new TokenizerException(file + ": piece " + id + " is empty");
            }
            if (ids.putIfAbsent(piece.text, id) != null) {
                continue; // A repeated piece is never reached: the first one is found.
            }
            switch (piece.kind) {
                case UNKNOWN -> {
                    unknown = unknown.or(() -> Optional.of(piece.text));
                    added.add(new Added(id, piece.text, true));
                }
                case CONTROL -> added.add(new Added(id, piece.text, true));
                case USER_DEFINED -> added.add(new Added(id, piece.text, false));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
        return TokenizerJson.document(
                added,
                Optional.of(TokenizerJson.blankNormalizer(blankPrefix)),
                Optional.empty(),
                TokenizerJson.blankDecoder(blankPrefix),
                TokenizerJson.bpe(ids, merges(pieces, ids), unknown, true, false));
    }

    private static List<Merge> merges(List<Piece> pieces, Map<String, Integer> ids) {
        List<Candidate> candidates = new ArrayList<>();
        for (var piece : pieces) {
            if (piece.kind != Kind.NORMAL && piece.kind != Kind.USER_DEFINED) {
                continue;
            }
            var text = piece.text;
            for (int cut = text.offsetByCodePoints(0, 1);
                    cut < text.length();
                    cut = text.offsetByCodePoints(cut, 1)) {
                var merge = new Merge(text.substring(0, cut), text.substring(cut));
                var left = ids.get(merge.left());
                var right = ids.get(merge.right());
                if (left != null
                        && right != null
                        && pieces.get(left).kind != Kind.BYTE
                        && pieces.get(right).kind != Kind.BYTE) {
                    candidates.add(new Candidate(merge, piece.score, left, right));
                }
            }
        }
        candidates.sort(
                Comparator.comparingDouble((Candidate c) -> -c.score)
                        .thenComparingInt(Candidate::left)
                        .thenComparingInt(Candidate::right));
        return candidates.stream().map(Candidate::merge).toList();
    }
}
