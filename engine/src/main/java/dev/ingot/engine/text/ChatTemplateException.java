package dev.ingot.engine.text;

/// A conversation that the model's chat template does not take: the client's to mend. Where the template itself says
/// why, the message is the template's own.
public final class ChatTemplateException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    ChatTemplateException(String message) {
        super(message);
    }

    ChatTemplateException(String message, Throwable cause) {
        super(message, cause);
    }
}
