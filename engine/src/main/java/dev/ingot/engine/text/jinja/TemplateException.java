package dev.ingot.engine.text.jinja;

import org.jspecify.annotations.Nullable;

/// A template cannot be parsed or rendered.
public class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// 0 while it is not known.
    private final int line;

    TemplateException(String message) {
        this(message, 0, null);
    }

    TemplateException(String message, int line, @Nullable Throwable cause) {
        super(message, cause);
        this.line = line;
    }

    /// Counted from 1; 0 where no line is to blame.
    public int line() {
        return line;
    }

    /// The same with the line that it happened in, where none was known.
    TemplateException at(int where) {
        return line != 0 || where == 0
                ? this
                : new TemplateException("line " + where + ": " + getMessage(), where, this);
    }
}
