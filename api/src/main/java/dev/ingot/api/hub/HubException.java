package dev.ingot.api.hub;

/// A model cannot be had from the Hub; the message is for people and says what to do.
public sealed class HubException extends Exception permits HubUnreachableException {
    private static final long serialVersionUID = 1L;

    HubException(String message) {
        super(message);
    }

    HubException(String message, Throwable cause) {
        super(message, cause);
    }
}
