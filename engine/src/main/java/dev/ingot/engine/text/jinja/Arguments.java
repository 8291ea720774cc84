package dev.ingot.engine.text.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a call was given. A parameter is asked for by position and name, as Python would bind it.
record Arguments(List<Object> positional, Map<String, Object> keywords) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    int count() {
        return positional.size();
    }

    @Nullable Object find(int position, String name) {
        return position < positional.size() ? positional.get(position) : keywords.get(name);
    }

    Object get(int position, String name, Object fallback) {
        Object value = find(position, name);
        return value == null ? fallback : value;
    }

    Object required(int position, String name) {
        Object value = find(position, name);
        if (value == null) {
            throw new TemplateException("missing argument '" + name + "'");
        }
        return value;
    }

    String text(int position, String name) {
        return asText(required(position, name), name);
    }

    String text(int position, String name, String fallback) {
        return asText(get(position, name, fallback), name);
    }

    /// Null where the argument is absent or `None`.
    @Nullable String textOrNull(int position, String name) {
        Object value = find(position, name);
        return value == null || value == None.NONE ? null : asText(value, name);
    }

    boolean flag(int position, String name) {
        return Values.isTrue(get(position, name, false));
    }

    /// Limited to what a length or a position can be.
    int integer(int position, String name, int fallback) {
        long value = Values.toLong(get(position, name, (long) fallback));
        return Math.clamp(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    int integer(int position, String name) {
        required(position, name);
        return integer(position, name, 0);
    }

    /// Without the first `count` positional ones.
    Arguments after(int count) {
        return new Arguments(
                positional.subList(Math.min(count, positional.size()), positional.size()),
                keywords);
    }

    private static String asText(Object value, String name) {
        if (Markup.unwrap(value) instanceof String text) {
            return text;
        }
        throw new TemplateException(
                "argument '" + name + "' must be str, not " + Values.typeName(value));
    }
}
