package dev.ingot.engine.text.jinja;

/// Something that a template can call: a function, a method of a value, a macro.
@FunctionalInterface
interface Callable {
    Object call(Arguments arguments);
}
