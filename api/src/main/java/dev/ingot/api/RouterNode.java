package dev.ingot.api;

import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.cluster.Fingerprint;
import dev.ingot.api.cluster.NodeSystem;
import dev.ingot.api.cluster.RouterMetrics;
import dev.ingot.api.cluster.RouterNodeActor;
import dev.ingot.api.cluster.RouterNodeActor.RoutedModel;
import dev.ingot.api.cluster.RouterNodeActor.Started;
import dev.ingot.api.http.Route;
import dev.ingot.api.openai.OpenAiRoutes;
import dev.ingot.api.openai.ServedModel;
import dev.ingot.api.openai.Serving;
import dev.ingot.api.ops.OpsRoutes;
import dev.ingot.api.ops.StarvationWatch;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineStatus;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.stream.Materializer;

/// A node that takes requests and has engine nodes serve them.
final class RouterNode implements ServingNode {
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final Duration ADMIN_GRACE = Duration.ofMillis(100);

    private final ActorSystem<Void> system;
    private final CompletableFuture<Done> ending;
    private final HttpServer server;
    private final HttpServer admin;

    private RouterNode(ActorSystem<Void> system, HttpServer server, HttpServer admin) {
        this.system = system;
        this.ending = NodeSystem.ending(system);
        this.server = server;
        this.admin = admin;
    }

    /// What can be served at this moment, model by model. Written by the router actor, read by all.
    private static final class Served {
        private final Map<String, EngineStatus> status = new ConcurrentHashMap<>();
        private final Map<String, ServedModel> models = new ConcurrentHashMap<>();

        EngineStatus of(String model) {
            return Objects.requireNonNullElse(
                    status.get(model),
                    new EngineStatus(
                            EngineStatus.State.STARTING, "no engine node has joined", 0, null));
        }

        /// Ready as soon as one model is.
        EngineStatus all() {
            return status.values().stream()
                    .filter(EngineStatus::isReady)
                    .findFirst()
                    .or(() -> status.values().stream().findFirst())
                    .orElse(of(""));
        }
    }

    /// Starts, and returns when requests are taken, which may be before there is an engine for them.
    ///
    /// @throws Node.StartException if a model's files cannot be read or an address cannot be bound
    static RouterNode start(RouterSettings settings, ClusterSettings cluster)
            throws Node.StartException {
        var registry = new PrometheusRegistry();
        var texts = new LinkedHashMap<String, ModelText>();
        var routed = new LinkedHashMap<String, RoutedModel>();
        EngineMetrics metrics = null;
        for (var model : settings.models()) {
            var text = ModelText.load(model.path(), settings.chat());
            metrics =
                    metrics == null
                            ? new EngineMetrics(registry, model.name())
                            : metrics.forModel(model.name());
            texts.put(model.name(), text);
            routed.put(
                    model.name(),
                    new RoutedModel(
                            model.name(),
                            Fingerprint.ofText(model.path()),
                            text.tokenizer(),
                            metrics));
        }
        var served = new Served();
        var changed = new AtomicReference<Runnable>(() -> {});
        var started = new CompletableFuture<Started>();
        var system =
                NodeSystem.start(
                        RouterNodeActor.create(
                                routed,
                                cluster,
                                settings.roundRobin(),
                                new RouterMetrics(registry),
                                System::nanoTime,
                                (model, ready, reason, maxModelLength, vocabulary) -> {
                                    served.status.put(
                                            model,
                                            new EngineStatus(
                                                    ready
                                                            ? EngineStatus.State.READY
                                                            : EngineStatus.State.STARTING,
                                                    reason,
                                                    1,
                                                    null));
                                    if (ready && !served.models.containsKey(model)) {
                                        served.models.put(
                                                model,
                                                Objects.requireNonNull(texts.get(model))
                                                        .served(
                                                                List.of(model),
                                                                maxModelLength,
                                                                vocabulary));
                                        changed.get().run();
                                    }
                                },
                                started),
                        cluster);
        try {
            return start(settings, registry, served, changed, started.join(), system);
        } catch (Node.StartException | RuntimeException | Error e) {
            Node.stop(system);
            var _ = ServingNode.isPutOut(system); // Then this is why it could not start.
            throw e;
        }
    }

    private static RouterNode start(
            RouterSettings settings,
            PrometheusRegistry registry,
            Served served,
            AtomicReference<Runnable> changed,
            Started started,
            ActorSystem<Void> system)
            throws Node.StartException {
        var random = Node.random(settings.seed());
        var listening = ServerConfig.of(settings.host(), settings.port());
        var names = String.join(",", started.requests().keySet());
        List<Route> ops = new OpsRoutes(served::all, registry, names, Main.VERSION).routes();
        var routes = new AtomicReference<>(Node.join(ops, OpenAiRoutes.notReady(served::all)));
        Runnable rebuild =
                () -> {
                    var servings = new ArrayList<Serving>();
                    started.requests()
                            .forEach((name, requests) -> {
                                var model = served.models.get(name);
                                if (model != null) {
                                    servings.add(
                                            new Serving(
                                                    model,
                                                    () -> served.of(name),
                                                    Optional::empty,
                                                    requests));
                                }
                            });
                    if (!servings.isEmpty()) {
                        var openAi =
                                new OpenAiRoutes(
                                        system,
                                        servings,
                                        listening.openAi(),
                                        random,
                                        InstantSource.system());
                        routes.set(Node.join(ops, openAi.routes()));
                    }
                };
        changed.set(rebuild);
        rebuild.run();
        var materializer = Materializer.matFromSystem(system);
        var server = Node.listen(system, listening, new Routes(routes::get, random, materializer));
        StarvationWatch.start(system, StarvationWatch.OF_ROUTERS, registry);
        var operations = started.operations().routes();
        var admin =
                Node.listen(
                        system,
                        ServerConfig.of(settings.adminHost(), settings.adminPort()),
                        new Routes(() -> operations, random, materializer));
        var shutdown = CoordinatedShutdown.get(Adapter.toClassic(system));
        shutdown.addTask(
                CoordinatedShutdown.PhaseServiceUnbind(), "http", () -> server.stop(GRACE));
        shutdown.addTask(
                CoordinatedShutdown.PhaseServiceStop(), "admin", () -> admin.stop(ADMIN_GRACE));
        return new RouterNode(system, server, admin);
    }

    @Override
    public String url() {
        return Node.url(server);
    }

    /// Where other nodes join it, as `HOST:PORT`.
    String place() {
        var address = NodeSystem.addressOf(system);
        return address.substring(address.indexOf('@') + 1);
    }

    /// Where the admin API is.
    String adminUrl() {
        return Node.url(admin);
    }

    @Override
    public String describe() {
        return url()
                + " routes to the cluster at "
                + NodeSystem.addressOf(system)
                + ", admin API at "
                + adminUrl();
    }

    @Override
    public boolean awaitTermination() throws Node.StartException {
        NodeSystem.awaitEnd(system, ending);
        return ServingNode.isPutOut(system);
    }

    @Override
    public void close() {
        Node.stop(system);
    }
}
