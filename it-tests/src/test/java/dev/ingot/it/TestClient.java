package dev.ingot.it;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What tests say to a server over HTTP, wherever it runs.
abstract class TestClient implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();
    static final String MODEL = "ingot-small";

    private final HttpClient client = HttpClient.newHttpClient();

    /// Where the server listens.
    abstract String url();

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
        return answer(path).body();
    }

    /// What a GET is answered with, whatever its status.
    HttpResponse<String> answer(String path) {
        try {
            return client.send(
                    HttpRequest.newBuilder(URI.create(url() + path)).build(),
                    BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// The value of a metric, summed over all labels.
    double metric(String name) {
        return metrics(name, "").values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /// The values of a metric by one of its labels, each summed over the others.
    Map<String, Double> metrics(String name, String labelName) {
        var values = new TreeMap<String, Double>();
        var label = Pattern.compile("[{,]" + labelName + "=\"([^\"]*)\"");
        get("/metrics")
                .lines()
                .filter(line -> line.startsWith(name + "{"))
                .forEach(line -> {
                    var found = label.matcher(line);
                    double value = Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
                    values.merge(found.find() ? found.group(1) : "", value, Double::sum);
                });
        if (values.isEmpty()) {
            throw new IllegalStateException("no metric " + name);
        }
        return values;
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
    }
}
