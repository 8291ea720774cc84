package dev.ingot.engine.text.jinja;

/// Python's `None`. A value of its own, so that `null` never is one.
enum None {
    NONE;

    @Override
    public String toString() {
        return "None";
    }
}
