package dev.ingot.api.hub;

/// The Hub cannot be asked; what is in the cache may do.
final class HubUnreachableException extends HubException {
    private static final long serialVersionUID = 1L;

    HubUnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}
