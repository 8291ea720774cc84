package dev.ingot.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// The methods of Python's `str`.
final class StringMethods {
    private StringMethods() {}

    static Optional<Callable> find(String s, String name) {
        return Optional.ofNullable(method(s, name));
    }

    private static @Nullable Callable method(String s, String name) {
        return switch (name) {
            case "strip" -> a -> strip(s, a.textOrNull(0, "chars"), true, true);
            case "lstrip" -> a -> strip(s, a.textOrNull(0, "chars"), true, false);
            case "rstrip" -> a -> strip(s, a.textOrNull(0, "chars"), false, true);
            case "upper" -> _ -> s.toUpperCase(Locale.ROOT);
            case "lower" -> _ -> s.toLowerCase(Locale.ROOT);
            case "casefold" -> _ -> s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
            case "capitalize" -> _ -> PythonText.capitalize(s);
            case "title" -> _ -> title(s);
            case "swapcase" -> _ -> swapCase(s);
            case "startswith" -> a -> hasEdge(s, a.required(0, "prefix"), true);
            case "endswith" -> a -> hasEdge(s, a.required(0, "suffix"), false);
            case "replace" ->
                    a -> replace(s, a.text(0, "old"), a.text(1, "new"), a.integer(2, "count", -1));
            case "find" ->
                    a ->
                            position(
                                    s,
                                    s.indexOf(
                                            a.text(0, "sub"), offset(s, a.integer(1, "start", 0))));
            case "rfind" -> a -> position(s, s.lastIndexOf(a.text(0, "sub")));
            case "index" ->
                    a ->
                            found(
                                    position(
                                            s,
                                            s.indexOf(
                                                    a.text(0, "sub"),
                                                    offset(s, a.integer(1, "start", 0)))));
            case "rindex" -> a -> found(position(s, s.lastIndexOf(a.text(0, "sub"))));
            case "count" -> a -> (long) pieces(s, a.text(0, "sub"));
            case "join" -> a -> join(s, a.required(0, "iterable"));
            case "format" -> a -> BraceFormat.apply(s, a);
            case "split" ->
                    a -> split(s, a.textOrNull(0, "sep"), a.integer(1, "maxsplit", -1), false);
            case "rsplit" ->
                    a -> split(s, a.textOrNull(0, "sep"), a.integer(1, "maxsplit", -1), true);
            case "splitlines" -> a -> splitLines(s, a.flag(0, "keepends"));
            case "partition" ->
                    a -> partition(s, s.indexOf(a.text(0, "sep")), a.text(0, "sep"), true);
            case "rpartition" ->
                    a -> partition(s, s.lastIndexOf(a.text(0, "sep")), a.text(0, "sep"), false);
            case "removeprefix" ->
                    a -> {
                        String prefix = a.text(0, "prefix");
                        return s.startsWith(prefix) ? s.substring(prefix.length()) : s;
                    };
            case "removesuffix" ->
                    a -> {
                        String suffix = a.text(0, "suffix");
                        return s.endsWith(suffix)
                                ? s.substring(0, s.length() - suffix.length())
                                : s;
                    };
            case "isdigit", "isnumeric", "isdecimal" -> _ -> all(s, Character::isDigit);
            case "isalpha" -> _ -> all(s, Character::isLetter);
            case "isalnum" -> _ -> all(s, Character::isLetterOrDigit);
            case "isspace" -> _ -> all(s, PythonText::isBlank);
            case "isupper" -> _ -> isUpper(s);
            case "islower" -> _ -> isLower(s);
            case "zfill" -> a -> zeroFilled(s, a.integer(0, "width"));
            case "ljust" -> a -> s + padding(s, a);
            case "rjust" -> a -> padding(s, a) + s;
            case "center" -> a -> center(s, a.integer(0, "width"), a.text(1, "fillchar", " "));
            default -> null;
        };
    }

    static String strip(String s, @Nullable String chars, boolean left, boolean right) {
        IntPredicate goes = chars == null ? PythonText::isBlank : c -> chars.indexOf(c) >= 0;
        int start = 0;
        int end = s.length();
        while (left && start < end && goes.test(s.codePointAt(start))) {
            start += Character.charCount(s.codePointAt(start));
        }
        while (right && end > start && goes.test(s.codePointBefore(end))) {
            end -= Character.charCount(s.codePointBefore(end));
        }
        return s.substring(start, end);
    }

    /// @param count at most so many, from the left; all if negative
    static String replace(String s, String old, String replacement, int count) {
        var text = new StringBuilder();
        int from = 0;
        for (int done = 0; count < 0 || done < count; done++) {
            // An empty `old` lies between any two characters and at both ends.
            int found = !old.isEmpty() ? s.indexOf(old, from) : done == 0 ? 0 : next(s, from);
            if (found < 0) {
                break;
            }
            Budget.allocate(replacement.length() + (long) found - from);
            text.append(s, from, found).append(replacement);
            from = found + old.length();
        }
        return text.append(s, from, s.length()).toString();
    }

    private static int next(String s, int from) {
        return from >= s.length() ? -1 : s.offsetByCodePoints(from, 1);
    }

    static boolean isUpper(String s) {
        return s.codePoints().anyMatch(Character::isUpperCase)
                && s.codePoints()
                        .noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isLower(String s) {
        return s.codePoints().anyMatch(Character::isLowerCase)
                && s.codePoints()
                        .noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static String center(String s, int width, String fill) {
        long padding = Math.max(0, (long) width - PythonText.length(s));
        long left = padding / 2 + (padding & width & 1);
        return Operators.repeat(fill, left) + s + Operators.repeat(fill, padding - left);
    }

    private static String padding(String s, Arguments a) {
        return Operators.repeat(
                a.text(1, "fillchar", " "), (long) a.integer(0, "width") - PythonText.length(s));
    }

    private static String zeroFilled(String s, int width) {
        String zeros = Operators.repeat("0", (long) width - PythonText.length(s));
        return s.startsWith("-") || s.startsWith("+")
                ? s.charAt(0) + zeros + s.substring(1)
                : zeros + s;
    }

    private static boolean hasEdge(String s, Object edge, boolean start) {
        return switch (Markup.unwrap(edge)) {
            case String text -> start ? s.startsWith(text) : s.endsWith(text);
            case Tuple(var edges) -> edges.stream().anyMatch(each -> hasEdge(s, each, start));
            default ->
                    throw new TemplateException(
                            (start ? "startswith" : "endswith")
                                    + " first arg must be str or a tuple of str, not "
                                    + Values.typeName(edge));
        };
    }

    private static int offset(String s, int start) {
        int length = PythonText.length(s);
        int index = start < 0 ? Math.max(0, start + length) : start;
        return index > length ? s.length() + 1 : s.offsetByCodePoints(0, index);
    }

    /// In code points, as Python counts.
    private static long position(String s, int index) {
        return index < 0 ? -1 : s.codePointCount(0, index);
    }

    private static long found(long position) {
        if (position < 0) {
            throw new TemplateException("substring not found");
        }
        return position;
    }

    private static int pieces(String s, String part) {
        if (part.isEmpty()) {
            return PythonText.length(s) + 1;
        }
        int count = 0;
        for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static String join(String separator, Object items) {
        var text = new StringBuilder();
        boolean first = true;
        for (var each = Values.iterate(items); each.hasNext(); ) {
            Object item = Markup.unwrap(each.next());
            if (!(item instanceof String part)) {
                throw new TemplateException(
                        "expected str instance, " + Values.typeName(item) + " found");
            }
            Budget.allocate(separator.length() + (long) part.length());
            text.append(first ? "" : separator).append(part);
            first = false;
        }
        return text.toString();
    }

    private static Tuple partition(String s, int at, String separator, boolean headFirst) {
        if (at < 0) {
            return headFirst ? Tuple.of(s, "", "") : Tuple.of("", "", s);
        }
        return Tuple.of(s.substring(0, at), separator, s.substring(at + separator.length()));
    }

    private static List<Object> split(
            String s, @Nullable String separator, int limit, boolean fromRight) {
        if (separator != null && separator.isEmpty()) {
            throw new TemplateException("empty separator");
        }
        Budget.allocate(s.length());
        if (separator == null) {
            return fromRight ? splitBlanksFromRight(s, limit) : splitBlanks(s, limit);
        }
        List<Object> parts = new ArrayList<>();
        if (fromRight) {
            int end = s.length();
            for (int at; limit < 0 || parts.size() < limit; end = at) {
                at =
                        end < separator.length()
                                ? -1
                                : s.lastIndexOf(separator, end - separator.length());
                if (at < 0) {
                    break;
                }
                parts.add(s.substring(at + separator.length(), end));
            }
            parts.add(s.substring(0, end));
            return parts.reversed();
        }
        int from = 0;
        while (limit < 0 || parts.size() < limit) {
            int at = s.indexOf(separator, from);
            if (at < 0) {
                break;
            }
            parts.add(s.substring(from, at));
            from = at + separator.length();
        }
        parts.add(s.substring(from));
        return parts;
    }

    private static List<Object> splitBlanks(String s, int limit) {
        List<Object> words = new ArrayList<>();
        int at = 0;
        while (true) {
            while (at < s.length() && PythonText.isBlank(s.charAt(at))) {
                at++;
            }
            if (at == s.length()) {
                return words;
            }
            if (limit >= 0 && words.size() == limit) {
                words.add(s.substring(at));
                return words;
            }
            int start = at;
            while (at < s.length() && !PythonText.isBlank(s.charAt(at))) {
                at++;
            }
            words.add(s.substring(start, at));
        }
    }

    private static List<Object> splitBlanksFromRight(String s, int limit) {
        List<Object> words = new ArrayList<>();
        int end = s.length();
        while (true) {
            while (end > 0 && PythonText.isBlank(s.charAt(end - 1))) {
                end--;
            }
            if (end == 0) {
                return words.reversed();
            }
            if (limit >= 0 && words.size() == limit) {
                words.add(s.substring(0, end));
                return words.reversed();
            }
            int stop = end;
            while (end > 0 && !PythonText.isBlank(s.charAt(end - 1))) {
                end--;
            }
            words.add(s.substring(end, stop));
        }
    }

    private static List<Object> splitLines(String s, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < s.length(); i++) {
            if ("\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029".indexOf(s.charAt(i)) < 0) {
                continue;
            }
            int end = s.startsWith("\r\n", i) ? i + 2 : i + 1;
            lines.add(s.substring(start, keepEnds ? end : i));
            start = end;
            i = end - 1;
        }
        if (start < s.length()) {
            lines.add(s.substring(start));
        }
        return lines;
    }

    private static String title(String s) {
        var text = new StringBuilder();
        boolean inWord = false;
        for (int c : s.codePoints().toArray()) {
            text.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return text.toString();
    }

    private static String swapCase(String s) {
        var text = new StringBuilder();
        s.codePoints()
                .map(c ->
                        Character.isUpperCase(c)
                                ? Character.toLowerCase(c)
                                : Character.toUpperCase(c))
                .forEach(text::appendCodePoint);
        return text.toString();
    }

    private static boolean all(String s, IntPredicate predicate) {
        return !s.isEmpty() && s.codePoints().allMatch(predicate);
    }
}
