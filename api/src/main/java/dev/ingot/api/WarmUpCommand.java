package dev.ingot.api;

import dev.ingot.api.builtin.BuiltInModel;
import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.cluster.LinkSettings;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.worker.WorkerSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import picocli.CommandLine.Command;

/// `ingot warm-up`: serves the built-in model to itself, so that the JVM can record what a start needs and which
/// methods a server spends its time in: those are compiled at once where they were first interpreted for a minute.
///
/// A node by itself first, then a router with an engine node, each with as many streams as a busy server has.
@Command(name = "warm-up", hidden = true, description = "Runs once for the JVM's AOT cache.")
final class WarmUpCommand implements Callable<Integer> {
    private static final String NAME = "warm-up";
    private static final String HOST = "127.0.0.1";
    private static final int CLIENTS = 16;
    private static final int ROUNDS = 8;

    /// Fewer than there are clients: some wait, and some are refused and come again.
    private static final int SEQUENCES = 12;

    private static final int WAITING = 2;
    private static final Duration COMES_AGAIN = Duration.ofMillis(5);
    private static final Duration JOINING = Duration.ofSeconds(60);

    private static final List<String> BODIES =
            List.of(
                    """
                    {"messages": [{"role": "user", "content": "Hello! Who are you?"}], "max_tokens": 24, "stream": true}\
                    """,
                    """
                    {"messages": [{"role": "user", "content": "Tell me a story."}], "max_tokens": 16, "seed": 1,
                     "temperature": 0.7, "top_p": 0.9, "logprobs": true, "top_logprobs": 2}\
                    """);

    private final HttpClient client = HttpClient.newHttpClient();

    /// Something that it needs does not work; the message is for people.
    private static final class NotWarm extends Exception {
        private static final long serialVersionUID = 1L;

        NotWarm(String message) {
            super(message);
        }
    }

    @Override
    public Integer call() throws InterruptedException, IOException, ExecutionException {
        try (client) {
            try (var node = Node.start(engine())) {
                serve(node);
            }
            try (var router = RouterNode.start(router(), cluster(ClusterSettings.Role.ROUTER));
                    var _ =
                            EngineNode.start(
                                    engine(),
                                    cluster(ClusterSettings.Role.ENGINE, router.place()))) {
                awaitReady(router);
                serve(router);
            }
            return 0;
        } catch (Node.StartException | NotWarm e) {
            System.err.println(e.getMessage());
            return 1;
        }
    }

    private static ServeSettings engine() {
        var defaults = WorkerSettings.defaults(BuiltInModel.folder());
        var worker =
                new WorkerSettings(
                        defaults.model(),
                        defaults.device(),
                        defaults.threads(),
                        defaults.maxModelLength(),
                        SEQUENCES,
                        defaults.maxStepTokens(),
                        defaults.blockSize(),
                        defaults.kvCacheBytes(),
                        defaults.memoryFraction(),
                        defaults.kvCacheType(),
                        defaults.weightLoading(),
                        defaults.numerics());
        return new ServeSettings(
                HOST,
                0,
                List.of(NAME),
                worker,
                WAITING,
                true,
                SchedulingPolicy.DEFAULT,
                ServeSettings.DEFAULT_GRACE,
                OptionalLong.of(1),
                ChatSettings.OF_THE_MODEL);
    }

    private static RouterSettings router() {
        return new RouterSettings(
                HOST,
                0,
                List.of(new FoundModel(BuiltInModel.folder(), NAME)),
                HOST,
                0,
                false,
                OptionalLong.of(1),
                ChatSettings.OF_THE_MODEL);
    }

    private static ClusterSettings cluster(ClusterSettings.Role role, String... join) {
        return new ClusterSettings(
                role,
                HOST,
                0,
                Optional.empty(),
                Optional.empty(),
                List.of(join),
                Optional.empty(),
                LinkSettings.DEFAULT,
                ServeSettings.DEFAULT_GRACE);
    }

    private void serve(ServingNode node)
            throws IOException, InterruptedException, ExecutionException, NotWarm {
        for (var body : BODIES) {
            if (!ask(node, body)) {
                throw new NotWarm("a server that does nothing refused a request");
            }
        }
        crowd(node);
        var exposed = get(node, "/metrics");
        if (exposed.statusCode() != 200) {
            throw new NotWarm(exposed.body());
        }
    }

    /// Clients at the same time, each with one stream after the other.
    private void crowd(ServingNode node) throws InterruptedException, ExecutionException {
        var clients = new ArrayList<Callable<Void>>();
        for (int i = 0; i < CLIENTS; i++) {
            int number = i;
            clients.add(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    while (!ask(node, story(number, round))) {
                        Thread.sleep(COMES_AGAIN);
                    }
                }
                return null;
            });
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var ended : threads.invokeAll(clients)) {
                ended.get();
            }
        }
    }

    private static String story(int client, int round) {
        return """
        {"messages": [{"role": "user", "content": "Tell me a story about client %d and its day %d."}],
         "max_tokens": 32, "ignore_eos": true, "stream": true}\
        """
                .formatted(client, round);
    }

    /// @return false where the queue was full
    private boolean ask(ServingNode node, String body)
            throws IOException, InterruptedException, NotWarm {
        var request =
                HttpRequest.newBuilder(URI.create(node.url() + "/v1/chat/completions"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build();
        var response = client.send(request, BodyHandlers.ofString());
        return switch (response.statusCode()) {
            case 200 -> true;
            case 429 -> false;
            default -> throw new NotWarm(response.body());
        };
    }

    private HttpResponse<String> get(ServingNode node, String path)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(node.url() + path)).build();
        return client.send(request, BodyHandlers.ofString());
    }

    private void awaitReady(ServingNode node) throws IOException, InterruptedException, NotWarm {
        long end = System.nanoTime() + JOINING.toNanos();
        while (get(node, "/ready").statusCode() != 200) {
            if (System.nanoTime() > end) {
                throw new NotWarm("no engine node joined the router");
            }
            Thread.sleep(Duration.ofMillis(100));
        }
    }
}
