package dev.ingot.engine.text;

/// A tokenizer's files are missing or damaged; the message names the file and the reason.
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TokenizerException(String message) {
        super(message);
    }

    TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
