package dev.ingot.engine.text.jinja;

/// What looking up something that is not there gives. It prints as nothing, is false and has no items; everything else
/// is an error that says `why`.
record Undefined(String why) {
    TemplateException used() {
        return new TemplateException(why);
    }
}
