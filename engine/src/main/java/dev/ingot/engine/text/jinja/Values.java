package dev.ingot.engine.text.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What Python's values mean: truth, type, equality, order, length, items.
final class Values {
    private Values() {}

    static boolean isTrue(Object value) {
        return switch (value) {
            case None _, Undefined _ -> false;
            case Boolean flag -> flag;
            case Long number -> number != 0;
            case Double number -> number != 0;
            case BigInteger number -> number.signum() != 0;
            case String text -> !text.isEmpty();
            case Markup(String text) -> !text.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Tuple(var items) -> !items.isEmpty();
            case Map<?, ?> dict -> !dict.isEmpty();
            default -> true;
        };
    }

    static String typeName(Object value) {
        return switch (value) {
            case None _ -> "NoneType";
            case Undefined _ -> "Undefined";
            case Boolean _ -> "bool";
            case Long _, BigInteger _ -> "int";
            case Double _ -> "float";
            case String _ -> "str";
            case Markup _ -> "Markup";
            case List<?> _ -> "list";
            case Tuple _ -> "tuple";
            case Map<?, ?> _ -> "dict";
            case Lazy _ -> "generator";
            case Namespace _ -> "Namespace";
            case LoopContext _ -> "LoopContext";
            case Callable _ -> "function";
            default ->
                    throw new IllegalStateException(
                            "not a value of a template: " + value.getClass());
        };
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
    }

    static boolean isNumber(Object value) {
        return isInteger(value) || value instanceof Double;
    }

    static long toLong(Object value) {
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case BigInteger _ -> throw new TemplateException("integer too large: " + value);
            case Undefined undefined -> throw undefined.used();
            default -> throw new TemplateException("expected int, not " + typeName(value));
        };
    }

    static double toDouble(Object value) {
        return switch (value) {
            case Double number -> number;
            case BigInteger number -> number.doubleValue();
            default -> toLong(value);
        };
    }

    /// The items of a list or tuple; null for anything else.
    static @Nullable List<Object> sequence(Object value) {
        return switch (value) {
            case List<?> list -> objects(list);
            case Tuple(var items) -> items;
            default -> null;
        };
    }

    static boolean equal(Object first, Object second) {
        Budget.step();
        Object a = Markup.unwrap(first);
        Object b = Markup.unwrap(second);
        if (isNumber(a) && isNumber(b)) {
            return compareNumbers(a, b) == 0;
        }
        Budget.current().enter();
        boolean equal =
                switch (a) {
                    case Undefined _ -> b instanceof Undefined;
                    case List<?> list -> b instanceof List<?> other && equalItems(list, other);
                    case Tuple(var items) ->
                            b instanceof Tuple(var others) && equalItems(items, others);
                    case Map<?, ?> dict -> b instanceof Map<?, ?> other && equalDicts(dict, other);
                    default -> a.equals(b);
                };
        Budget.current().leave();
        return equal;
    }

    private static boolean equalItems(List<?> a, List<?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!equal(a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalDicts(Map<?, ?> a, Map<?, ?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (var entry : a.entrySet()) {
            Object other = b.get(entry.getKey());
            if (other == null || !equal(entry.getValue(), other)) {
                return false;
            }
        }
        return true;
    }

    /// @throws TemplateException where Python has no order
    static int compare(Object first, Object second) {
        Budget.step();
        Object a = Markup.unwrap(first);
        Object b = Markup.unwrap(second);
        if (isNumber(a) && isNumber(b)) {
            return compareNumbers(a, b);
        }
        if (a instanceof String x && b instanceof String y) {
            return PythonText.compare(x, y);
        }
        var x = sequence(a);
        var y = sequence(b);
        if (x != null && y != null && a instanceof Tuple == b instanceof Tuple) {
            return compareItems(x, y);
        }
        for (Object each : List.of(a, b)) {
            if (each instanceof Undefined undefined) {
                throw undefined.used();
            }
        }
        throw new TemplateException(
                "'<' not supported between instances of '"
                        + typeName(a)
                        + "' and '"
                        + typeName(b)
                        + "'");
    }

    private static int compareItems(List<Object> x, List<Object> y) {
        Budget.current().enter();
        int order = Integer.compare(x.size(), y.size());
        for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
            if (!equal(x.get(i), y.get(i))) {
                order = compare(x.get(i), y.get(i));
                break;
            }
        }
        Budget.current().leave();
        return order;
    }

    private static int compareNumbers(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return Double.compare(toDouble(a) + 0.0, toDouble(b) + 0.0); // + 0.0: -0.0 equals 0.0
        }
        return a instanceof BigInteger || b instanceof BigInteger
                ? new BigDecimal(a.toString()).compareTo(new BigDecimal(b.toString()))
                : Long.compare(toLong(a), toLong(b));
    }

    /// What `for` goes through. Reading it changes a generator and nothing else.
    static Iterator<Object> iterate(Object value) {
        return switch (Markup.unwrap(value)) {
            case Undefined _ -> List.<Object>of().iterator();
            case List<?> list -> objects(list).iterator();
            case Tuple(var items) -> items.iterator();
            case Map<?, ?> dict -> new ArrayList<Object>(dict.keySet()).iterator();
            case String text -> text.codePoints().<Object>mapToObj(Character::toString).iterator();
            case Lazy(var rest) -> rest;
            default ->
                    throw new TemplateException("'" + typeName(value) + "' object is not iterable");
        };
    }

    /// Every item, as a new list.
    static List<Object> items(Object value) {
        List<Object> items = new ArrayList<>();
        for (var each = iterate(value); each.hasNext(); ) {
            Budget.step();
            items.add(each.next());
        }
        return items;
    }

    static long length(Object value) {
        return switch (Markup.unwrap(value)) {
            case Undefined _ -> 0;
            case String text -> PythonText.length(text);
            case List<?> list -> list.size();
            case Tuple(var items) -> items.size();
            case Map<?, ?> dict -> dict.size();
            default ->
                    throw new TemplateException(
                            "object of type '" + typeName(value) + "' has no len()");
        };
    }

    /// `item in container`
    static boolean contains(Object container, Object item) {
        Object wanted = Markup.unwrap(item);
        return switch (Markup.unwrap(container)) {
            case String text -> {
                if (wanted instanceof String part) {
                    yield text.contains(part);
                }
                throw new TemplateException(
                        "'in <string>' requires string as left operand, not " + typeName(wanted));
            }
            case Map<?, ?> dict -> dict.containsKey(key(wanted));
            case None _, Namespace _, Long _, Double _, Boolean _, Callable _ ->
                    throw new TemplateException(
                            "argument of type '" + typeName(container) + "' is not iterable");
            default -> {
                for (var each = iterate(container); each.hasNext(); ) {
                    if (equal(each.next(), wanted)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    /// What a dict files a value under. Python would take a tuple as well; hashing one costs what it holds.
    static Object key(Object value) {
        Object key = Markup.unwrap(value);
        if (key instanceof List<?> || key instanceof Map<?, ?> || key instanceof Tuple) {
            throw new TemplateException("unhashable type: '" + typeName(key) + "'");
        }
        return key;
    }

    /// A value of the caller's as a template sees it.
    ///
    /// @throws TemplateException for what JSON does not have, and for nesting beyond `depth`
    static Object of(@Nullable Object value, int depth) {
        if (depth == 0) {
            throw new TemplateLimitException("a value given to the template nests too deep");
        }
        return switch (value) {
            case null -> None.NONE;
            case Boolean _, String _, Long _, Double _, None _ -> value;
            case Integer number -> number.longValue();
            case Float number -> (double) number;
            case BigDecimal number -> number.doubleValue();
            case BigInteger number ->
                    number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
            case Map<?, ?> map -> {
                Map<Object, Object> dict = new LinkedHashMap<>();
                map.forEach((key, each) -> dict.put(of(key, depth - 1), of(each, depth - 1)));
                yield dict;
            }
            case Collection<?> collection -> {
                List<Object> list = new ArrayList<>(collection.size());
                collection.forEach(each -> list.add(of(each, depth - 1)));
                yield list;
            }
            default ->
                    throw new TemplateException(
                            "a template cannot use a " + value.getClass().getName());
        };
    }

    @SuppressWarnings(
            "unchecked") // A template's lists hold values of a template, and nobody adds to them.
    private static List<Object> objects(List<?> list) {
        return (List<Object>) list;
    }
}
