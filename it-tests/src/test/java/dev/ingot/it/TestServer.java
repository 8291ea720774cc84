package dev.ingot.it;

import dev.ingot.api.Node;
import dev.ingot.api.ServeSettings;
import dev.ingot.worker.WorkerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A whole node in this JVM, serving the built-in model on a free port, and a client of it.
final class TestServer implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();
    static final String MODEL = "ingot-small";

    private final Node node;
    private final HttpClient client = HttpClient.newHttpClient();

    private TestServer(Node node) {
        this.node = node;
    }

    static Path modelFolder() {
        return Path.of("..", "models", MODEL).toAbsolutePath().normalize();
    }

    static TestServer start() {
        return start(64, 1024, OptionalInt.empty());
    }

    /// @param kvBlocks blocks of 16 positions; empty for the default
    static TestServer start(int maxSequences, int maxWaiting, OptionalInt kvBlocks) {
        var defaults = WorkerSettings.defaults(modelFolder());
        // 8 layers, K and V of 2 heads of 64 in F16.
        var kvBytes =
                kvBlocks.isPresent()
                        ? OptionalLong.of(kvBlocks.getAsInt() * 16L * KV_BYTES_PER_POSITION)
                        : OptionalLong.empty();
        var worker =
                new WorkerSettings(
                        defaults.model(),
                        "cpu",
                        2,
                        kvBlocks.isPresent() ? OptionalInt.of(512) : OptionalInt.empty(),
                        maxSequences,
                        Math.max(maxSequences, defaults.maxStepTokens()),
                        16,
                        kvBytes,
                        OptionalDouble.empty(),
                        defaults.kvCacheType());
        var settings =
                new ServeSettings(
                        "127.0.0.1",
                        0,
                        List.of(MODEL),
                        worker,
                        maxWaiting,
                        true,
                        OptionalLong.of(1));
        try {
            return new TestServer(Node.start(settings));
        } catch (Node.StartException e) {
            throw new IllegalStateException(e);
        }
    }

    Node node() {
        return node;
    }

    String url() {
        return node.url();
    }

    HttpRequest post(String path, JsonNode body) {
        return HttpRequest.newBuilder(URI.create(url() + path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body.toString()))
                .build();
    }

    HttpResponse<String> send(String path, JsonNode body) {
        try {
            return client.send(post(path, body), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// The body of a 200.
    JsonNode ask(String path, JsonNode body) {
        var response = send(path, body);
        if (response.statusCode() != 200) {
            throw new IllegalStateException(response.statusCode() + " " + response.body());
        }
        return JSON.readTree(response.body());
    }

    String get(String path) {
        try {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url() + path)).build(),
                            BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// The value of a metric without labels other than the model's.
    double metric(String name) {
        return get("/metrics")
                .lines()
                .filter(line -> line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no metric " + name));
    }

    /// Opens a stream; the caller reads and closes it.
    InputStream stream(String path, JsonNode body) {
        try {
            var response = client.send(post(path, body), BodyHandlers.ofInputStream());
            if (response.statusCode() != 200) {
                throw new IllegalStateException(
                        response.statusCode()
                                + " "
                                + new String(
                                        response.body().readAllBytes(),
                                        java.nio.charset.StandardCharsets.UTF_8));
            }
            return response.body();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// A greedy completion request for token ids, which the answer repeats.
    static ObjectNode completion(String prompt, int maxTokens) {
        var body = JSON.createObjectNode();
        body.put("model", MODEL);
        body.put("prompt", prompt);
        body.put("max_tokens", maxTokens);
        body.put("temperature", 0);
        body.put("return_token_ids", true);
        return body;
    }

    static List<Integer> tokenIds(JsonNode choice) {
        var ids = new ArrayList<Integer>();
        for (var id : choice.path("token_ids")) {
            ids.add(id.intValue());
        }
        return ids;
    }

    @Override
    public void close() {
        client.close();
        node.close();
    }

    private static final long KV_BYTES_PER_POSITION = kvBytesPerPosition();

    private static long kvBytesPerPosition() {
        var config = dev.ingot.engine.model.HfConfig.read(modelFolder());
        return 2L * config.layers() * config.kvHeads() * config.headDim() * 2;
    }
}
