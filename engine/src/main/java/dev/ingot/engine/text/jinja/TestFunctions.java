package dev.ingot.engine.text.jinja;

import java.util.List;
import java.util.Map;

/// Jinja's tests: what may follow `is`.
final class TestFunctions {
    private TestFunctions() {}

    static boolean apply(String name, Object input, Arguments arguments) {
        Object value = Markup.unwrap(input);
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == None.NONE;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "boolean" -> value instanceof Boolean;
            case "string" -> value instanceof String;
            case "integer" -> Values.isInteger(value) && !(value instanceof Boolean);
            case "float" -> value instanceof Double;
            case "number" -> Values.isNumber(value);
            case "mapping" -> value instanceof Map<?, ?>;
            case "sequence" -> isSequence(value);
            case "iterable" -> isSequence(value) || value instanceof Lazy;
            case "callable" -> value instanceof Callable || value instanceof LoopContext;
            case "odd" -> Math.floorMod(Values.toLong(value), 2) == 1;
            case "even" -> Math.floorMod(Values.toLong(value), 2) == 0;
            case "divisibleby" ->
                    Long.valueOf(0)
                            .equals(Operators.apply("%", value, arguments.required(0, "num")));
            case "eq", "equalto", "==" -> Values.equal(value, other(arguments));
            case "ne", "!=" -> !Values.equal(value, other(arguments));
            case "lt", "lessthan", "<" -> Values.compare(value, other(arguments)) < 0;
            case "gt", "greaterthan", ">" -> Values.compare(value, other(arguments)) > 0;
            case "le", "<=" -> Values.compare(value, other(arguments)) <= 0;
            case "ge", ">=" -> Values.compare(value, other(arguments)) >= 0;
            case "in" -> Values.contains(arguments.required(0, "seq"), value);
            case "sameas" -> isSame(value, other(arguments));
            case "lower" -> StringMethods.isLower(Printer.str(value));
            case "upper" -> StringMethods.isUpper(Printer.str(value));
            case "escaped" -> input instanceof Markup;
            case "filter" -> value instanceof String filter && Filters.exists(filter);
            case "test" -> value instanceof String test && exists(test);
            default -> throw new TemplateException("No test named '" + name + "'.");
        };
    }

    private static final List<String> NAMES =
            List.of(
                    "defined",
                    "undefined",
                    "none",
                    "true",
                    "false",
                    "boolean",
                    "string",
                    "integer",
                    "float",
                    "number",
                    "mapping",
                    "sequence",
                    "iterable",
                    "callable",
                    "odd",
                    "even",
                    "divisibleby",
                    "eq",
                    "equalto",
                    "==",
                    "ne",
                    "!=",
                    "lt",
                    "lessthan",
                    "<",
                    "gt",
                    "greaterthan",
                    ">",
                    "le",
                    "<=",
                    "ge",
                    ">=",
                    "in",
                    "sameas",
                    "lower",
                    "upper",
                    "escaped",
                    "filter",
                    "test");

    private static boolean exists(String name) {
        return NAMES.contains(name);
    }

    private static Object other(Arguments arguments) {
        return arguments.required(0, "other");
    }

    private static boolean isSequence(Object value) {
        return value instanceof String
                || value instanceof Undefined
                || value instanceof Map<?, ?>
                || Values.sequence(value) != null;
    }

    /// Python's `is`: numbers, booleans and `None` have no identity of their own here.
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(Object a, Object b) {
        return a == b || ((a instanceof Boolean || a instanceof Long) && a.equals(b));
    }
}
