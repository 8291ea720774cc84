package dev.ingot.api;

import dev.ingot.api.http.Call;
import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.ClientGoneException;
import dev.ingot.api.http.Responses;
import dev.ingot.api.http.Route;
import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCode;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.Materializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds who answers a call, and makes a response of whatever goes wrong: always OpenAI's error body, never a stack
/// trace.
public final class Routes {
    private static final String REQUEST_ID = "X-Request-Id";
    private static final Pattern VALID_REQUEST_ID = Pattern.compile("[\\x21-\\x7e]{1,128}");

    /// nginx's word for it; nobody reads it.
    private static final StatusCode CLIENT_CLOSED_REQUEST =
            StatusCodes.custom(499, "Client Closed Request", "", false, true);

    private static final Logger log = LoggerFactory.getLogger(Routes.class);

    private final Supplier<List<Route>> routes;
    private final RandomGenerator random;
    private final Materializer materializer;

    /// Answers by the table of the moment: what is served before the model is loaded is not what is served after.
    ///
    /// @param random names calls whose client did not; safe from any thread
    public Routes(Supplier<List<Route>> routes, RandomGenerator random, Materializer materializer) {
        this.routes = routes;
        this.random = random;
        this.materializer = materializer;
    }

    /// Answers one call; the stage does not fail.
    CompletionStage<HttpResponse> handle(HttpRequest request, ClientConnection client) {
        String id = requestId(request);
        return dispatch(request, client, id)
                .exceptionally(failure -> failed(request, id, unwrapped(failure)))
                .thenApply(response -> response.addHeader(RawHeader.create(REQUEST_ID, id)));
    }

    private CompletionStage<HttpResponse> dispatch(
            HttpRequest request, ClientConnection client, String id) {
        try {
            String path = request.getUri().path();
            var matching =
                    routes.get().stream().filter(route -> matches(route.path(), path)).toList();
            for (var route : matching) {
                if (route.method().equals(request.method())) {
                    return route.handler()
                            .apply(new Call(request, tail(route.path(), path), client, id));
                }
            }
            return CompletableFuture.completedStage(
                    matching.isEmpty()
                            ? unread(request, noSuchPath(path))
                            : unread(request, wrongMethod(request, matching)));
        } catch (RuntimeException failure) {
            return CompletableFuture.failedStage(failure);
        }
    }

    private static boolean matches(String pattern, String path) {
        return pattern.endsWith("/*")
                ? path.startsWith(pattern.substring(0, pattern.length() - 1))
                        && path.length() >= pattern.length()
                : path.equals(pattern);
    }

    private static String tail(String pattern, String path) {
        if (!pattern.endsWith("/*")) {
            return "";
        }
        // The decoder is made for forms, where a plus is a blank; in a path it is a plus.
        String encoded = path.substring(pattern.length() - 1).replace("+", "%2B");
        return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
    }

    private static HttpResponse noSuchPath(String path) {
        return Responses.error(
                ApiError.invalid(404, "There is nothing at " + path + ".", null, "not_found"));
    }

    private static HttpResponse wrongMethod(HttpRequest request, List<Route> routes) {
        String allowed =
                routes.stream()
                        .map(route -> route.method().value())
                        .collect(Collectors.joining(", "));
        return Responses.error(
                        ApiError.invalid(
                                405,
                                request.getUri().path()
                                        + " takes "
                                        + allowed
                                        + ", not "
                                        + request.method().value()
                                        + ".",
                                null,
                                "method_not_allowed"))
                .addHeader(RawHeader.create("Allow", allowed));
    }

    private HttpResponse failed(HttpRequest request, String id, Throwable failure) {
        return switch (failure) {
            case ApiException refused -> {
                if (refused.error().status() >= 500) {
                    log.warn(
                            "Request {} failed: {}",
                            id,
                            refused.error().message(),
                            refused.getCause());
                }
                yield unread(request, Responses.error(refused.error()));
            }
            case ClientGoneException _ -> HttpResponse.create().withStatus(CLIENT_CLOSED_REQUEST);
            default -> {
                log.error("Request {} failed", id, failure);
                yield unread(
                        request,
                        Responses.error(
                                ApiError.internal(
                                        "Something failed; it is logged as request " + id + ".")));
            }
        };
    }

    /// Reads on and drops a body that nobody read, so that the client gets to see its response.
    private HttpResponse unread(HttpRequest request, HttpResponse response) {
        if (!request.entity().isStrict()) {
            request.discardEntityBytes(materializer);
        }
        return response;
    }

    private String requestId(HttpRequest request) {
        return request.getHeader(REQUEST_ID)
                .map(header -> header.value())
                .filter(value -> VALID_REQUEST_ID.matcher(value).matches())
                .orElseGet(() -> "%016x".formatted(random.nextLong()));
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
