package dev.ingot.api;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.ingot.api.http.RequestThreads;
import dev.ingot.api.http.Route;
import dev.ingot.api.openai.OpenAiRoutes;
import dev.ingot.api.openai.ServedModel;
import dev.ingot.api.openai.Serving;
import dev.ingot.api.ops.OpsRoutes;
import dev.ingot.api.ops.StarvationWatch;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Requests;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.stream.Materializer;

/// One serving process: an engine, its requests and the HTTP listener.
///
/// The listener is up before the model is loaded, so that probes hear 503 and why, instead of nothing.
public final class Node implements ServingNode {
    /// The dispatchers beside the engine's.
    private static final String THREADS = "threads.conf";

    /// How long last words may take to reach their clients once nothing runs any more.
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    /// What a phase of the shutdown may take beyond the time that it gives others.
    private static final Duration SLACK = Duration.ofSeconds(5);

    private final ActorSystem<Void> system;
    private final HttpServer server;
    private final ServedModel model;

    private Node(ActorSystem<Void> system, HttpServer server, ServedModel model) {
        this.system = system;
        this.server = server;
        this.model = model;
    }

    /// Why a node could not be started; the message is for people and complete.
    public static final class StartException extends Exception {
        private static final long serialVersionUID = 1L;

        StartException(String message) {
            super(message);
        }
    }

    /// Starts, and returns when tokens can be produced.
    ///
    /// @throws StartException if the model cannot be loaded or the address cannot be bound
    public static Node start(ServeSettings settings) throws StartException {
        var text = ModelText.load(settings.worker().model(), settings.chat());
        var registry = new PrometheusRegistry();
        var state = new EngineState();
        var children = new CompletableFuture<NodeActor.Children>();
        var metrics = new EngineMetrics(registry, settings.names().getFirst());
        var system =
                ActorSystem.create(
                        NodeActor.create(settings, text.tokenizer(), state, metrics, children),
                        "ingot",
                        patient(settings.grace()),
                        RequestThreads.props());
        try {
            return start(settings, text, registry, state, metrics, children.join(), system);
        } catch (StartException | RuntimeException | Error e) {
            stop(system);
            throw e;
        }
    }

    private static Node start(
            ServeSettings settings,
            ModelText text,
            PrometheusRegistry registry,
            EngineState state,
            EngineMetrics metrics,
            NodeActor.Children actors,
            ActorSystem<Void> system)
            throws StartException {
        var random = random(settings.seed());
        var ops =
                new OpsRoutes(state::now, registry, settings.names().getFirst(), Main.VERSION)
                        .routes();
        var routes = new AtomicReference<>(join(ops, OpenAiRoutes.notReady(state::now)));
        var listening = ServerConfig.of(settings.host(), settings.port());
        var table = new Routes(routes::get, random, Materializer.matFromSystem(system));
        var server = listen(system, listening, table);
        StarvationWatch.start(system, StarvationWatch.OF_ENGINES, registry);
        stopInOrder(system, server, actors, settings.grace());
        var decided = state.decided().join();
        var capabilities = decided.capabilities();
        if (decided.state() != EngineStatus.State.READY || capabilities == null) {
            throw new StartException(decided.reason());
        }
        var model =
                text.served(
                        settings.names(), capabilities.maxModelLength(), capabilities.vocabulary());
        var openAi =
                new OpenAiRoutes(
                        system,
                        List.of(
                                new Serving(
                                        model, state::now, metrics::turnAway, actors.requests())),
                        listening.openAi(),
                        random,
                        InstantSource.system());
        routes.set(join(ops, openAi.routes()));
        return new Node(system, server, model);
    }

    /// @throws StartException if the address cannot be bound
    static HttpServer listen(ActorSystem<?> system, ServerConfig config, Routes table)
            throws StartException {
        try {
            return HttpServer.start(system, config, table).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw new StartException(
                    "cannot listen on "
                            + config.host()
                            + ":"
                            + config.port()
                            + ": "
                            + rootMessage(e));
        }
    }

    /// Pekko cuts a phase of its shutdown short after 5 s; ours take as long as they may.
    private static Config patient(Duration grace) {
        String timeout = "pekko.coordinated-shutdown.phases.%s.timeout";
        return ConfigFactory.parseMap(
                        Map.of(
                                timeout.formatted(CoordinatedShutdown.PhaseBeforeServiceUnbind()),
                                grace.plus(LAST_WORDS).plus(SLACK),
                                timeout.formatted(CoordinatedShutdown.PhaseServiceUnbind()),
                                LAST_WORDS.plus(SLACK)))
                .withFallback(ConfigFactory.defaultOverrides())
                .withFallback(ConfigFactory.parseResources(Node.class, THREADS))
                .withFallback(ConfigFactory.load());
    }

    /// The engine drains while the listener still says that it does, every request tells its last word; then the
    /// listener goes.
    private static void stopInOrder(
            ActorSystem<Void> system,
            HttpServer server,
            NodeActor.Children actors,
            Duration grace) {
        var shutdown = CoordinatedShutdown.get(Adapter.toClassic(system));
        shutdown.addTask(
                CoordinatedShutdown.PhaseBeforeServiceUnbind(),
                "drain",
                () ->
                        AskPattern.<Engines.Command, Engines.Drained>ask(
                                        actors.engine(),
                                        replyTo -> new Engines.Drain(grace, replyTo),
                                        grace.plus(SLACK),
                                        system.scheduler())
                                .thenCompose(_ -> allEnded(system, actors.requests())));
        shutdown.addTask(
                CoordinatedShutdown.PhaseServiceUnbind(), "http", () -> server.stop(LAST_WORDS));
    }

    private static CompletionStage<Done> allEnded(
            ActorSystem<Void> system, ActorRef<Requests.Command> requests) {
        return AskPattern.<Requests.Command, Requests.AllEnded>ask(
                        requests, Requests.AwaitEnd::new, LAST_WORDS, system.scheduler())
                .thenApply(_ -> Done.getInstance());
    }

    static RandomGenerator random(OptionalLong seed) {
        // Both are safe from any thread.
        return seed.isPresent() ? new Random(seed.getAsLong()) : new SecureRandom();
    }

    static List<Route> join(List<Route> first, List<Route> second) {
        var all = new ArrayList<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    @Override
    public String url() {
        return url(server);
    }

    static String url(HttpServer server) {
        var address = server.address();
        String host =
                address.getAddress().isAnyLocalAddress()
                        ? "127.0.0.1"
                        : address.getAddress().getHostAddress();
        return "http://"
                + (host.indexOf(':') < 0 ? host : "[" + host + "]")
                + ":"
                + address.getPort();
    }

    /// The first name that requests may use.
    public String modelName() {
        return model.names().getFirst();
    }

    /// The actors, for whoever wants to see them fail.
    public ActorSystem<?> system() {
        return system;
    }

    @Override
    public String describe() {
        return url() + " serves " + modelName();
    }

    @Override
    public boolean awaitTermination() {
        system.getWhenTerminated().toCompletableFuture().join();
        return false;
    }

    /// Lets running requests end for a while, then stops everything.
    @Override
    public void close() {
        stop(system);
    }

    static void stop(ActorSystem<?> system) {
        CompletableFuture<Done> stopped =
                CoordinatedShutdown.get(Adapter.toClassic(system))
                        .runAll(CoordinatedShutdown.unknownReason())
                        .toCompletableFuture();
        stopped.join();
    }
}
