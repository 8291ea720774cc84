package dev.ingot.api;

import dev.ingot.api.openai.GenerationDefaults;
import dev.ingot.api.openai.OpenAiConfig;
import dev.ingot.api.openai.OpenAiRoutes;
import dev.ingot.api.openai.ServedModel;
import dev.ingot.api.openai.Serving;
import dev.ingot.api.openai.TestTokenizer;
import dev.ingot.api.openai.wire.WireLimits;
import dev.ingot.api.ops.OpsRoutes;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.RequestSpec;
import dev.ingot.scheduler.Requests;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.stream.Materializer;

/// A real server on a free port, before requests that the test plays by hand.
final class ServerFixture implements AutoCloseable {
    static final EngineStatus READY = new EngineStatus(EngineStatus.State.READY, "", 1, null);
    static final long CREATED = 1_700_000_000;

    private static final TestTokenizer TEXT = TestTokenizer.load();

    final ActorTestKit kit = ActorTestKit.create();
    final TestProbe<Requests.Command> requests = kit.createTestProbe(Requests.Command.class);
    final TestProbe<Requests.Handle> handle = kit.createTestProbe(Requests.Handle.class);
    final AtomicReference<EngineStatus> status = new AtomicReference<>(READY);
    final AtomicReference<Optional<Requests.Refused>> full =
            new AtomicReference<>(Optional.empty());
    final PrometheusRegistry registry = new PrometheusRegistry();
    final HttpServer server;
    final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static final OpenAiConfig CONFIG =
            new OpenAiConfig(
                    64 << 10,
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(10),
                    WireLimits.DEFAULT);

    ServerFixture() {
        this(CONFIG);
    }

    ServerFixture(OpenAiConfig openAi) {
        this(openAi, TEXT.template().format());
    }

    ServerFixture(OutputFormat format) {
        this(CONFIG, format);
    }

    private ServerFixture(OpenAiConfig openAi, OutputFormat format) {
        var model =
                new ServedModel(
                        List.of("tiny", "org/tiny"),
                        CREATED,
                        64,
                        TestTokenizer.VOCABULARY,
                        TEXT.tokenizer(),
                        Optional.of(TEXT.template()),
                        format,
                        GenerationDefaults.NEUTRAL,
                        Tokens.of(TestTokenizer.EOS));
        var random = new Random(1);
        var routes =
                new ArrayList<>(
                        new OpenAiRoutes(
                                        kit.system(),
                                        List.of(
                                                new Serving(
                                                        model,
                                                        status::get,
                                                        full::get,
                                                        requests.ref())),
                                        openAi,
                                        random,
                                        InstantSource.fixed(Instant.ofEpochSecond(CREATED)))
                                .routes());
        routes.addAll(new OpsRoutes(status::get, registry, "tiny", "1.2.3").routes());
        var base = ServerConfig.of("127.0.0.1", 0);
        var config =
                new ServerConfig(
                        base.host(),
                        base.port(),
                        base.sendBufferBytes(),
                        base.idleTimeout(),
                        base.maxConnections(),
                        openAi);
        server =
                HttpServer.start(
                                kit.system(),
                                config,
                                new Routes(
                                        () -> routes,
                                        random,
                                        Materializer.matFromSystem(kit.system())))
                        .toCompletableFuture()
                        .join();
    }

    @Override
    public void close() {
        client.shutdownNow();
        kit.shutdownTestKit();
    }

    // ------------------------------------------------------------------ the client's side

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.address().getPort() + path))
                .timeout(Duration.ofSeconds(20));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(to(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body) {
        return postLater(path, body).join();
    }

    /// @param headers a name and a value each
    CompletableFuture<HttpResponse<String>> postLater(String path, String body, String... headers) {
        var request = to(path).header("Content-Type", "application/json");
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return client.sendAsync(
                request.POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// A client that says everything itself and can leave at any time.
    Socket rawPost(String path, String body, String... headers) throws IOException {
        var socket = new Socket(server.address().getAddress(), server.address().getPort());
        socket.setSoTimeout(10_000);
        var head = new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n");
        head.append("Content-Type: application/json\r\n");
        head.append("Content-Length: ").append(body.length()).append("\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        socket.getOutputStream()
                .write(
                        head.append("\r\n")
                                .append(body)
                                .toString()
                                .getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
        return socket;
    }

    // ------------------------------------------------------------------ the engine's side

    Requests.Open expectOpen() {
        return requests.expectMessageClass(Requests.Open.class);
    }

    RequestSpec open() {
        var open = expectOpen();
        open.replyTo().tell(new Requests.Opened(handle.ref()));
        return open.spec();
    }

    ActorRef<Output> expectAttach() {
        return handle.expectMessageClass(Requests.Attach.class).stream();
    }

    /// Tells a stream these outputs, each when the one before was taken.
    void stream(Output... outputs) {
        var stream = expectAttach();
        for (var output : outputs) {
            stream.tell(output);
            handle.expectMessage(Requests.Taken.INSTANCE);
        }
    }

    void whole(Output... outputs) {
        handle.expectMessageClass(Requests.Collect.class)
                .replyTo()
                .tell(new Requests.Whole(List.of(outputs)));
    }

    static Output.Delta delta(int choice, String text) {
        return new Output.Delta(choice, text, tokens(text), List.of());
    }

    static Tokens tokens(String text) {
        return TEXT.tokenizer().encode(text, false);
    }

    static Output completed(int prompt, int output) {
        return new Output.Completed(new Engine.Usage(prompt, 0, output));
    }
}
