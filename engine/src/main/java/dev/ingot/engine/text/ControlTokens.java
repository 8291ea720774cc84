package dev.ingot.engine.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Keeps control tokens that a client typed from becoming control tokens.
///
/// A tokenizer reads `<|im_start|>` as the token that begins a message wherever it stands. A user who types it could
/// end his own message and write the system's next one. So each string of a client passes through [#guard] before the
/// template sees it: an invisible mark breaks every control token in it, and the end of a string that might be the
/// first half of one. What the template itself writes has no marks. After rendering, [#unguard] takes the marks out and
/// remembers where they stood, and [#split] reads control tokens only where there is none.
///
/// Limits: a template that deletes or replaces text in the middle of a client's string may join two halves that
/// were harmless apart; and tokens that the model's author did not declare special (`<think>`, `<tool_call>`) are text
/// that a client may write, as in Hugging Face's `split_special_tokens`. Only `<|…|>` and `<｜…｜>` always count.
final class ControlTokens {
    /// A part of a prompt.
    sealed interface Piece {}

    /// @param offset where it begins in the whole text
    record Plain(String text, int offset) implements Piece {}

    record Control(Vocabulary.Added token) implements Piece {}

    /// Unicode's noncharacters for internal use: no text of anybody holds one on purpose.
    private static final char FIRST_MARK = '\uFDD0';

    private static final char LAST_MARK = '\uFDEF';

    private final List<Vocabulary.Added> tokens;

    /// By first character, the longest first.
    private final Map<Character, List<Vocabulary.Added>> byFirst = new HashMap<>();

    ControlTokens(Vocabulary vocabulary) {
        // A token of one character has no inside to guard. No real one is known.
        tokens =
                vocabulary.added().stream()
                        .filter(token ->
                                token.content().length() > 1
                                        && (token.special() || looksLikeControl(token.content())))
                        .sorted(
                                Comparator.comparingInt((Vocabulary.Added token) ->
                                                token.content().length())
                                        .reversed())
                        .toList();
        for (var token : tokens) {
            byFirst.computeIfAbsent(token.content().charAt(0), _ -> new ArrayList<>()).add(token);
        }
    }

    List<Vocabulary.Added> tokens() {
        return tokens;
    }

    /// A mark that none of these strings holds; the first suitable one, so that equal input gives equal output.
    ///
    /// @throws IllegalArgumentException when the strings hold all 32 of them
    static char unusedMark(Iterable<String> strings) {
        boolean[] used = new boolean[LAST_MARK - FIRST_MARK + 1];
        for (String string : strings) {
            for (int i = 0; i < string.length(); i++) {
                char c = string.charAt(i);
                if (c >= FIRST_MARK && c <= LAST_MARK) {
                    used[c - FIRST_MARK] = true;
                }
            }
        }
        for (int i = 0; i < used.length; i++) {
            if (!used[i]) {
                return (char) (FIRST_MARK + i);
            }
        }
        throw new IllegalArgumentException(
                "the text holds every noncharacter from U+FDD0 to U+FDEF");
    }

    /// `text` itself where there is nothing to guard, which is nearly always.
    String guard(String text, char mark) {
        StringBuilder guarded = null;
        int copied = 0;
        for (int i = 0; i < text.length(); i++) {
            if (beginsAt(text, i)) {
                guarded = guarded == null ? new StringBuilder(text.length() + 8) : guarded;
                guarded.append(text, copied, i + 1).append(mark);
                copied = i + 1;
            }
        }
        return guarded == null ? text : guarded.append(text, copied, text.length()).toString();
    }

    /// Takes the marks out and keeps their places.
    static PromptText unguard(String rendered, char mark) {
        if (rendered.indexOf(mark) < 0) {
            return PromptText.trusted(rendered);
        }
        var text = new StringBuilder(rendered.length());
        List<Integer> guards = new ArrayList<>();
        for (int i = 0; i < rendered.length(); i++) {
            if (rendered.charAt(i) == mark) {
                guards.add(text.length());
            } else {
                text.append(rendered.charAt(i));
            }
        }
        return new PromptText(text.toString(), guards);
    }

    /// Whether a guard keeps any control token of this text from being read.
    boolean isGuarded(PromptText prompt) {
        return !prompt.guards().isEmpty()
                && !split(prompt).equals(split(PromptText.trusted(prompt.text())));
    }

    /// The control tokens that count and the text between them; the leftmost first, the longest of several.
    List<Piece> split(PromptText prompt) {
        String text = prompt.text();
        List<Piece> pieces = new ArrayList<>();
        int plainFrom = 0;
        for (int i = 0; i < text.length(); ) {
            int start = i;
            var token = longestAt(text, i, end -> isFree(prompt.guards(), start, end));
            if (token == null) {
                i++;
                continue;
            }
            addPlain(
                    pieces,
                    text,
                    plainFrom,
                    token.leftStrip() ? beforeBlanks(text, plainFrom, i) : i);
            pieces.add(new Control(token));
            i += token.content().length();
            if (token.rightStrip()) {
                i = afterBlanks(text, i);
            }
            plainFrom = i;
        }
        addPlain(pieces, text, plainFrom, text.length());
        return pieces;
    }

    /// Whether a control token, or at the end of the text a first part of one, begins here.
    private boolean beginsAt(String text, int index) {
        for (var token : byFirst.getOrDefault(text.charAt(index), List.of())) {
            int length = Math.min(token.content().length(), text.length() - index);
            if (text.startsWith(token.content().substring(0, length), index)) {
                return true;
            }
        }
        return false;
    }

    private Vocabulary.@Nullable Added longestAt(String text, int index, IntPredicate mayEndAt) {
        for (var token : byFirst.getOrDefault(text.charAt(index), List.of())) {
            if (text.startsWith(token.content(), index)
                    && mayEndAt.test(index + token.content().length())) {
                return token;
            }
        }
        return null;
    }

    private static boolean isFree(List<Integer> guards, int start, int end) {
        int found = Collections.binarySearch(guards, start + 1);
        int first = found < 0 ? -found - 1 : found;
        return first == guards.size() || guards.get(first) >= end;
    }

    private static void addPlain(List<Piece> pieces, String text, int from, int to) {
        if (from < to) {
            pieces.add(new Plain(text.substring(from, to), from));
        }
    }

    private static int beforeBlanks(String text, int from, int to) {
        int end = to;
        while (end > from && Character.isWhitespace(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    private static int afterBlanks(String text, int from) {
        int start = from;
        while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
            start++;
        }
        return start;
    }

    private static boolean looksLikeControl(String content) {
        return (content.startsWith("<|") && content.endsWith("|>"))
                || (content.startsWith("<｜") && content.endsWith("｜>"));
    }
}
