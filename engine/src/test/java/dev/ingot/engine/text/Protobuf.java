package dev.ingot.engine.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Writes a small SentencePiece model.
final class Protobuf {
    private Protobuf() {}

    /// `<unk> <s> </s> ▁ a b ▁a ▁ab`
    static byte[] sentencePieces(int modelType) {
        var model = new ByteArrayOutputStream();
        piece(model, "<unk>", 0, 2);
        piece(model, "<s>", 0, 3);
        piece(model, "</s>", 0, 3);
        piece(model, "▁", -5, 1);
        piece(model, "a", -6, 1);
        piece(model, "b", -7, 1);
        piece(model, "▁a", -1, 1);
        piece(model, "▁ab", -2, 1);
        model.writeBytes(new byte[] {2 << 3 | 2, 2, 3 << 3, (byte) modelType});
        model.writeBytes(new byte[] {3 << 3 | 2, 2, 4 << 3, 0});
        return model.toByteArray();
    }

    private static void piece(ByteArrayOutputStream model, String text, float score, int type) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        var message =
                ByteBuffer.allocate(2 + utf8.length + 5 + 2)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put((byte) (1 << 3 | 2))
                        .put((byte) utf8.length)
                        .put(utf8)
                        .put((byte) (2 << 3 | 5))
                        .putFloat(score)
                        .put((byte) (3 << 3))
                        .put((byte) type);
        model.write(1 << 3 | 2);
        model.write(message.position());
        model.writeBytes(message.array());
    }
}
