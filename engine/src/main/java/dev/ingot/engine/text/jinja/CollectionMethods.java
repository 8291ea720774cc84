package dev.ingot.engine.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The methods of dicts, lists and tuples. Those that change one are refused, as in jinja2's immutable sandbox.
final class CollectionMethods {
    private static final Set<String> UNSAFE_DICT =
            Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> UNSAFE_LIST =
            Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");

    private CollectionMethods() {}

    static Optional<Object> find(Map<?, ?> dict, String name) {
        return switch (name) {
            case "get" ->
                    method(arguments -> {
                        Object value = dict.get(Values.key(arguments.required(0, "key")));
                        return value != null ? value : arguments.get(1, "default", None.NONE);
                    });
            case "items" -> method(_ -> items(dict));
            case "keys" -> method(_ -> new ArrayList<Object>(dict.keySet()));
            case "values" -> method(_ -> new ArrayList<Object>(dict.values()));
            case "copy" -> method(_ -> new LinkedHashMap<Object, Object>(dict));
            default -> unsafe(UNSAFE_DICT, name, "dict");
        };
    }

    /// Of a list or of a tuple.
    ///
    /// @param list whether these are the items of a list
    static Optional<Object> find(List<?> items, boolean list, String name) {
        return switch (name) {
            case "index" ->
                    method(arguments -> {
                        Object wanted = arguments.required(0, "value");
                        for (int i = 0; i < items.size(); i++) {
                            if (Values.equal(items.get(i), wanted)) {
                                return (long) i;
                            }
                        }
                        throw new TemplateException(Printer.repr(wanted) + " is not in list");
                    });
            case "count" ->
                    method(arguments -> {
                        Object wanted = arguments.required(0, "value");
                        return items.stream().filter(each -> Values.equal(each, wanted)).count();
                    });
            case "copy" -> list ? method(_ -> new ArrayList<Object>(items)) : Optional.empty();
            default -> list ? unsafe(UNSAFE_LIST, name, "list") : Optional.empty();
        };
    }

    static List<Object> items(Map<?, ?> dict) {
        Budget.allocate(dict.size());
        List<Object> items = new ArrayList<>(dict.size());
        dict.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return items;
    }

    private static Optional<Object> method(Callable method) {
        return Optional.of(method);
    }

    private static Optional<Object> unsafe(Set<String> names, String name, String type) {
        return names.contains(name)
                ? Optional.of(
                        new Undefined(
                                "access to attribute '"
                                        + name
                                        + "' of '"
                                        + type
                                        + "' object is unsafe."))
                : Optional.empty();
    }
}
