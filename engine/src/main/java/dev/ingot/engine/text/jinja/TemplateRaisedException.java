package dev.ingot.engine.text.jinja;

/// The template called `raise_exception`: it refuses these messages. The message is the template's own, to the letter.
public final class TemplateRaisedException extends TemplateException {
    private static final long serialVersionUID = 1;

    TemplateRaisedException(String message) {
        super(message);
    }

    @Override
    TemplateException at(int where) {
        return this;
    }
}
