package dev.ingot.api;

import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.cluster.EngineNodeActor;
import dev.ingot.api.cluster.Fingerprint;
import dev.ingot.api.cluster.LifelineListener;
import dev.ingot.api.cluster.NodeSystem;
import dev.ingot.api.ops.OpsRoutes;
import dev.ingot.api.ops.StarvationWatch;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineStatus;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.stream.Materializer;

/// A node that runs a model for the routers of its cluster. Its own HTTP listener answers probes only.
final class EngineNode implements ServingNode {
    private static final Duration PROBES_GRACE = Duration.ofSeconds(1);

    private final ActorSystem<Void> system;
    private final CompletableFuture<Done> ending;
    private final HttpServer server;
    private final LifelineListener lifeline;
    private final String model;

    private EngineNode(
            ActorSystem<Void> system,
            CompletableFuture<Done> ending,
            HttpServer server,
            LifelineListener lifeline,
            String model) {
        this.system = system;
        this.ending = ending;
        this.server = server;
        this.lifeline = lifeline;
        this.model = model;
    }

    /// Starts, and returns when tokens can be produced; it joins its cluster as soon as that can be reached.
    ///
    /// @throws Node.StartException if the model cannot be loaded or an address cannot be bound
    static EngineNode start(ServeSettings settings, ClusterSettings cluster)
            throws Node.StartException {
        var path = settings.worker().model();
        var registry = new PrometheusRegistry();
        var state = new EngineState();
        String model = settings.names().getFirst();
        var metrics = new EngineMetrics(registry, model);
        LifelineListener lifeline;
        try {
            lifeline = LifelineListener.listen(cluster.bindHost().orElse(cluster.host()));
        } catch (IOException e) {
            throw new Node.StartException(
                    "cannot listen on " + cluster.host() + ": " + e.getMessage());
        }
        var parts =
                new EngineNodeActor.Parts(
                        NodeActor.guardian(settings, state, metrics),
                        NodeActor.engineOf(settings),
                        model,
                        Main.VERSION,
                        Fingerprint.ofText(path),
                        settings.worker().kvCacheType()
                                + "/"
                                + settings.worker().weightLoading()
                                + "/"
                                + Fingerprint.ofWeights(path),
                        state::now,
                        metrics,
                        lifeline.port(),
                        System::nanoTime);
        var system = NodeSystem.start(EngineNodeActor.create(parts, cluster), cluster);
        var ending = NodeSystem.ending(system);
        try {
            var ops = new OpsRoutes(state::now, registry, model, Main.VERSION).routes();
            var table =
                    new Routes(
                            () -> ops,
                            Node.random(settings.seed()),
                            Materializer.matFromSystem(system));
            var server =
                    Node.listen(system, ServerConfig.of(settings.host(), settings.port()), table);
            StarvationWatch.start(system, StarvationWatch.OF_ENGINES, registry);
            // A cluster that does not take this node ends it, maybe before the model is loaded.
            CompletableFuture.anyOf(state.decided(), ending).join();
            var decided = state.decided().getNow(state.now());
            if (decided.state() != EngineStatus.State.READY) {
                throw new Node.StartException(decided.reason());
            }
            CoordinatedShutdown.get(Adapter.toClassic(system))
                    .addTask(
                            CoordinatedShutdown.PhaseServiceUnbind(),
                            "http",
                            () -> server.stop(PROBES_GRACE));
            return new EngineNode(system, ending, server, lifeline, model);
        } catch (Node.StartException | RuntimeException | Error e) {
            Node.stop(system);
            var _ = ServingNode.isPutOut(system); // Then this is why it could not start.
            throw e;
        }
    }

    @Override
    public String url() {
        return Node.url(server);
    }

    @Override
    public String describe() {
        return "engine node "
                + NodeSystem.addressOf(system)
                + " serves "
                + model
                + ", probes at "
                + url();
    }

    @Override
    public boolean awaitTermination() throws Node.StartException {
        NodeSystem.awaitEnd(system, ending);
        return ServingNode.isPutOut(system);
    }

    @Override
    public void close() {
        Node.stop(system);
        try {
            lifeline.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
