package dev.ingot.engine.text.jinja;

/// A rendering went beyond one of its [Limits].
public final class TemplateLimitException extends TemplateException {
    private static final long serialVersionUID = 1;

    TemplateLimitException(String message) {
        super(message);
    }

    @Override
    TemplateException at(int where) {
        return this;
    }
}
