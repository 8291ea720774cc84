package dev.ingot.engine.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// How the strings of a vocabulary stand for bytes.
enum ByteAlphabet {
    /// GPT-2's: each byte is one printable character.
    BYTE_LEVEL {
        @Override
        byte[] bytes(String token) {
            byte[] bytes = new byte[token.length()];
            for (int i = 0; i < bytes.length; i++) {
                char c = token.charAt(i);
                if (c >= BYTE_OF_CHAR.length || BYTE_OF_CHAR[c] < 0) {
                    return token.getBytes(
                            StandardCharsets.UTF_8); // not of this alphabet: an added token
                }
                bytes[i] = (byte) BYTE_OF_CHAR[c];
            }
            return bytes;
        }
    },
    /// SentencePiece's: text with `▁` for a blank, and `<0xAB>` for a byte that no piece covers.
    SENTENCE_PIECE {
        @Override
        byte[] bytes(String token) {
            if (token.length() == 6 && token.startsWith("<0x") && token.endsWith(">")) {
                int high = Character.digit(token.charAt(3), 16);
                int low = Character.digit(token.charAt(4), 16);
                if (high >= 0 && low >= 0) {
                    return new byte[] {(byte) ((high << 4) | low)};
                }
            }
            return token.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
        }
    },
    /// The token's text and nothing else.
    PLAIN {
        @Override
        byte[] bytes(String token) {
            return token.getBytes(StandardCharsets.UTF_8);
        }
    };

    private static final short[] BYTE_OF_CHAR = byteOfChar();
    private static final char[] CHAR_OF_BYTE = charOfByte();

    abstract byte[] bytes(String token);

    /// GPT-2's `bytes_to_unicode`, inverted: printable Latin-1 is itself, the other bytes follow from U+0100 on.
    private static short[] byteOfChar() {
        short[] table = new short[0x100 + 68];
        Arrays.fill(table, (short) -1);
        int next = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean printable = (value >= '!' && value <= '~') || (value >= 0xA1 && value != 0xAD);
            table[printable ? value : next++] = (short) value;
        }
        return table;
    }

    private static char[] charOfByte() {
        char[] table = new char[256];
        for (char c = 0; c < BYTE_OF_CHAR.length; c++) {
            if (BYTE_OF_CHAR[c] >= 0) {
                table[BYTE_OF_CHAR[c]] = c;
            }
        }
        return table;
    }

    /// Bytes, written as Latin-1, in GPT-2's alphabet.
    static String byteLevel(String latin1) {
        char[] chars = new char[latin1.length()];
        for (int i = 0; i < chars.length; i++) {
            chars[i] = CHAR_OF_BYTE[latin1.charAt(i)];
        }
        return new String(chars);
    }
}
