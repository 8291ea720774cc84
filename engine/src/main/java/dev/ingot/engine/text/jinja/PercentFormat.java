package dev.ingot.engine.text.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `'%s is %5.2f' % (name, number)`
final class PercentFormat {
    private static final Pattern FIELD =
            Pattern.compile("%(?:%|([-+ 0#]*)(\\d*)(?:\\.(\\d+))?([sdifrx])|(.|$))");

    private PercentFormat() {}

    static String apply(String format, List<Object> values) {
        var text = new StringBuilder();
        Matcher field = FIELD.matcher(format);
        int next = 0;
        int copied = 0;
        while (field.find()) {
            text.append(format, copied, field.start());
            copied = field.end();
            if (field.group().equals("%%")) {
                text.append('%');
                continue;
            }
            if (field.group(5) != null) {
                throw new TemplateException(
                        "unsupported format character '" + field.group(5) + "'");
            }
            if (next == values.size()) {
                throw new TemplateException("not enough arguments for format string");
            }
            String body =
                    body(
                            field.group(4).charAt(0),
                            field.group(3) == null ? -1 : number(field.group(3)),
                            values.get(next++));
            boolean number = !"sr".contains(field.group(4));
            text.append(
                    padded(
                            body,
                            number,
                            field.group(1),
                            field.group(2).isEmpty() ? 0 : number(field.group(2))));
        }
        if (next < values.size()) {
            throw new TemplateException("not all arguments converted during string formatting");
        }
        text.append(format, copied, format.length());
        Budget.allocate(text.length());
        return text.toString();
    }

    private static String body(char type, int precision, Object value) {
        return switch (type) {
            case 's', 'r' -> {
                String text = type == 's' ? Printer.str(value) : Printer.repr(value);
                yield precision < 0 || precision >= PythonText.length(text)
                        ? text
                        : text.substring(0, text.offsetByCodePoints(0, precision));
            }
            case 'x' -> Long.toHexString(Values.toLong(value));
            case 'f' -> fixed(Values.toDouble(value), precision < 0 ? 6 : precision);
            default ->
                    Long.toString(
                            value instanceof Double number
                                    ? number.longValue()
                                    : Values.toLong(value));
        };
    }

    /// The exact binary value rounded half to even, as C does.
    static String fixed(double value, int precision) {
        Budget.allocate(precision);
        return Double.isFinite(value)
                ? new BigDecimal(value).setScale(precision, RoundingMode.HALF_EVEN).toPlainString()
                : Printer.real(value);
    }

    private static String padded(String body, boolean number, String flags, int width) {
        String sign = flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
        String signed = number && body.charAt(0) != '-' ? sign + body : body;
        String padding =
                Operators.repeat(
                        flags.contains("0") && number && !flags.contains("-") ? "0" : " ",
                        (long) width - PythonText.length(signed));
        if (flags.contains("-")) {
            return signed + padding;
        }
        boolean signFirst = padding.startsWith("0") && !Character.isDigit(signed.charAt(0));
        return signFirst ? signed.charAt(0) + padding + signed.substring(1) : padding + signed;
    }

    private static int number(String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new TemplateException("width or precision too large: " + digits, 0, e);
        }
    }
}
