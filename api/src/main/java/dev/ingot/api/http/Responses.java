package dev.ingot.api.http;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.Json;
import java.time.Duration;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.StatusCode;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/// HTTP responses around JSON documents and streams of events.
public final class Responses {
    private Responses() {}

    public static HttpResponse json(Object document) {
        return json(StatusCodes.OK, document);
    }

    public static HttpResponse json(StatusCode status, Object document) {
        return HttpResponse.create()
                .withStatus(status)
                .withEntity(
                        HttpEntities.create(ContentTypes.APPLICATION_JSON, Json.write(document)));
    }

    /// OpenAI's error body; `Retry-After` where trying again may help.
    public static HttpResponse error(ApiError error) {
        var response = json(StatusCodes.get(error.status()), error.body());
        return error.retryAfter() == null
                ? response
                : response.addHeader(
                        RawHeader.create(
                                "Retry-After", Long.toString(seconds(error.retryAfter()))));
    }

    /// A stream of server-sent events.
    public static HttpResponse events(Source<ByteString, NotUsed> events) {
        return HttpResponse.create()
                .withEntity(
                        HttpEntities.createChunked(
                                MediaTypes.TEXT_EVENT_STREAM.toContentType(), events))
                .addHeader(RawHeader.create("Cache-Control", "no-cache"))
                // nginx would otherwise collect the events of a whole answer.
                .addHeader(RawHeader.create("X-Accel-Buffering", "no"));
    }

    /// Whole seconds, never less than waiting takes, never none.
    private static long seconds(Duration retryAfter) {
        return Math.max(1, retryAfter.plusMillis(999).toSeconds());
    }
}
