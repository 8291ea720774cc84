package dev.ingot.api.openai.wire;

import org.jspecify.annotations.Nullable;

/// Ends the handling of a request with an [ApiError]; it has no stack trace, since it says what a client did.
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ApiError error;

    public ApiException(ApiError error) {
        this(error, null);
    }

    public ApiException(ApiError error, @Nullable Throwable cause) {
        super(error.message(), cause, false, false);
        this.error = error;
    }

    public ApiError error() {
        return error;
    }
}
