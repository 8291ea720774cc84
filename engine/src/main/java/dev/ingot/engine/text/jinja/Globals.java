package dev.ingot.engine.text.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The functions that every template can call.
final class Globals {
    private Globals() {}

    static Scope scope(Clock clock) {
        var scope = new Scope(null);
        scope.set("range", (Callable) Globals::range);
        scope.set("dict", (Callable) Globals::dict);
        scope.set("namespace", (Callable) Globals::namespace);
        scope.set("joiner", (Callable) Globals::joiner);
        scope.set("cycler", (Callable) Globals::cycler);
        scope.set(
                "raise_exception",
                (Callable)
                        arguments -> {
                            throw new TemplateRaisedException(
                                    Printer.str(arguments.required(0, "message")));
                        });
        scope.set(
                "strftime_now",
                (Callable)
                        arguments ->
                                Strftime.format(
                                        LocalDateTime.now(clock), arguments.text(0, "format")));
        return scope;
    }

    private static Object range(Arguments arguments) {
        long first = arguments.count() > 1 ? Values.toLong(arguments.required(0, "start")) : 0;
        long end = Values.toLong(arguments.required(arguments.count() > 1 ? 1 : 0, "stop"));
        long step = Values.toLong(arguments.get(2, "step", 1L));
        if (step == 0) {
            throw new TemplateException("range() arg 3 must not be zero");
        }
        List<Object> range = new ArrayList<>();
        for (long each = first; step > 0 ? each < end : each > end; each += step) {
            if (range.size() == Budget.rangeItems()) {
                throw new TemplateLimitException(
                        "Range too big. The sandbox blocks ranges larger than MAX_RANGE ("
                                + Budget.rangeItems()
                                + ").");
            }
            range.add(each);
        }
        Budget.allocate(range.size());
        return range;
    }

    private static Object dict(Arguments arguments) {
        Map<Object, Object> dict = new LinkedHashMap<>();
        for (Object each : arguments.positional()) {
            if (each instanceof Map<?, ?> other) {
                dict.putAll(other);
                continue;
            }
            for (Object pair : Values.items(each)) {
                var both = Values.items(pair);
                if (both.size() != 2) {
                    throw new TemplateException("dict() wants pairs");
                }
                dict.put(Values.key(both.get(0)), both.get(1));
            }
        }
        dict.putAll(arguments.keywords());
        return dict;
    }

    private static Object namespace(Arguments arguments) {
        var namespace = new Namespace();
        for (Object each : arguments.positional()) {
            if (!(each instanceof Map<?, ?> dict)) {
                throw new TemplateException("namespace() wants a dict or keywords");
            }
            dict.forEach((name, value) -> namespace.set(Printer.str(name), value));
        }
        arguments.keywords().forEach(namespace::set);
        return namespace;
    }

    /// Nothing the first time it is called, then a separator.
    private static Object joiner(Arguments arguments) {
        String separator = arguments.text(0, "sep", ", ");
        boolean[] used = {false};
        return (Callable)
                _ -> {
                    boolean first = !used[0];
                    used[0] = true;
                    return first ? "" : separator;
                };
    }

    /// Its items in turn, by `next()`; `current` and `reset()`.
    private static Object cycler(Arguments arguments) {
        var items = arguments.positional();
        if (items.isEmpty()) {
            throw new TemplateException("at least one item has to be provided");
        }
        int[] at = {0};
        var cycler = new Namespace();
        cycler.set("current", items.getFirst());
        cycler.set(
                "next",
                (Callable)
                        _ -> {
                            Object item = items.get(at[0]);
                            at[0] = (at[0] + 1) % items.size();
                            cycler.set("current", items.get(at[0]));
                            return item;
                        });
        cycler.set(
                "reset",
                (Callable)
                        _ -> {
                            at[0] = 0;
                            cycler.set("current", items.getFirst());
                            return None.NONE;
                        });
        return cycler;
    }
}
