package dev.ingot.api.openai.wire;

import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a client is told when it gets no answer: an HTTP status and OpenAI's error body.
///
/// @param type OpenAI's class of errors, which its client libraries look at
/// @param param the field that is wrong, or null
/// @param code a name for programs, or null
/// @param retryAfter when to try again, or null where that cannot help
public record ApiError(
        int status,
        String message,
        String type,
        @Nullable String param,
        @Nullable String code,
        @Nullable Duration retryAfter)
        implements Serializable {
    /// The whole document around an error.
    public record Body(Detail error) {}

    /// The error as it is written.
    public record Detail(
            String message, String type, @Nullable String param, @Nullable String code) {}

    /// One field of the body is wrong.
    public static ApiError badField(String param, String message) {
        return invalid(400, message, param, null);
    }

    /// The body as a whole is wrong.
    public static ApiError badBody(String message) {
        return invalid(400, message, null, null);
    }

    /// The body is longer than `limitBytes`.
    public static ApiError bodyTooLong(long limitBytes) {
        return invalid(
                413, "The body is longer than " + limitBytes + " bytes.", null, "body_too_long");
    }

    /// Prompt and output do not fit the context.
    public static ApiError contextLengthExceeded(String message, @Nullable String param) {
        return invalid(400, message, param, "context_length_exceeded");
    }

    /// No model of this name is served.
    public static ApiError modelNotFound(String model) {
        return invalid(
                404, "The model `" + model + "` does not exist.", "model", "model_not_found");
    }

    /// Another error of the client's making.
    public static ApiError invalid(
            int status, String message, @Nullable String param, @Nullable String code) {
        return new ApiError(status, message, "invalid_request_error", param, code, null);
    }

    /// The queue is full: try again later.
    public static ApiError queueFull(String message, Duration retryAfter) {
        return new ApiError(
                429, message, "rate_limit_error", null, "rate_limit_exceeded", retryAfter);
    }

    /// The request waited for its turn for as long as the server lets one: try again later.
    public static ApiError queueTimeout(String message, Duration retryAfter) {
        return new ApiError(
                503, message, "service_unavailable_error", null, "queue_timeout", retryAfter);
    }

    /// The request's own time was up.
    public static ApiError deadlineExceeded(String message) {
        return new ApiError(504, message, "timeout_error", "timeout", "deadline_exceeded", null);
    }

    /// No tokens can be produced now.
    public static ApiError notReady(String message, Duration retryAfter) {
        return new ApiError(
                503, message, "service_unavailable_error", null, "not_ready", retryAfter);
    }

    /// Something of ours failed; the log has the cause beside the same request id.
    public static ApiError internal(String message) {
        return new ApiError(500, message, "server_error", null, "internal_error", null);
    }

    public Body body() {
        return new Body(new Detail(message, type, param, code));
    }
}
