package dev.ingot.api.http;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.Fields;
import dev.ingot.api.openai.wire.Json;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.scaladsl.model.EntityStreamSizeException;
import org.apache.pekko.stream.Materializer;

/// Reads the JSON body of a request within limits.
///
/// @param maxBytes longer bodies are refused with 413
/// @param timeout slower clients are refused with 408
public record Bodies(long maxBytes, Duration timeout, Materializer materializer) {
    /// The body's members; fails with [ApiException].
    public CompletionStage<Fields> read(HttpRequest request) {
        requireJson(request.entity().getContentType());
        var length = request.entity().getContentLengthOption();
        if (length.isPresent() && length.getAsLong() > maxBytes) {
            throw new ApiException(ApiError.bodyTooLong(maxBytes));
        }
        return request.entity()
                .withSizeLimit(maxBytes)
                .toStrict(timeout.toMillis(), maxBytes, materializer)
                .handle(
                        (entity, failure) -> {
                            if (failure != null) {
                                throw refusal(failure);
                            }
                            return Json.readObject(entity.getData().toArrayUnsafe());
                        });
    }

    /// A browser's form would be sent without asking the user, JSON is not; so the type counts, as it does in vLLM.
    /// A client that names none has no browser behind it.
    private static void requireJson(ContentType type) {
        if (type.equals(ContentTypes.NO_CONTENT_TYPE)
                || (type.mediaType().isApplication() && type.mediaType().subType().equals("json"))) {
            return;
        }
        throw new ApiException(
                ApiError.invalid(
                        415,
                        "The Content-Type must be application/json.",
                        null,
                        "unsupported_media_type"));
    }

    private RuntimeException refusal(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        if (cause instanceof EntityStreamSizeException) {
            return new ApiException(ApiError.bodyTooLong(maxBytes), cause);
        }
        if (cause instanceof TimeoutException) {
            return new ApiException(
                    ApiError.invalid(408, "The body did not arrive in time.", null, "body_timeout"),
                    cause);
        }
        return new CompletionException(cause);
    }
}
