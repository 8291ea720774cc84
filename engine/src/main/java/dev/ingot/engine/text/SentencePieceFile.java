package dev.ingot.engine.text;

import dev.ingot.engine.text.SentencePieces.Kind;
import dev.ingot.engine.text.SentencePieces.Normalization;
import dev.ingot.engine.text.SentencePieces.Piece;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// SentencePiece's `tokenizer.model`: a protobuf message, of which the pieces, the kind of model and what is done to texts
/// are read (`sentencepiece_model.proto`).
///
/// ```
/// ModelProto: 1 pieces* { 1 piece: string, 2 score: float, 3 type: enum }
///             2 trainer_spec { 3 model_type: enum        1 unigram (the default), 2 BPE, 3 words, 4 characters
///                              24 treat_whitespace_as_suffix: bool, 35 byte_fallback: bool }
///             3 normalizer_spec { 2 precompiled_charsmap: bytes, 3 add_dummy_prefix: bool,
///                                 4 remove_extra_whitespaces: bool, 5 escape_whitespaces: bool }
/// ```
///
/// The last three are true where they are absent.
record SentencePieceFile(Path file, TokenizerConfig config) implements TokenizerSource {
    private static final long MAX_BYTES = 64 << 20;
    private static final int MAX_PIECE_BYTES = 1024;
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    @Override
    public ObjectNode tokenizerJson() {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw bad("expected at most " + MAX_BYTES + " bytes, found " + bytes);
            }
            return read(ByteBuffer.wrap(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new TokenizerException("cannot read " + file + ": " + e, e);
        }
    }

    private ObjectNode read(ByteBuffer model) {
        model.order(ByteOrder.LITTLE_ENDIAN);
        List<Piece> pieces = new ArrayList<>();
        var trainer = new Spec();
        var normalizer = new Spec();
        while (model.hasRemaining()) {
            int tag = tag(model);
            switch (tag) {
                case 1 << 3 | BYTES -> pieces.add(piece(message(model), pieces.size()));
                case 2 << 3 | BYTES -> read(message(model), trainer);
                case 3 << 3 | BYTES -> read(message(model), normalizer);
                default -> skip(model, tag);
            }
        }
        if (pieces.isEmpty()) {
            throw bad("expected a SentencePiece model, found no pieces in it");
        }
        if (!trainer.found || !normalizer.found) {
            throw bad("expected a trainer_spec and a normalizer_spec behind the pieces: truncated");
        }
        if (trainer.is(24, false) || !normalizer.is(5, true)) {
            throw bad("expected blanks before words, written as ▁");
        }
        var normalization =
                new Normalization(
                        normalizer.charsmap, normalizer.is(4, true), normalizer.is(3, true));
        long type = trainer.numbers.getOrDefault(3, (long) UNIGRAM);
        if (type == BPE) {
            return SentencePieces.bpe(file, pieces, normalization);
        }
        if (type == UNIGRAM) {
            return SentencePieces.unigram(file, pieces, normalization, trainer.is(35, false));
        }
        throw bad("expected model_type 1 (unigram) or 2 (BPE), found " + type);
    }

    /// The numbers of a message by their fields, and a normalizer's table in base 64.
    private static final class Spec {
        private final Map<Integer, Long> numbers = new HashMap<>();
        private String charsmap = "";
        private boolean found;

        private boolean is(int field, boolean absent) {
            return numbers.getOrDefault(field, absent ? 1L : 0L) != 0;
        }
    }

    private void read(ByteBuffer message, Spec spec) {
        spec.found = true;
        while (message.hasRemaining()) {
            int tag = tag(message);
            if ((tag & 7) == VARINT) {
                spec.numbers.put(tag >>> 3, varint(message));
            } else if (tag == (2 << 3 | BYTES)) {
                var table = message(message);
                byte[] bytes = new byte[table.remaining()];
                table.get(bytes);
                spec.charsmap = Base64.getEncoder().encodeToString(bytes);
            } else {
                skip(message, tag);
            }
        }
    }

    private Piece piece(ByteBuffer message, int index) {
        String text = "";
        float score = 0;
        long type = 1;
        while (message.hasRemaining()) {
            int tag = tag(message);
            switch (tag) {
                case 1 << 3 | BYTES -> {
                    var bytes = message(message);
                    if (bytes.remaining() > MAX_PIECE_BYTES) {
                        throw bad(
                                "piece "
                                        + index
                                        + ": expected at most "
                                        + MAX_PIECE_BYTES
                                        + " bytes, found "
                                        + bytes.remaining());
                    }
                    text = StandardCharsets.UTF_8.decode(bytes).toString();
                }
                case 2 << 3 | FIXED32 -> {
                    require(message, Float.BYTES);
                    score = message.getFloat();
                }
                case 3 << 3 | VARINT -> type = varint(message);
                default -> skip(message, tag);
            }
        }
        long found = type;
        var kind =
                Kind.ofNumber(type)
                        .orElseThrow(() ->
                                bad(
                                        "piece "
                                                + index
                                                + ": expected a type from 1 to 6, found "
                                                + found));
        return new Piece(text, score, kind);
    }

    private int tag(ByteBuffer buffer) {
        long tag = varint(buffer);
        if (tag < 0 || tag > Integer.MAX_VALUE) {
            throw bad("expected a field at byte " + buffer.position() + ", found no protobuf");
        }
        return (int) tag;
    }

    private long varint(ByteBuffer buffer) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            require(buffer, 1);
            byte next = buffer.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw bad("expected a number of at most 10 bytes, found a longer one");
    }

    private ByteBuffer message(ByteBuffer buffer) {
        long length = varint(buffer);
        require(buffer, length);
        var message = buffer.slice(buffer.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.position(buffer.position() + (int) length);
        return message;
    }

    private void skip(ByteBuffer buffer, int tag) {
        switch (tag & 7) {
            case VARINT -> varint(buffer);
            case FIXED64 -> advance(buffer, Long.BYTES);
            case BYTES -> message(buffer);
            case FIXED32 -> advance(buffer, Integer.BYTES);
            default -> throw bad("expected a protobuf field, found wire type " + (tag & 7));
        }
    }

    private void advance(ByteBuffer buffer, int bytes) {
        require(buffer, bytes);
        buffer.position(buffer.position() + bytes);
    }

    private void require(ByteBuffer buffer, long bytes) {
        if (bytes < 0 || bytes > buffer.remaining()) {
            throw bad(
                    "expected "
                            + Long.toUnsignedString(bytes)
                            + " bytes more, found "
                            + buffer.remaining()
                            + ": truncated");
        }
    }

    private TokenizerException bad(String problem) {
        return new TokenizerException(file + ": " + problem);
    }
}
