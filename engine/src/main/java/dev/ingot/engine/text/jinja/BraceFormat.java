package dev.ingot.engine.text.jinja;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `'{} and {name!r}'.format(value, name=…)`; format specifications after a colon are refused.
final class BraceFormat {
    private static final Pattern FIELD =
            Pattern.compile("\\{\\{|\\}\\}|\\{(\\w*)(?:!([rs]))?\\}|[{}]");

    private BraceFormat() {}

    static String apply(String format, Arguments arguments) {
        var text = new StringBuilder();
        Matcher field = FIELD.matcher(format);
        int next = 0;
        int copied = 0;
        while (field.find()) {
            text.append(format, copied, field.start());
            copied = field.end();
            switch (field.group()) {
                case "{{" -> text.append('{');
                case "}}" -> text.append('}');
                case "{", "}" ->
                        throw new TemplateException(
                                "format fields other than {}, {0} and {name} are not known");
                default -> {
                    String name = field.group(1);
                    Object value =
                            value(name.isEmpty() ? Integer.toString(next++) : name, arguments);
                    text.append(
                            "r".equals(field.group(2)) ? Printer.repr(value) : Printer.str(value));
                }
            }
        }
        text.append(format, copied, format.length());
        Budget.allocate(text.length());
        return text.toString();
    }

    private static Object value(String name, Arguments arguments) {
        if (!Character.isDigit(name.charAt(0))) {
            Object value = arguments.keywords().get(name);
            if (value == null) {
                throw new TemplateException("no argument '" + name + "' for the format string");
            }
            return value;
        }
        if (name.length() > 4 || Integer.parseInt(name) >= arguments.count()) {
            throw new TemplateException("no argument " + name + " for the format string");
        }
        return arguments.positional().get(Integer.parseInt(name));
    }
}
