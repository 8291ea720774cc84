package dev.ingot.api.http;

import org.apache.pekko.http.javadsl.model.HttpRequest;

/// One HTTP request, and who waits for its response.
///
/// @param pathTail what follows the path of a route that takes any tail; else empty
/// @param requestId names the call in logs and in the response's `X-Request-Id`
public record Call(
        HttpRequest request, String pathTail, ClientConnection client, String requestId) {}
