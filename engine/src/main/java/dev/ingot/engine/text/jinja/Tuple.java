package dev.ingot.engine.text.jinja;

import java.util.List;

/// Python's tuple: a list that prints with parentheses and is never equal to a list.
record Tuple(List<Object> items) {
    static Tuple of(Object... items) {
        return new Tuple(List.of(items));
    }
}
