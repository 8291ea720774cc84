package dev.ingot.engine.text;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Cuts a stream of text at the first of several stop strings.
///
/// Text that may be the beginning of a stop string is held back until it is certain. The result does not depend on how
/// the text was cut into deltas: the stop string that is complete first wins, and of those that end at the same
/// character the longest. One pass, by Knuth, Morris and Pratt's automaton for each stop string.
///
/// Not safe from several threads.
public final class StopMatcher {
    private final List<Pattern> patterns;
    private final boolean includeStop;
    private final StringBuilder held = new StringBuilder();
    private @Nullable String matched;

    /// @param stops none of them empty
    /// @param includeStop whether the stop string that matched is part of the output
    public StopMatcher(List<String> stops, boolean includeStop) {
        this.patterns = stops.stream().distinct().map(Pattern::new).toList();
        this.includeStop = includeStop;
    }

    /// Takes more text and gives the text that is safe to show. Nothing after a match.
    public String add(String delta) {
        if (matched != null) {
            return "";
        }
        if (patterns.isEmpty()) {
            return delta;
        }
        for (int i = 0; i < delta.length(); i++) {
            char c = delta.charAt(i);
            held.append(c);
            for (var pattern : patterns) {
                if (pattern.advance(c)
                        && (matched == null || pattern.text.length() > matched.length())) {
                    matched = pattern.text;
                }
            }
            if (matched != null) {
                return take(includeStop ? held.length() : held.length() - matched.length());
            }
        }
        int uncertain = 0;
        for (var pattern : patterns) {
            uncertain = Math.max(uncertain, pattern.matching);
        }
        return take(held.length() - uncertain);
    }

    /// The text that was held back, when the sequence ended without a stop string. Nothing is added after this.
    public String finish() {
        return matched == null ? take(held.length()) : "";
    }

    /// The stop string that ended the text.
    public Optional<String> matched() {
        return Optional.ofNullable(matched);
    }

    private String take(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    private static final class Pattern {
        final String text;

        /// `border[n]`: the longest proper prefix of `text` that the first n characters end in.
        final int[] border;

        /// How many characters of `text` the input ends in.
        int matching;

        Pattern(String text) {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("a stop string is empty");
            }
            this.text = text;
            border = new int[text.length() + 1];
            for (int n = 1, length = 0; n < text.length(); n++) {
                while (length > 0 && text.charAt(length) != text.charAt(n)) {
                    length = border[length];
                }
                if (text.charAt(length) == text.charAt(n)) {
                    length++;
                }
                border[n + 1] = length;
            }
        }

        /// Whether `c` completes the stop string. Not called again after it did.
        boolean advance(char c) {
            while (matching > 0 && text.charAt(matching) != c) {
                matching = border[matching];
            }
            if (text.charAt(matching) == c) {
                matching++;
            }
            return matching == text.length();
        }
    }
}
