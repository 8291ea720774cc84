package dev.ingot.api.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// A Hub on this machine that speaks the protocol, and misbehaves as it is told.
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final String REPOSITORY = "org/tiny";

    private static final int LONG = 1 << 20;

    private final HttpServer server;
    private final Map<String, byte[]> files = new TreeMap<>();

    /// Requests as `METHOD path range`.
    final List<String> requests = new CopyOnWriteArrayList<>();

    /// This many of the next long responses are cut in the middle.
    final AtomicInteger cuts = new AtomicInteger();

    /// This many of the next requests are answered with 503 and `Retry-After: 0`.
    final AtomicInteger failures = new AtomicInteger();

    volatile UnaryOperator<byte[]> corruption = bytes -> bytes;
    volatile Optional<String> requiredToken = Optional.empty();
    volatile boolean ignoresRanges;

    /// Long content lies elsewhere, as on the real Hub, where nobody may see the token.
    volatile boolean hasCdn;

    /// Content behind the first chunk waits for this.
    volatile CountDownLatch gate = new CountDownLatch(0);

    volatile Optional<String> falseEtag = Optional.empty();

    FakeHub() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        answer(exchange);
                    }
                });
        server.start();
    }

    FakeHub with(String file, byte[] content) {
        files.put(file, content);
        return this;
    }

    FakeHub with(String file, String content) {
        return with(file, content.getBytes(StandardCharsets.UTF_8));
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void answer(HttpExchange exchange) throws IOException {
        var path = exchange.getRequestURI().getPath();
        var range = exchange.getRequestHeaders().getFirst("Range");
        if (path.startsWith("/cdn/")) {
            requests.add("CDN " + path + " " + range);
            if (exchange.getRequestHeaders().containsKey("Authorization")) {
                exchange.sendResponseHeaders(400, -1);
                return;
            }
            content(exchange, Objects.requireNonNull(files.get(path.substring(5))), range);
            return;
        }
        requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
        var token = exchange.getRequestHeaders().getFirst("Authorization");
        if (requiredToken.isPresent() && !("Bearer " + requiredToken.get()).equals(token)) {
            exchange.sendResponseHeaders(401, -1);
            return;
        }
        if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
            exchange.getResponseHeaders().set("Retry-After", "0");
            exchange.sendResponseHeaders(503, -1);
            return;
        }
        var resolve = "/" + REPOSITORY + "/resolve/" + COMMIT + "/";
        byte @Nullable [] file =
                path.startsWith(resolve) ? files.get(path.substring(resolve.length())) : null;
        if (path.equals("/api/models/" + REPOSITORY + "/revision/main")) {
            send(exchange, listing());
        } else if (file != null && hasCdn && file.length > LONG) {
            describe(exchange, file);
            var elsewhere = "http://localhost:" + server.getAddress().getPort() + "/cdn/";
            exchange.getResponseHeaders()
                    .set("Location", elsewhere + path.substring(resolve.length()));
            exchange.sendResponseHeaders(302, -1);
        } else if (file != null) {
            content(exchange, file, range);
        } else {
            exchange.sendResponseHeaders(404, -1);
        }
    }

    private byte[] listing() {
        var siblings = new ArrayList<Map<String, String>>();
        files.keySet().forEach(name -> siblings.add(Map.of("rfilename", name)));
        return JsonMapper.shared().writeValueAsBytes(Map.of("sha", COMMIT, "siblings", siblings));
    }

    private static void send(HttpExchange exchange, byte[] body) throws IOException {
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
    }

    private void content(HttpExchange exchange, byte[] content, @Nullable String range)
            throws IOException {
        describe(exchange, content);
        var headers = exchange.getResponseHeaders();
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        int from = 0;
        int to = content.length;
        if (range != null && !ignoresRanges) {
            int dash = range.indexOf('-');
            from = Integer.parseInt(range, "bytes=".length(), dash, 10);
            to = Integer.parseInt(range, dash + 1, range.length(), 10) + 1;
            headers.set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + content.length);
            exchange.sendResponseHeaders(206, to - from);
        } else {
            exchange.sendResponseHeaders(200, to);
        }
        if (from > 0) {
            await(gate);
        }
        boolean isCut = to - from > LONG && cuts.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
        int end = isCut ? from + (to - from) / 2 : to;
        exchange.getResponseBody().write(corruption.apply(content), from, end - from);
    }

    private void describe(HttpExchange exchange, byte[] content) {
        var headers = exchange.getResponseHeaders();
        headers.set("X-Repo-Commit", COMMIT);
        headers.set("X-Linked-Etag", "\"" + falseEtag.orElse(sha256(content)) + "\"");
        headers.set("X-Linked-Size", String.valueOf(content.length));
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        gate.countDown();
        server.stop(0);
    }
}
