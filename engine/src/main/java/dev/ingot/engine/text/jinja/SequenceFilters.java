package dev.ingot.engine.text.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Jinja's filters of many values. `map`, `select` and their like are lazy: an item that nobody asks for is not looked
/// at, and cannot fail.
final class SequenceFilters {
    static final Map<String, Filters.Filter> ALL = new HashMap<>();

    static {
        ALL.put("length", (v, _) -> Values.length(v));
        ALL.put("count", ALL.get("length"));
        ALL.put("list", (v, _) -> Values.items(v));
        ALL.put("items", SequenceFilters::items);
        ALL.put("first", (v, _) -> first(v));
        ALL.put("last", (v, _) -> last(v));
        ALL.put("join", SequenceFilters::join);
        ALL.put("reverse", (v, _) -> reverse(v));
        ALL.put("map", SequenceFilters::map);
        ALL.put("select", (v, a) -> filter(v, condition(a, true)));
        ALL.put("reject", (v, a) -> filter(v, condition(a, false)));
        ALL.put("selectattr", (v, a) -> filter(v, attributeCondition(a, true)));
        ALL.put("rejectattr", (v, a) -> filter(v, attributeCondition(a, false)));
        ALL.put(
                "sort",
                (v, a) ->
                        sort(
                                v,
                                a.get(2, "attribute", None.NONE),
                                a.flag(1, "case_sensitive"),
                                a.flag(0, "reverse")));
        ALL.put("dictsort", SequenceFilters::sortDict);
        ALL.put("unique", SequenceFilters::unique);
        ALL.put("min", (v, a) -> extreme(v, a, -1));
        ALL.put("max", (v, a) -> extreme(v, a, 1));
        ALL.put("sum", SequenceFilters::sum);
        ALL.put("groupby", SequenceFilters::group);
        ALL.put("batch", SequenceFilters::batch);
        ALL.put("slice", SequenceFilters::slice);
    }

    private SequenceFilters() {}

    private static Object items(Object value, Arguments a) {
        return switch (value) {
            case Undefined _ -> List.of();
            case Map<?, ?> dict -> new Lazy(CollectionMethods.items(dict).iterator());
            default -> throw new TemplateException("Can only get item pairs from a mapping.");
        };
    }

    private static Object first(Object value) {
        var items = Values.iterate(value);
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    private static Object last(Object value) {
        if (value instanceof Lazy) {
            throw new TemplateException("'generator' object is not reversible");
        }
        var items = Values.items(value);
        return items.isEmpty()
                ? new Undefined("No last item, sequence was empty.")
                : items.getLast();
    }

    private static Object reverse(Object value) {
        if (Markup.unwrap(value) instanceof String text) {
            return new StringBuilder(text).reverse().toString();
        }
        return new Lazy(Values.items(value).reversed().iterator());
    }

    private static Object join(Object value, Arguments a) {
        String separator = Printer.str(a.get(0, "d", ""));
        Object attribute = a.get(1, "attribute", None.NONE);
        var text = new StringBuilder();
        boolean first = true;
        for (var each = Values.iterate(value); each.hasNext(); ) {
            Object item = each.next();
            String part = Printer.str(attribute == None.NONE ? item : Access.path(item, attribute));
            Budget.allocate(separator.length() + (long) part.length());
            text.append(first ? "" : separator).append(part);
            first = false;
        }
        return text.toString();
    }

    private static Object map(Object value, Arguments a) {
        Function<Object, Object> mapping;
        if (a.count() == 0) {
            Object attribute = a.required(0, "attribute");
            Object fallback = a.keywords().get("default");
            mapping = item -> Access.path(item, attribute, fallback);
        } else {
            String filter = a.text(0, "filter");
            var rest = a.after(1);
            mapping = item -> Filters.apply(filter, item, rest);
        }
        return lazily(
                value,
                items ->
                        new Iterator<>() {
                            @Override
                            public boolean hasNext() {
                                return items.hasNext();
                            }

                            @Override
                            public Object next() {
                                Budget.step();
                                return mapping.apply(items.next());
                            }
                        });
    }

    private static Predicate<Object> condition(Arguments a, boolean wanted) {
        if (a.count() == 0) {
            return item -> Values.isTrue(item) == wanted;
        }
        String test = a.text(0, "test");
        var rest = a.after(1);
        return item -> TestFunctions.apply(test, item, rest) == wanted;
    }

    private static Predicate<Object> attributeCondition(Arguments a, boolean wanted) {
        Object attribute = a.required(0, "attribute");
        var condition = condition(a.after(1), wanted);
        return item -> condition.test(Access.path(item, attribute));
    }

    private static Object filter(Object value, Predicate<Object> condition) {
        return lazily(
                value,
                items ->
                        new Iterator<>() {
                            private @Nullable Object next;

                            @Override
                            public boolean hasNext() {
                                while (next == null && items.hasNext()) {
                                    Budget.step();
                                    Object item = items.next();
                                    next = condition.test(item) ? item : null;
                                }
                                return next != null;
                            }

                            @Override
                            public Object next() {
                                if (!hasNext() || next == null) {
                                    throw new NoSuchElementException();
                                }
                                Object item = next;
                                next = null;
                                return item;
                            }
                        });
    }

    /// Looks at `value` when the first item is asked for, not before.
    private static Lazy lazily(
            Object value, Function<Iterator<Object>, Iterator<Object>> transformation) {
        return new Lazy(
                new Iterator<>() {
                    private @Nullable Iterator<Object> items;

                    @Override
                    public boolean hasNext() {
                        Budget.current().enter(); // One generator may read another, and so on.
                        boolean more = items().hasNext();
                        Budget.current().leave();
                        return more;
                    }

                    @Override
                    public Object next() {
                        Budget.current().enter();
                        Object item = items().next();
                        Budget.current().leave();
                        return item;
                    }

                    private Iterator<Object> items() {
                        var started = items;
                        if (started == null) {
                            // As jinja2: a value that is false has no items, whatever it is.
                            started =
                                    transformation.apply(
                                            Values.isTrue(value)
                                                    ? Values.iterate(value)
                                                    : List.<Object>of().iterator());
                            items = started;
                        }
                        return started;
                    }
                });
    }

    private static Object sort(
            Object value, Object attribute, boolean caseSensitive, boolean reverse) {
        var items = Values.items(value);
        Comparator<Object> order =
                (x, y) ->
                        Values.compare(
                                keys(x, attribute, caseSensitive),
                                keys(y, attribute, caseSensitive));
        items.sort(reverse ? order.reversed() : order);
        return items;
    }

    private static Object sortDict(Object value, Arguments a) {
        if (!(value instanceof Map<?, ?> dict)) {
            throw new TemplateException("dictsort wants a dict, not " + Values.typeName(value));
        }
        String by = a.text(1, "by", "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new TemplateException("You can only sort by either \"key\" or \"value\"");
        }
        return sort(
                CollectionMethods.items(dict),
                by.equals("key") ? 0L : 1L,
                a.flag(0, "case_sensitive"),
                a.flag(2, "reverse"));
    }

    /// What an item is ordered by; `a,b` orders by `a` first and by `b` next.
    private static Object keys(Object item, Object attribute, boolean caseSensitive) {
        if (!(attribute instanceof String paths) || paths.indexOf(',') < 0) {
            return key(item, attribute, caseSensitive);
        }
        List<Object> keys = new ArrayList<>();
        for (String path : paths.split(",", -1)) {
            keys.add(key(item, path, caseSensitive));
        }
        return keys;
    }

    private static Object key(Object item, Object attribute, boolean caseSensitive) {
        Object key = attribute == None.NONE ? item : Access.path(item, attribute);
        return !caseSensitive && Markup.unwrap(key) instanceof String text
                ? text.toLowerCase(Locale.ROOT)
                : key;
    }

    private static Object unique(Object value, Arguments a) {
        boolean caseSensitive = a.flag(0, "case_sensitive");
        Object attribute = a.get(1, "attribute", None.NONE);
        List<Object> keys = new ArrayList<>();
        List<Object> unique = new ArrayList<>();
        for (Object item : Values.items(value)) {
            Object key = key(item, attribute, caseSensitive);
            if (keys.stream().noneMatch(seen -> Values.equal(seen, key))) {
                keys.add(key);
                unique.add(item);
            }
        }
        return new Lazy(unique.iterator());
    }

    private static Object extreme(Object value, Arguments a, int sign) {
        boolean caseSensitive = a.flag(0, "case_sensitive");
        Object attribute = a.get(1, "attribute", None.NONE);
        Object best = null;
        for (Object item : Values.items(value)) {
            if (best == null
                    || sign
                                    * Values.compare(
                                            key(item, attribute, caseSensitive),
                                            key(best, attribute, caseSensitive))
                            > 0) {
                best = item;
            }
        }
        return best == null ? new Undefined("No aggregated item, sequence was empty.") : best;
    }

    private static Object sum(Object value, Arguments a) {
        Object attribute = a.get(0, "attribute", None.NONE);
        Object sum = a.get(1, "start", 0L);
        for (Object item : Values.items(value)) {
            sum =
                    Operators.apply(
                            "+", sum, attribute == None.NONE ? item : Access.path(item, attribute));
        }
        return sum;
    }

    private static Object group(Object value, Arguments a) {
        Object attribute = a.required(0, "attribute");
        List<Object> groups = new ArrayList<>();
        Object lastKey = null;
        List<Object> members = new ArrayList<>();
        for (Object item :
                Values.items(sort(value, attribute, a.flag(2, "case_sensitive"), false))) {
            Object key = key(item, attribute, a.flag(2, "case_sensitive"));
            if (lastKey == null || !Values.equal(lastKey, key)) {
                members = new ArrayList<>();
                groups.add(Tuple.of(Access.path(item, attribute), members));
                lastKey = key;
            }
            members.add(item);
        }
        return groups;
    }

    private static Object batch(Object value, Arguments a) {
        int size = Math.max(1, a.integer(0, "linecount"));
        Object fill = a.get(1, "fill_with", None.NONE);
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object item : Values.items(value)) {
            if (batch.isEmpty() || batch.size() == size) {
                batch = new ArrayList<>();
                batches.add(batch);
            }
            batch.add(item);
        }
        if (fill != None.NONE && !batch.isEmpty()) {
            Budget.allocate(size - batch.size());
            while (batch.size() < size) {
                batch.add(fill);
            }
        }
        return new Lazy(batches.iterator());
    }

    /// So many lists of nearly equal length; the longer ones first.
    private static Object slice(Object value, Arguments a) {
        int count = Math.max(1, a.integer(0, "slices"));
        Object fill = a.get(1, "fill_with", None.NONE);
        var items = Values.items(value);
        Budget.allocate(count);
        int length = items.size() / count;
        int longer = items.size() % count;
        List<Object> slices = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + length + (i < longer ? 1 : 0);
            List<Object> slice = new ArrayList<>(items.subList(from, to));
            if (fill != None.NONE && i >= longer) {
                slice.add(fill);
            }
            slices.add(slice);
            from = to;
        }
        return new Lazy(slices.iterator());
    }
}
