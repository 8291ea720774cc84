package dev.ingot.api.http;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/// What answers one method of one path.
///
/// @param path ends with `/*` where anything may follow
/// @param handler may fail with [dev.ingot.api.openai.wire.ApiException], thrown or in the stage
public record Route(
        HttpMethod method, String path, Function<Call, CompletionStage<HttpResponse>> handler) {
    /// Answers at once.
    public static Route get(String path, Function<Call, HttpResponse> handler) {
        return new Route(
                HttpMethods.GET,
                path,
                call -> CompletableFuture.completedStage(handler.apply(call)));
    }

    /// Answers later.
    public static Route post(String path, Function<Call, CompletionStage<HttpResponse>> handler) {
        return new Route(HttpMethods.POST, path, handler);
    }
}
