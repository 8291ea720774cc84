package dev.ingot.engine.text;

import dev.ingot.engine.text.TokenizerJson.Added;
import dev.ingot.engine.text.TokenizerJson.Merge;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// A SentencePiece vocabulary as a `tokenizer.json`.
///
/// BPE joins, of all neighbours that together are a piece, the two whose piece has the best score. So every way
/// to cut a piece in two pieces is a merge, and the scores are their order. Unigram takes the pieces whose scores are the
/// best together, which the library does too.
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

    /// What is done to a text before it is cut.
    ///
    /// @param charsmap characters to replace, compiled by SentencePiece, in base 64; empty for none
    /// @param trimsBlanks blanks are taken off both ends, and several become one
    /// @param blankPrefix a blank is put before the text
    record Normalization(String charsmap, boolean trimsBlanks, boolean blankPrefix) {
        /// Llama's: nothing but blanks is changed.
        static Normalization blanks(boolean prefix) {
            return new Normalization("", false, prefix);
        }
    }

    /// @param left, right ids
    private record Candidate(Merge merge, float score, int left, int right) {}

    private SentencePieces() {}

    static ObjectNode bpe(Path file, List<Piece> pieces, Normalization normalization) {
        Map<String, Integer> ids = ids(file, pieces);
        return TokenizerJson.document(
                added(pieces, ids),
                TokenizerJson.blankNormalizer(normalization),
                Optional.empty(),
                TokenizerJson.blankDecoder(normalization.blankPrefix),
                TokenizerJson.bpe(ids, merges(pieces, ids), unknown(pieces), true, false));
    }

    /// @param byteFallback what no piece covers is cut into bytes
    static ObjectNode unigram(
            Path file, List<Piece> pieces, Normalization normalization, boolean byteFallback) {
        Map<String, Integer> ids = ids(file, pieces);
        var unknown = unknown(pieces);
        if (unknown.isEmpty()) {
            throw new TokenizerException(
                    file + ": expected a piece of type UNKNOWN in a unigram model, found none");
        }
        for (int id = 0; id < pieces.size(); id++) {
            requireUsable(file, id, pieces.get(id), ids);
        }
        return TokenizerJson.document(
                added(pieces, ids),
                TokenizerJson.blankNormalizer(normalization),
                byteFallback ? Optional.of(TokenizerJson.namesOfBytesApart()) : Optional.empty(),
                TokenizerJson.blankDecoder(normalization.blankPrefix),
                TokenizerJson.unigram(
                        pieces, Objects.requireNonNull(ids.get(unknown.get())), byteFallback));
    }

    /// The library would use such a piece in another way than SentencePiece.
    private static void requireUsable(Path file, int id, Piece piece, Map<String, Integer> ids) {
        if (piece.kind == Kind.UNUSED || !Integer.valueOf(id).equals(ids.get(piece.text))) {
            throw new TokenizerException(
                    file
                            + ": piece "
                            + id
                            + " of a unigram model, '"
                            + piece.text
                            + "': expected one that is used and not repeated");
        }
        if (!Float.isFinite(piece.score)) {
            throw new TokenizerException(
                    file + ": piece " + id + ": expected a finite score, found " + piece.score);
        }
    }

    private static Map<String, Integer> ids(Path file, List<Piece> pieces) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int id = 0; id < pieces.size(); id++) {
            var text = pieces.get(id).text;
            if (text.isEmpty()) {
                throw new TokenizerException(file + ": piece " + id + " is empty");
            }
            ids.putIfAbsent(text, id); // A repeated piece is never reached: the first one is found.
        }
        return ids;
    }

    private static List<Added> added(List<Piece> pieces, Map<String, Integer> ids) {
        List<Added> added = new ArrayList<>();
        ids.forEach((text, id) -> {
            switch (pieces.get(id).kind) {
                case UNKNOWN, CONTROL -> added.add(new Added(id, text, true));
                case USER_DEFINED -> added.add(new Added(id, text, false));
                case NORMAL, UNUSED, BYTE -> {}
            }
        });
        return added;
    }

    private static Optional<String> unknown(List<Piece> pieces) {
        return pieces.stream()
                .filter(piece -> piece.kind == Kind.UNKNOWN)
                .map(Piece::text)
                .findFirst();
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
