package dev.ingot.engine.text.jinja;

/// A template's source is not Jinja; the message names the line.
public final class TemplateSyntaxException extends TemplateException {
    private static final long serialVersionUID = 1;

    TemplateSyntaxException(String message, int line) {
        super("line " + line + ": " + message, line, null);
    }
}
