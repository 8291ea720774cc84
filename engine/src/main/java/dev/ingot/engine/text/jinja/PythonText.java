package dev.ingot.engine.text.jinja;

import java.util.HexFormat;
import java.util.Locale;

/// What Python does to a `str`, where Java does something else.
final class PythonText {
    private PythonText() {}

    /// As `str.isspace`: wider than Java's.
    static boolean isBlank(int c) {
        return Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || c == 0x85
                || (c >= 0x1C && c <= 0x1F);
    }

    static int startWithoutBlanks(String text) {
        int start = 0;
        while (start < text.length() && isBlank(text.charAt(start))) {
            start++;
        }
        return start;
    }

    static int endWithoutBlanks(String text) {
        int end = text.length();
        while (end > 0 && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /// By code point; Java's own order differs beyond U+FFFF.
    static int compare(String a, String b) {
        int common = Math.min(a.length(), b.length());
        for (int i = 0; i < common; ) {
            int x = a.codePointAt(i);
            int y = b.codePointAt(i);
            if (x != y) {
                return Integer.compare(x, y);
            }
            i += Character.charCount(x);
        }
        return Integer.compare(a.length(), b.length());
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(Locale.ROOT)
                + text.substring(first).toLowerCase(Locale.ROOT);
    }

    /// `repr` of a string: single quotes unless only the text has them.
    static String quote(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        var quoted = new StringBuilder(text.length() + 2).append(quote);
        text.codePoints()
                .forEach(c -> {
                    switch (c) {
                        case '\n' -> quoted.append("\\n");
                        case '\r' -> quoted.append("\\r");
                        case '\t' -> quoted.append("\\t");
                        case '\\' -> quoted.append("\\\\");
                        default -> {
                            if (c == quote) {
                                quoted.append('\\').append(quote);
                            } else if (isPrintable(c)) {
                                quoted.appendCodePoint(c);
                            } else {
                                quoted.append(escape(c));
                            }
                        }
                    }
                });
        return quoted.append(quote).toString();
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            case Character.UNASSIGNED ->
                    c >= 0xFDD0 && c <= 0xFDEF; // marks of the caller's own, see ControlTokens
            default -> true;
        };
    }

    private static String escape(int c) {
        return c < 0x100
                ? "\\x" + HexFormat.of().toHexDigits(c, 2)
                : c < 0x10000
                        ? "\\u" + HexFormat.of().toHexDigits(c, 4)
                        : "\\U" + HexFormat.of().toHexDigits(c, 8);
    }

    /// A string literal's content, with Python's escapes; one that Python does not know stays as it is.
    static String unescape(String body) {
        if (body.indexOf('\\') < 0) {
            return body;
        }
        var text = new StringBuilder(body.length());
        for (int i = 0; i < body.length(); i++) {
            char c = body.charAt(i);
            if (c != '\\' || i + 1 == body.length()) {
                text.append(c);
                continue;
            }
            char escape = body.charAt(++i);
            int digits =
                    switch (escape) {
                        case 'x' -> 2;
                        case 'u' -> 4;
                        case 'U' -> 8;
                        default -> 0;
                    };
            if (digits > 0) {
                if (i + digits >= body.length()) {
                    throw new IllegalArgumentException(
                            "\\" + escape + " wants " + digits + " digits");
                }
                text.appendCodePoint(Integer.parseInt(body.substring(i + 1, i + 1 + digits), 16));
                i += digits;
            } else if (escape >= '0' && escape <= '7') {
                int value = 0;
                int end = Math.min(body.length(), i + 3);
                while (i < end && body.charAt(i) >= '0' && body.charAt(i) <= '7') {
                    value = 8 * value + (body.charAt(i++) - '0');
                }
                i--;
                text.append((char) value);
            } else {
                switch (escape) {
                    case 'n' -> text.append('\n');
                    case 't' -> text.append('\t');
                    case 'r' -> text.append('\r');
                    case 'b' -> text.append('\b');
                    case 'f' -> text.append('\f');
                    case 'v' -> text.append('\u000b');
                    case 'a' -> text.append('\u0007');
                    case '\\', '\'', '"' -> text.append(escape);
                    case '\n' -> {} // a line continued
                    default -> text.append('\\').append(escape);
                }
            }
        }
        return text.toString();
    }
}
