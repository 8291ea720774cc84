package dev.ingot.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/// Python's arithmetic, on numbers, strings and lists.
final class Operators {
    private Operators() {}

    static Object apply(String operator, Object first, Object second) {
        if (operator.equals("+") && (first instanceof Markup || second instanceof Markup)) {
            return addMarkup(first, second);
        }
        Object a = Markup.unwrap(first);
        Object b = Markup.unwrap(second);
        for (Object operand : List.of(a, b)) {
            if (operand instanceof Undefined undefined) {
                throw undefined.used();
            }
        }
        if (Values.isNumber(a) && Values.isNumber(b)) {
            return a instanceof Double || b instanceof Double || operator.equals("/")
                    ? real(operator, Values.toDouble(a), Values.toDouble(b))
                    : integer(operator, Values.toLong(a), Values.toLong(b));
        }
        return switch (operator) {
            case "+" -> add(a, b);
            case "*" -> multiply(a, b);
            case "%" -> {
                if (a instanceof String format) {
                    yield PercentFormat.apply(
                            format, b instanceof Tuple(var items) ? items : List.of(b));
                }
                throw unsupported("%", a, b);
            }
            default -> throw unsupported(operator, a, b);
        };
    }

    /// `~`: everything as text. Without autoescape it escapes nothing.
    static String concat(List<Object> parts) {
        var text = new StringBuilder();
        for (Object part : parts) {
            text.append(Printer.str(part));
        }
        Budget.allocate(text.length());
        return text.toString();
    }

    static Object negate(Object value) {
        return value instanceof Double number
                ? (Object) (-number)
                : exact(() -> Math.negateExact(Values.toLong(value)));
    }

    static Object positive(Object value) {
        return value instanceof Double ? value : (Object) Values.toLong(value);
    }

    /// Pays before it builds.
    static String repeat(String text, long count) {
        if (text.isEmpty() || count <= 0) {
            return "";
        }
        Budget.allocate(exact(() -> Math.multiplyExact(text.length(), count)));
        return text.repeat((int) count);
    }

    private static Object add(Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            Budget.allocate(x.length() + y.length());
            return x + y;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return joined(x, y);
        }
        if (a instanceof Tuple(var x) && b instanceof Tuple(var y)) {
            return new Tuple(joined(x, y));
        }
        throw a instanceof String || a instanceof List<?>
                ? new TemplateException(
                        "can only concatenate "
                                + Values.typeName(a)
                                + " (not \""
                                + Values.typeName(b)
                                + "\") to "
                                + Values.typeName(a))
                : unsupported("+", a, b);
    }

    private static List<Object> joined(List<?> x, List<?> y) {
        Budget.allocate(x.size() + y.size());
        List<Object> joined = new ArrayList<>(x);
        joined.addAll(y);
        return joined;
    }

    /// Text that was not declared safe is escaped as it joins text that was.
    private static Object addMarkup(Object first, Object second) {
        var text = new StringBuilder();
        for (Object operand : List.of(first, second)) {
            switch (operand) {
                case Markup(String safe) -> text.append(safe);
                case String unsafe -> text.append(Markup.escape(unsafe));
                default -> throw unsupported("+", first, second);
            }
        }
        Budget.allocate(text.length());
        return new Markup(text.toString());
    }

    private static Object multiply(Object a, Object b) {
        if (Values.isInteger(a) && !Values.isInteger(b)) {
            return multiply(b, a);
        }
        if (!Values.isInteger(b)) {
            throw unsupported("*", a, b);
        }
        long count = Values.toLong(b);
        return switch (a) {
            case String text -> repeat(text, count);
            case List<?> list -> repeated(list, count);
            case Tuple(var items) -> new Tuple(repeated(items, count));
            default -> throw unsupported("*", a, b);
        };
    }

    private static List<Object> repeated(List<?> items, long count) {
        List<Object> repeated = new ArrayList<>();
        if (!items.isEmpty() && count > 0) {
            Budget.allocate(exact(() -> Math.multiplyExact(items.size(), count)));
            for (long i = 0; i < count; i++) {
                repeated.addAll(items);
            }
        }
        return repeated;
    }

    private static Object integer(String operator, long a, long b) {
        return switch (operator) {
            case "+" -> exact(() -> Math.addExact(a, b));
            case "-" -> exact(() -> Math.subtractExact(a, b));
            case "*" -> exact(() -> Math.multiplyExact(a, b));
            case "//" -> Math.floorDiv(a, divisor(b));
            case "%" -> Math.floorMod(a, divisor(b));
            case "**" -> b < 0 ? (Object) Math.pow((double) a, (double) b) : (Object) power(a, b);
            default -> throw new IllegalStateException(operator);
        };
    }

    private static long power(long base, long exponent) {
        return exact(() -> {
            long power = 1;
            long square = base;
            for (long rest = exponent; rest > 0; rest >>= 1) {
                if ((rest & 1) == 1) {
                    power = Math.multiplyExact(power, square);
                }
                if (rest > 1) {
                    square = Math.multiplyExact(square, square);
                }
            }
            return power;
        });
    }

    private static Object real(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / divisor(b);
            case "//" -> Math.floor(a / divisor(b));
            case "%" -> a - divisor(b) * Math.floor(a / b);
            case "**" -> Math.pow(a, b);
            default -> throw new IllegalStateException(operator);
        };
    }

    private static long divisor(long b) {
        if (b == 0) {
            throw new TemplateException("division by zero");
        }
        return b;
    }

    private static double divisor(double b) {
        if (b == 0) {
            throw new TemplateException("division by zero");
        }
        return b;
    }

    /// Python's integers do not end at 64 bits; a template that needs more is refused rather than wrong.
    private static long exact(LongSupplier calculation) {
        try {
            return calculation.getAsLong();
        } catch (ArithmeticException e) {
            throw new TemplateException("integer too large", 0, e);
        }
    }

    private static TemplateException unsupported(String operator, Object a, Object b) {
        return new TemplateException(
                "unsupported operand type(s) for "
                        + operator
                        + ": '"
                        + Values.typeName(a)
                        + "' and '"
                        + Values.typeName(b)
                        + "'");
    }
}
