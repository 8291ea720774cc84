package dev.ingot.api.http;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.Fields;
import dev.ingot.api.openai.wire.Json;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/// Reads the JSON body of a request within limits.
///
/// @param maxBytes longer bodies are refused with 413
/// @param timeout slower clients are refused with 408
/// @param readers the threads that take bodies apart: a long one takes milliseconds
public record Bodies(long maxBytes, Duration timeout, Executor readers, Materializer materializer) {
    /// What `then` makes of the body's members, on a thread of the readers'; fails with [ApiException].
    public <T> CompletionStage<T> read(HttpRequest request, Function<Fields, T> then) {
        requireJson(request.entity().getContentType());
        if (request.entity() instanceof HttpEntity.Strict whole) {
            // Most bodies come with their head, and need no stream to be run for them.
            var collected = new Collected(maxBytes).add(whole.getData());
            return CompletableFuture.supplyAsync(
                    () -> then.apply(Json.readObject(collected.bytes())), readers);
        }
        return request.entity()
                .withoutSizeLimit()
                .getDataBytes()
                .completionTimeout(timeout)
                .runFold(new Collected(maxBytes), Collected::add, materializer)
                .handleAsync(
                        (collected, failure) -> {
                            if (failure != null) {
                                throw refusal(failure);
                            }
                            return then.apply(Json.readObject(collected.bytes()));
                        },
                        readers);
    }

    /// What arrived so far. What is over the limit is dropped but read on for a while: a client that is still
    /// sending when the connection closes never sees why.
    private static final class Collected {
        private static final int DROPPED_PER_KEPT = 8;

        private final long maxBytes;
        private final ByteStringBuilder kept = new ByteStringBuilder();
        private long count;

        Collected(long maxBytes) {
            this.maxBytes = maxBytes;
        }

        Collected add(ByteString bytes) {
            count += bytes.size();
            if (count <= maxBytes) {
                kept.append(bytes);
            } else if (count > DROPPED_PER_KEPT * maxBytes) {
                throw new ApiException(ApiError.bodyTooLong(maxBytes));
            }
            return this;
        }

        byte[] bytes() {
            if (count > maxBytes) {
                throw new ApiException(ApiError.bodyTooLong(maxBytes));
            }
            return kept.result().toArrayUnsafe();
        }
    }

    /// A browser's form would be sent without asking the user, JSON is not; so the type counts, as it does in vLLM.
    /// One that is absent is read by Pekko as `application/octet-stream`.
    private static void requireJson(ContentType type) {
        if (type.equals(ContentTypes.NO_CONTENT_TYPE)
                || type.equals(ContentTypes.APPLICATION_OCTET_STREAM)
                || (type.mediaType().isApplication()
                        && type.mediaType().subType().equals("json"))) {
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
        if (cause instanceof TimeoutException) {
            return new ApiException(
                    ApiError.invalid(408, "The body did not arrive in time.", null, "body_timeout"),
                    cause);
        }
        return new CompletionException(cause);
    }
}
