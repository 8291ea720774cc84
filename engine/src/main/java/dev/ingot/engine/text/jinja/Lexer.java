package dev.ingot.engine.text.jinja;

import dev.ingot.engine.text.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a source into [Token]s, with `trim_blocks` and `lstrip_blocks` on and one line end at the very end dropped.
final class Lexer {
    private static final Pattern RAW = Pattern.compile("\\s*raw\\s*(?:(-)%\\}|%\\})");
    private static final Pattern END_RAW =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:([-+])%\\}|%\\})");
    private static final String[] OPERATORS = {
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "(", ")", "[", "]", "{",
        "}", ".", ",", ":", "|", "=", "<", ">", ";"
    };

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    /// The line that `countedTo` lies in.
    private int line = 1;

    private int countedTo;

    /// Whether `at` is where a line begins, as far as the text that is left to print goes.
    private boolean atLineStart = true;

    private Lexer(String source) {
        String unix = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    static List<Token> tokens(String source) {
        var lexer = new Lexer(source);
        lexer.run();
        return List.copyOf(lexer.tokens);
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                text(source.substring(at), at);
                at = source.length();
                break;
            }
            char kind = source.charAt(tag + 1);
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            text(textBefore(tag, kind, sign), at);
            at = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
            switch (kind) {
                case '#' -> comment(tag);
                case '{' -> code(Kind.PRINT_BEGIN, Kind.PRINT_END, "}}", tag);
                default -> {
                    if (!raw(tag)) {
                        code(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}", tag);
                    }
                }
            }
        }
        tokens.add(new Token(Kind.END, "", lineOf(source.length())));
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at);
                i >= 0 && i + 1 < source.length();
                i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    /// The text up to a tag, less the blanks that belong to the tag.
    private String textBefore(int tag, char kind, char sign) {
        String text = source.substring(at, tag);
        if (sign == '-') {
            return text.substring(0, PythonText.endWithoutBlanks(text));
        }
        return sign == '+' || kind == '{' ? text : withoutIndentation(text, atLineStart);
    }

    /// `lstrip_blocks`: a tag that is the first of its line takes the line's indentation with it.
    private static String withoutIndentation(String text, boolean beginsLine) {
        int lineStart = text.lastIndexOf('\n') + 1;
        if (lineStart == 0 && !beginsLine) {
            return text;
        }
        for (int i = lineStart; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != ' ' && c != '\t') {
                return text;
            }
        }
        return text.substring(0, lineStart);
    }

    private void comment(int tag) {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw new TemplateSyntaxException("missing end of comment tag", lineOf(tag));
        }
        char sign = end > at ? source.charAt(end - 1) : ' ';
        at = end + 2;
        afterTag(sign, true);
    }

    /// `{% raw %}…{% endraw %}`: text, whatever it looks like.
    private boolean raw(int tag) {
        Matcher begin = RAW.matcher(source).region(at, source.length());
        if (!begin.lookingAt()) {
            return false;
        }
        Matcher end = END_RAW.matcher(source);
        if (!end.find(begin.end())) {
            throw new TemplateSyntaxException("missing end of raw directive", lineOf(tag));
        }
        String body = source.substring(begin.end(), end.start());
        if ("-".equals(begin.group(1))) {
            body = body.substring(PythonText.startWithoutBlanks(body));
        }
        body =
                switch (end.group(1)) {
                    case "-" -> body.substring(0, PythonText.endWithoutBlanks(body));
                    case "+" -> body;
                    default -> withoutIndentation(body, false);
                };
        text(body, begin.end());
        at = end.end();
        afterTag(end.group(2) == null ? ' ' : end.group(2).charAt(0), true);
        return true;
    }

    private void code(Kind begin, Kind end, String close, int tag) {
        tokens.add(new Token(begin, "", lineOf(tag)));
        int open = 0;
        while (true) {
            skipBlanks();
            if (at >= source.length()) {
                throw new TemplateSyntaxException("missing " + end, lineOf(tag));
            }
            if (open == 0) {
                char sign = source.charAt(at);
                boolean signed = (sign == '-' || (sign == '+' && end == Kind.BLOCK_END));
                if (source.startsWith(close, signed ? at + 1 : at)) {
                    tokens.add(new Token(end, "", lineOf(at)));
                    at += signed ? 3 : 2;
                    afterTag(signed ? sign : ' ', end == Kind.BLOCK_END);
                    return;
                }
            }
            char c = source.charAt(at);
            if ("([{".indexOf(c) >= 0) {
                open++;
            } else if (")]}".indexOf(c) >= 0) {
                open--;
            }
            word();
        }
    }

    /// What a tag's end takes of the text behind it: `-` all blanks, `trim_blocks` one line end.
    private void afterTag(char sign, boolean trimsLineEnd) {
        int from = at;
        if (sign == '-') {
            skipBlanks();
        } else if (sign != '+' && trimsLineEnd && source.startsWith("\n", at)) {
            at++;
        }
        atLineStart = at > from && source.charAt(at - 1) == '\n';
    }

    private void word() {
        int start = at;
        char c = source.charAt(at);
        if (Character.isUnicodeIdentifierStart(c) || c == '_') {
            while (at < source.length()
                    && (Character.isUnicodeIdentifierPart(source.charAt(at))
                            || source.charAt(at) == '_')) {
                at++;
            }
            add(Kind.NAME, source.substring(start, at), start);
        } else if (c >= '0' && c <= '9') {
            number(start);
        } else if (c == '\'' || c == '"') {
            string(start, c);
        } else {
            operator(start);
        }
    }

    private void operator(int start) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, start)) {
                at += operator.length();
                add(Kind.OPERATOR, operator, start);
                return;
            }
        }
        throw new TemplateSyntaxException(
                "unexpected character '" + source.charAt(start) + "'", lineOf(start));
    }

    private static final Pattern BASED =
            Pattern.compile("0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+");
    private static final Pattern DECIMAL =
            Pattern.compile(
                    "\\d+(?:_\\d+)*(?<real>(?:\\.\\d+(?:_\\d+)*)?[eE][-+]?\\d+(?:_\\d+)*|\\.\\d+(?:_\\d+)*)?");

    private void number(int start) {
        Matcher based = BASED.matcher(source).region(start, source.length());
        if (based.lookingAt()) {
            at = based.end();
            add(Kind.INTEGER, based.group().replace("_", ""), start);
            return;
        }
        Matcher decimal = DECIMAL.matcher(source).region(start, source.length());
        if (!decimal.lookingAt()) {
            throw new TemplateSyntaxException(
                    "unexpected character '" + source.charAt(start) + "'", lineOf(start));
        }
        boolean index =
                start > 0
                        && source.charAt(start - 1)
                                == '.'; // `pair.0.1` has two indexes, not a fraction
        boolean real = decimal.group("real") != null && !index;
        at = real || decimal.group("real") == null ? decimal.end() : decimal.start("real");
        add(real ? Kind.FLOAT : Kind.INTEGER, source.substring(start, at).replace("_", ""), start);
    }

    private void string(int start, char quote) {
        at++;
        while (at < source.length() && source.charAt(at) != quote) {
            at += source.charAt(at) == '\\' ? 2 : 1;
        }
        if (at >= source.length()) {
            throw new TemplateSyntaxException("a string does not end", lineOf(start));
        }
        String body = source.substring(start + 1, at++);
        try {
            add(Kind.STRING, PythonText.unescape(body), start);
        } catch (IllegalArgumentException e) {
            throw new TemplateSyntaxException(
                    "broken escape in a string: " + e.getMessage(), lineOf(start));
        }
    }

    private void skipBlanks() {
        while (at < source.length() && PythonText.isBlank(source.charAt(at))) {
            at++;
        }
    }

    private void text(String text, int start) {
        if (!text.isEmpty()) {
            add(Kind.TEXT, text, start);
        }
    }

    private void add(Kind kind, String text, int start) {
        tokens.add(new Token(kind, text, lineOf(start)));
    }

    /// Counts on from the last place asked for.
    private int lineOf(int offset) {
        if (offset < countedTo) {
            countedTo = 0;
            line = 1;
        }
        for (; countedTo < offset; countedTo++) {
            if (source.charAt(countedTo) == '\n') {
                line++;
            }
        }
        return line;
    }
}
