package dev.ingot.engine.text.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `json.dumps`: the same blanks, escapes and number formats, because models were trained on them.
final class JsonWriter {
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sortKeys;

    private JsonWriter(
            boolean ascii,
            @Nullable String indent,
            String itemSeparator,
            String keySeparator,
            boolean sortKeys) {
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
        this.sortKeys = sortKeys;
    }

    /// The filter `tojson` as transformers defines it: `tojson(ensure_ascii=False, indent=None, separators=None,
    /// sort_keys=False)`.
    static String dump(Object value, Arguments arguments) {
        String indent = indent(arguments.get(1, "indent", None.NONE));
        String itemSeparator = indent == null ? ", " : ",";
        String keySeparator = ": ";
        Object separators = arguments.get(2, "separators", None.NONE);
        if (separators != None.NONE) {
            var both = Values.items(separators);
            if (both.size() != 2) {
                throw new TemplateException("separators must be two strings");
            }
            itemSeparator = Printer.str(both.get(0));
            keySeparator = Printer.str(both.get(1));
        }
        var writer =
                new JsonWriter(
                        arguments.flag(0, "ensure_ascii"),
                        indent,
                        itemSeparator,
                        keySeparator,
                        arguments.flag(3, "sort_keys"));
        writer.write(value, 0);
        return writer.out.toString();
    }

    private static @Nullable String indent(Object indent) {
        if (indent == None.NONE) {
            return null;
        }
        return Markup.unwrap(indent) instanceof String text
                ? text
                : Operators.repeat(" ", Values.toLong(indent));
    }

    private void write(Object value, int level) {
        Budget.step();
        int before = out.length();
        switch (Markup.unwrap(value)) {
            case None _ -> out.append("null");
            case Boolean flag -> out.append(flag);
            case Long number -> out.append(number);
            case BigInteger number -> out.append(number);
            case Double number -> out.append(real(number));
            case String text -> string(text);
            case List<?> list -> list(list, level);
            case Tuple(var items) -> list(items, level);
            case Map<?, ?> dict -> dict(dict, level);
            default ->
                    throw new TemplateException(
                            "Object of type "
                                    + Values.typeName(value)
                                    + " is not JSON serializable");
        }
        if (!(value instanceof List<?> || value instanceof Tuple || value instanceof Map<?, ?>)) {
            Budget.allocate(out.length() - before);
        }
    }

    private void list(List<?> items, int level) {
        Budget.current().enter();
        out.append('[');
        boolean first = true;
        for (Object item : items) {
            separate(first, level + 1);
            first = false;
            write(item, level + 1);
        }
        end(first, level, ']');
    }

    private void dict(Map<?, ?> dict, int level) {
        Budget.current().enter();
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> entry : entries(dict)) {
            separate(first, level + 1);
            first = false;
            Object key = entry.getKey();
            string(
                    key instanceof None
                            ? "null"
                            : key instanceof Boolean flag ? flag.toString() : Printer.str(key));
            out.append(keySeparator);
            write(entry.getValue(), level + 1);
        }
        end(first, level, '}');
    }

    private List<Map.Entry<?, ?>> entries(Map<?, ?> dict) {
        List<Map.Entry<?, ?>> entries = new ArrayList<>(dict.entrySet());
        if (sortKeys) {
            entries.sort(Comparator.comparing(Map.Entry::getKey, Values::compare));
        }
        return entries;
    }

    private void separate(boolean first, int level) {
        if (!first) {
            out.append(itemSeparator);
        }
        newLine(level);
    }

    private void end(boolean empty, int level, char close) {
        if (!empty) {
            newLine(level);
        }
        out.append(close);
        Budget.current().leave();
    }

    private void newLine(int level) {
        if (indent != null) {
            Budget.allocate((long) indent.length() * level);
            out.append('\n').repeat(indent, level);
        }
    }

    private static String real(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value)
                        ? (value > 0 ? "Infinity" : "-Infinity")
                        : Printer.real(value);
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || (ascii && c >= 0x7F)) {
                        out.append("\\u").append(HexFormat.of().toHexDigits(c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
