package dev.ingot.engine.text.jinja;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/// Python's `str` and `repr`.
final class Printer {
    private Printer() {}

    static String str(Object value) {
        return switch (value) {
            case String text -> text;
            case Markup(String text) -> text;
            case Undefined _ -> "";
            default -> repr(value);
        };
    }

    static String repr(Object value) {
        var text = new StringBuilder();
        repr(value, text);
        return text.toString();
    }

    private static void repr(Object value, StringBuilder out) {
        Budget.step();
        int before = out.length();
        switch (value) {
            case String text -> out.append(PythonText.quote(text));
            case Markup(String text) ->
                    out.append("Markup(").append(PythonText.quote(text)).append(')');
            case Boolean flag -> out.append(flag ? "True" : "False");
            case Double number -> out.append(real(number));
            case Undefined _ -> out.append("Undefined");
            case List<?> list -> items(list, "[", "]", out);
            case Tuple(var items) -> items(items, "(", items.size() == 1 ? ",)" : ")", out);
            case Map<?, ?> dict -> {
                nest();
                out.append('{');
                String separator = "";
                for (var entry : dict.entrySet()) {
                    out.append(separator);
                    repr(entry.getKey(), out);
                    out.append(": ");
                    repr(entry.getValue(), out);
                    separator = ", ";
                }
                out.append('}');
                Budget.current().leave();
                return;
            }
            case Lazy _ -> out.append("<generator object>");
            case Callable _ -> out.append("<function>");
            case Namespace _ -> out.append("<Namespace>");
            case LoopContext _ -> out.append("<LoopContext>");
            default -> out.append(value);
        }
        if (!(value instanceof List<?> || value instanceof Tuple)) {
            Budget.allocate(out.length() - before);
        }
    }

    private static void items(List<?> items, String open, String close, StringBuilder out) {
        nest();
        out.append(open);
        String separator = "";
        for (Object item : items) {
            out.append(separator);
            repr(item, out);
            separator = ", ";
        }
        out.append(close);
        Budget.current().leave();
    }

    private static void nest() {
        Budget.current().enter();
    }

    /// `repr` of a float: the shortest digits that give the number back, as Java's, laid out as Python does.
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        var decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        double size = Math.abs(value);
        if (size >= 1e-4 && size < 1e16) {
            String plain = decimal.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = decimal.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - decimal.scale();
        return (value < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }
}
