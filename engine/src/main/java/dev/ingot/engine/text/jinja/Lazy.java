package dev.ingot.engine.text.jinja;

import java.util.Iterator;

/// Python's generator, as `map`, `select` and their like give it: nothing happens before somebody asks, it can be read
/// once, it is true even when it is empty, and it has no length.
record Lazy(Iterator<Object> rest) {}
