package dev.ingot.api.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `ingot pull` and `ingot serve` as users run them: processes of their own before a Hub that holds the built-in model,
/// told where everything is by the environment.
final class HubCommandsTest {
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    private static final Pattern READY =
            Pattern.compile("Ready after .* s: (http://\\S+) serves .*");
    private static final String TOKEN = "hf_secret";

    @TempDir private Path home;
    private FakeHub hub;
    private Path model;

    @BeforeEach
    void startTheHub() throws IOException {
        model =
                Stream.iterate(Path.of("").toAbsolutePath(), Objects::nonNull, Path::getParent)
                        .map(at -> at.resolve("models/ingot-small"))
                        .filter(Files::isDirectory)
                        .findFirst()
                        .orElseThrow();
        hub = new FakeHub();
        hub.hasCdn = true;
        hub.requiredToken = Optional.of(TOKEN);
        try (var files = Files.list(model)) {
            for (var file : files.toList()) {
                hub.with(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
    }

    @AfterEach
    void stopTheHub() {
        hub.close();
    }

    @Test
    void aModelIsPulledThroughEveryMishapAndServedFromTheCache() throws Exception {
        var refused = start(Map.of(), "pull", "org/tiny");
        assertThat(refused.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(refused.exitValue()).isEqualTo(1);
        assertThat(output(refused))
                .contains("HTTP 401")
                .contains("set HF_TOKEN to a token of that account");

        killAPullThatHasTheFirstChunk();
        hub.requests.clear();
        var damaged = new AtomicBoolean();
        long tokenizer = Files.size(model.resolve("tokenizer.json"));
        hub.corruption =
                bytes ->
                        bytes.length != tokenizer || damaged.getAndSet(true)
                                ? bytes
                                : flipped(bytes);
        hub.cuts.set(1);
        var pulled = start(Map.of("HF_TOKEN", TOKEN), "pull", "org/tiny");
        assertThat(pulled.waitFor(60, TimeUnit.SECONDS)).isTrue();
        var said = output(pulled);
        assertThat(pulled.exitValue()).as(said).isZero();
        var snapshot = home.resolve("hub/models--org--tiny/snapshots").resolve(FakeHub.COMMIT);
        assertThat(said).endsWith(snapshot + "\n").contains("fetching it once more");
        for (var file : List.of("config.json", "tokenizer.json", "model.safetensors")) {
            assertThat(snapshot.resolve(file))
                    .hasBinaryContent(Files.readAllBytes(model.resolve(file)));
        }
        assertThat(chunkRequests())
                .as("what the killed process had brought")
                .noneMatch(request -> request.contains("bytes=0-"));

        hub.requests.clear();
        serves(Map.of("HF_TOKEN", TOKEN));
        assertThat(hub.requests).isNotEmpty().noneMatch(request -> request.startsWith("GET /org"));
        assertThat(chunkRequests()).isEmpty();

        hub.requests.clear();
        serves(Map.of("HF_HUB_OFFLINE", "1"));
        assertThat(hub.requests).isEmpty();
    }

    private void killAPullThatHasTheFirstChunk() throws Exception {
        hub.gate = new CountDownLatch(1);
        var killed = start(Map.of("HF_TOKEN", TOKEN), "pull", "org/tiny");
        var weights = FakeHub.sha256(Files.readAllBytes(model.resolve("model.safetensors")));
        var notes = home.resolve("hub/models--org--tiny/blobs/" + weights + ".ingot.chunks");
        while (!Files.exists(notes) || !Files.readString(notes).endsWith("\n0\n")) {
            assertThat(killed.isAlive()).isTrue();
            Thread.sleep(10);
        }
        killed.destroyForcibly().waitFor();
        hub.gate.countDown();
    }

    private List<String> chunkRequests() {
        return hub.requests.stream().filter(request -> request.startsWith("CDN")).toList();
    }

    private static byte[] flipped(byte[] bytes) {
        var changed = bytes.clone();
        for (int i = 0; i < changed.length; i++) {
            changed[i] ^= 1;
        }
        return changed;
    }

    /// Serves the model by its name, and asks it for a token.
    private void serves(Map<String, String> environment) throws Exception {
        var process = start(environment, "serve", "org/tiny", "--device", "cpu", "--port", "0");
        try (var lines =
                        new BufferedReader(
                                new InputStreamReader(
                                        process.getInputStream(), StandardCharsets.UTF_8));
                var client = HttpClient.newHttpClient()) {
            var said = new ArrayList<String>();
            var url = "";
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                said.add(line);
                var ready = READY.matcher(line);
                if (ready.matches()) {
                    url = ready.group(1);
                    break;
                }
            }
            assertThat(url).as(said.toString()).isNotEmpty();
            var body = "{\"model\": \"org/tiny\", \"prompt\": \"Once\", \"max_tokens\": 1}";
            var response =
                    client.send(
                            HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofString(body))
                                    .build(),
                            BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            assertThat(response.body()).contains("\"completion_tokens\":1");
        } finally {
            process.destroyForcibly();
        }
    }

    private Process start(Map<String, String> environment, String... arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        CLASS_PATH,
                        "dev.ingot.api.Main"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("HF_"));
        builder.environment().put("HF_ENDPOINT", hub.url().toString());
        builder.environment().put("HF_HOME", home.toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
