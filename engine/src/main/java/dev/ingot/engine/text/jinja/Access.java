package dev.ingot.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// `a.b`, `a[b]` and `a[b:c:d]`.
final class Access {
    private Access() {}

    /// `target.name`: a method before an item.
    static Object attribute(Object target, String name) {
        return switch (Markup.unwrap(target)) {
            case Undefined undefined -> throw undefined.used();
            case None _ -> new Undefined("'None' has no attribute '" + name + "'");
            case Namespace namespace -> namespace.get(name);
            case LoopContext loop -> loop.attribute(name);
            case String text ->
                    StringMethods.find(text, name)
                            .map(Object.class::cast)
                            .orElseGet(() -> missing(target, name));
            case Map<?, ?> dict -> {
                var method = CollectionMethods.find(dict, name);
                Object item = dict.get(name);
                yield method.isPresent()
                        ? method.get()
                        : item != null ? item : missing(target, name);
            }
            case List<?> list ->
                    CollectionMethods.find(list, true, name).orElseGet(() -> missing(target, name));
            case Tuple(var items) ->
                    CollectionMethods.find(items, false, name)
                            .orElseGet(() -> missing(target, name));
            default -> missing(target, name);
        };
    }

    /// `target[key]`: an item before a method.
    static Object item(Object target, Object key) {
        Object wanted = Markup.unwrap(key);
        return switch (Markup.unwrap(target)) {
            case Undefined undefined -> throw undefined.used();
            case Map<?, ?> dict -> {
                Object item = dict.get(Values.key(wanted));
                yield item != null
                        ? item
                        : wanted instanceof String name
                                ? CollectionMethods.find(dict, name)
                                        .orElseGet(() -> missing(target, wanted))
                                : missing(target, wanted);
            }
            case String text when isIndex(wanted) -> characterAt(text, Values.toLong(wanted));
            case List<?> list when isIndex(wanted) ->
                    elementAt(list, Values.toLong(wanted), target);
            case Tuple(var items) when isIndex(wanted) ->
                    elementAt(items, Values.toLong(wanted), target);
            default ->
                    wanted instanceof String name
                            ? attribute(target, name)
                            : missing(target, wanted);
        };
    }

    /// `a.b.0.c` from filters' `attribute` argument; items only, as jinja2's `make_attrgetter`.
    static Object path(Object target, Object path) {
        return path(target, path, null);
    }

    /// As [#path(Object, Object)], with what stands in for each part that is not there.
    static Object path(Object target, Object path, @Nullable Object fallback) {
        Object value = target;
        for (Object key : keys(Markup.unwrap(path))) {
            value = item(value, key);
            if (fallback != null && value instanceof Undefined) {
                value = fallback;
            }
        }
        return value;
    }

    private static List<Object> keys(Object path) {
        if (!(path instanceof String names)) {
            return List.of(path);
        }
        List<Object> keys = new ArrayList<>();
        for (String name : names.split("\\.", -1)) {
            boolean index =
                    !name.isEmpty()
                            && name.length() < 10
                            && name.chars().allMatch(c -> c >= '0' && c <= '9');
            keys.add(index ? (Object) Long.parseLong(name) : name);
        }
        return keys;
    }

    static Object slice(
            Object target, Optional<Object> from, Optional<Object> to, Optional<Object> step) {
        return switch (Markup.unwrap(target)) {
            case Undefined undefined -> throw undefined.used();
            case String text -> {
                int[] characters = text.codePoints().toArray();
                var part = new StringBuilder();
                for (int i : indexes(characters.length, from, to, step)) {
                    part.appendCodePoint(characters[i]);
                }
                yield part.toString();
            }
            case List<?> list -> elements(list, indexes(list.size(), from, to, step));
            case Tuple(var items) ->
                    new Tuple(elements(items, indexes(items.size(), from, to, step)));
            default ->
                    throw new TemplateException(
                            "'" + Values.typeName(target) + "' object is not subscriptable");
        };
    }

    /// Python's rules for slice bounds: negative ones count from the end, and none is out of range.
    private static int[] indexes(
            int length, Optional<Object> from, Optional<Object> to, Optional<Object> step) {
        long stride = bound(step).orElse(1L);
        if (stride == 0) {
            throw new TemplateException("slice step cannot be zero");
        }
        boolean forward = stride > 0;
        long first =
                bound(from).map(at -> clamp(at, length, forward)).orElse(forward ? 0L : length - 1);
        long end = bound(to).map(at -> clamp(at, length, forward)).orElse(forward ? length : -1L);
        Budget.allocate(length);
        var indexes = new ArrayList<Integer>();
        for (long at = first; forward ? at < end : at > end; at += stride) {
            indexes.add((int) at);
            if (Math.abs(stride) > length) {
                break;
            }
        }
        return indexes.stream().mapToInt(Integer::intValue).toArray();
    }

    private static Optional<Long> bound(Optional<Object> value) {
        return value.filter(each -> each != None.NONE).map(Values::toLong);
    }

    private static long clamp(long at, int length, boolean forward) {
        long index = at < 0 ? at + length : at;
        return index < 0 ? (forward ? 0 : -1) : Math.min(index, forward ? length : length - 1);
    }

    private static List<Object> elements(List<?> items, int[] indexes) {
        List<Object> elements = new ArrayList<>(indexes.length);
        for (int index : indexes) {
            elements.add(items.get(index));
        }
        return elements;
    }

    private static boolean isIndex(Object key) {
        return key instanceof Long || key instanceof Boolean;
    }

    private static Object elementAt(List<?> items, long index, Object owner) {
        long at = index < 0 ? index + items.size() : index;
        return at >= 0 && at < items.size() ? items.get((int) at) : missing(owner, index);
    }

    private static Object characterAt(String text, long index) {
        int length = PythonText.length(text);
        long at = index < 0 ? index + length : index;
        if (at < 0 || at >= length) {
            return missing(text, index);
        }
        Budget.allocate(1);
        return Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) at)));
    }

    private static Undefined missing(Object target, Object key) {
        String owner = target == None.NONE ? "None" : "'" + Values.typeName(target) + " object'";
        return new Undefined(
                key instanceof String name
                        ? owner + " has no attribute '" + name + "'"
                        : owner + " has no element " + Printer.repr(key));
    }
}
