package dev.ingot.api.http;

/// The client went away before it was answered: nobody reads what is answered now.
public final class ClientGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ClientGoneException() {
        super("the client closed its connection", null, false, false);
    }
}
