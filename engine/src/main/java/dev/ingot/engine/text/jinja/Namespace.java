package dev.ingot.engine.text.jinja;

import java.util.HashMap;
import java.util.Map;

/// `namespace(…)`: the only value that a template can change, so that a loop can hand something out.
final class Namespace {
    private final Map<String, Object> fields = new HashMap<>();

    Object get(String name) {
        Object value = fields.get(name);
        return value != null
                ? value
                : new Undefined("'Namespace' object has no attribute '" + name + "'");
    }

    void set(String name, Object value) {
        fields.put(name, value);
    }
}
