package dev.ingot.engine.text.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Jinja's filters of one value; those of many are in [SequenceFilters].
final class Filters {
    /// A filter: what stands before the bar, and what is in its parentheses.
    @FunctionalInterface
    interface Filter {
        Object apply(Object input, Arguments arguments);
    }

    private static final Pattern TITLE_WORD = Pattern.compile("[^-\\s({\\[<]+");
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}_]+");
    private static final Pattern TAG = Pattern.compile("<!--.*?-->|<[^>]*>", Pattern.DOTALL);

    private static final Map<String, Filter> FILTERS = new HashMap<>();

    static {
        FILTERS.put("default", Filters::orDefault);
        FILTERS.put("d", Filters::orDefault);
        FILTERS.put("string", (v, _) -> v instanceof Markup ? v : Printer.str(v));
        FILTERS.put("safe", (v, _) -> new Markup(Printer.str(v)));
        FILTERS.put(
                "escape",
                (v, _) -> v instanceof Markup ? v : new Markup(Markup.escape(Printer.str(v))));
        FILTERS.put("e", FILTERS.get("escape"));
        FILTERS.put("forceescape", (v, _) -> new Markup(Markup.escape(Printer.str(v))));
        FILTERS.put("lower", (v, _) -> Printer.str(v).toLowerCase(Locale.ROOT));
        FILTERS.put("upper", (v, _) -> Printer.str(v).toUpperCase(Locale.ROOT));
        FILTERS.put("capitalize", (v, _) -> PythonText.capitalize(Printer.str(v)));
        FILTERS.put("title", (v, _) -> title(Printer.str(v)));
        FILTERS.put(
                "trim",
                (v, a) ->
                        StringMethods.strip(Printer.str(v), a.textOrNull(0, "chars"), true, true));
        FILTERS.put("replace", Filters::replace);
        FILTERS.put("indent", Filters::indent);
        FILTERS.put(
                "center",
                (v, a) -> StringMethods.center(Printer.str(v), a.integer(0, "width", 80), " "));
        FILTERS.put("truncate", Filters::truncate);
        FILTERS.put("striptags", (v, _) -> stripTags(Printer.str(v)));
        FILTERS.put("wordcount", (v, _) -> WORD.matcher(Printer.str(v)).results().count());
        FILTERS.put("urlencode", (v, _) -> urlEncode(Printer.str(v)));
        FILTERS.put("format", (v, a) -> PercentFormat.apply(Printer.str(v), a.positional()));
        FILTERS.put("tojson", JsonWriter::dump);
        FILTERS.put("pprint", (v, _) -> Printer.repr(v));
        FILTERS.put(
                "abs",
                (v, _) ->
                        v instanceof Double d
                                ? (Object) Math.abs(d)
                                : (Object) Math.abs(Values.toLong(v)));
        FILTERS.put("int", Filters::toInt);
        FILTERS.put("float", Filters::toFloat);
        FILTERS.put("round", Filters::round);
        FILTERS.put("attr", (v, a) -> attribute(v, a.text(0, "name")));
        FILTERS.putAll(SequenceFilters.ALL);
    }

    private Filters() {}

    static boolean exists(String name) {
        return FILTERS.containsKey(name);
    }

    static Object apply(String name, Object input, Arguments arguments) {
        var filter = FILTERS.get(name);
        if (filter == null) {
            throw new TemplateException("No filter named '" + name + "'.");
        }
        Budget.step();
        Object result = filter.apply(input, arguments);
        if (result instanceof String text) {
            Budget.allocate(text.length());
        }
        return result;
    }

    private static Object orDefault(Object value, Arguments a) {
        boolean falseToo = a.flag(1, "boolean");
        return value instanceof Undefined || (falseToo && !Values.isTrue(value))
                ? a.get(0, "default_value", "")
                : value;
    }

    private static Object replace(Object value, Arguments a) {
        return StringMethods.replace(
                Printer.str(value),
                Printer.str(a.required(0, "old")),
                Printer.str(a.required(1, "new")),
                a.get(2, "count", None.NONE) == None.NONE ? -1 : a.integer(2, "count"));
    }

    private static String title(String text) {
        return TITLE_WORD
                .matcher(text)
                .replaceAll(word -> Matcher.quoteReplacement(PythonText.capitalize(word.group())));
    }

    private static String stripTags(String text) {
        return TAG.matcher(text).replaceAll("").replaceAll("\\s+", " ").strip();
    }

    private static String urlEncode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~")
                .replace("%2F", "/");
    }

    private static Object indent(Object value, Arguments a) {
        Object width = Markup.unwrap(a.get(0, "width", 4L));
        String indent =
                width instanceof String text ? text : Operators.repeat(" ", Values.toLong(width));
        boolean first = a.flag(1, "first");
        boolean blank = a.flag(2, "blank");
        var text = new StringBuilder();
        String[] lines = Printer.str(value).split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            boolean indented = i == 0 ? first : blank || !lines[i].isEmpty();
            Budget.allocate(indented ? indent.length() : 0);
            text.append(i == 0 ? "" : "\n").append(indented ? indent : "").append(lines[i]);
        }
        return text.toString();
    }

    private static Object truncate(Object value, Arguments a) {
        String text = Printer.str(value);
        int length = a.integer(0, "length", 255);
        String end = a.text(2, "end", "...");
        int leeway = a.integer(3, "leeway", 5);
        if (PythonText.length(text) <= (long) length + leeway) {
            return text;
        }
        int kept = length - PythonText.length(end);
        if (kept < 0) {
            throw new TemplateException(
                    "expected length >= " + PythonText.length(end) + ", got " + length);
        }
        String head = text.substring(0, text.offsetByCodePoints(0, kept));
        int lastBlank = head.lastIndexOf(' ');
        return (a.flag(1, "killwords") || lastBlank < 0 ? head : head.substring(0, lastBlank))
                + end;
    }

    private static Object toInt(Object value, Arguments a) {
        try {
            return switch (Markup.unwrap(value)) {
                case Double number -> toInt(number);
                case String text -> {
                    String digits = text.strip().replace("_", "");
                    yield digits.matches("[-+]?\\d+")
                            ? (Object) Long.parseLong(digits, a.integer(1, "base", 10))
                            : toInt(Double.parseDouble(digits));
                }
                case Object other -> Values.toLong(other);
            };
        } catch (NumberFormatException | TemplateException e) {
            return a.get(0, "default", 0L);
        }
    }

    private static Object toInt(double number) {
        if (!Double.isFinite(number)) {
            throw new TemplateException("cannot convert to int");
        }
        return (long) number;
    }

    private static Object toFloat(Object value, Arguments a) {
        try {
            return Markup.unwrap(value) instanceof String text
                    ? Double.parseDouble(text.strip())
                    : Values.toDouble(value);
        } catch (NumberFormatException | TemplateException e) {
            return a.get(0, "default", 0.0);
        }
    }

    private static Object round(Object value, Arguments a) {
        double number = Values.toDouble(value);
        String method = a.text(1, "method", "common");
        if (method.equals("common") && value instanceof Long && a.integer(0, "precision", 0) >= 0) {
            return value;
        }
        var mode =
                switch (method) {
                    case "common" -> RoundingMode.HALF_EVEN;
                    case "ceil" -> RoundingMode.CEILING;
                    case "floor" -> RoundingMode.FLOOR;
                    default -> throw new TemplateException("method must be common, ceil or floor");
                };
        int precision = Math.clamp(a.integer(0, "precision", 0), -400, 400);
        return Double.isFinite(number)
                ? new BigDecimal(number).setScale(precision, mode).doubleValue()
                : number;
    }

    /// Never an item: `{}|attr('x')` is undefined even where the dict has `x`.
    private static Object attribute(Object value, String name) {
        return value instanceof Map<?, ?> dict
                ? CollectionMethods.find(dict, name)
                        .orElseGet(() ->
                                new Undefined("'dict object' has no attribute '" + name + "'"))
                : Access.attribute(value, name);
    }
}
