package dev.ingot.api.cluster;

import dev.ingot.api.cluster.EngineNodes.ModelState;
import dev.ingot.api.http.RequestThreads;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Requests;
import dev.ingot.scheduler.RequestsActor;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.typed.Cluster;

/// The root of a router's actors: the router itself, and for each model the requests.
public final class RouterNodeActor {
    private RouterNodeActor() {}

    /// A model that is routed to engines.
    ///
    /// @param modelHash [Fingerprint#ofText] of the router's own files
    public record RoutedModel(
            String name, String modelHash, Tokenizer tokenizer, EngineMetrics metrics) {}

    /// What is running once the root has started.
    ///
    /// @param requests by the name of the model
    public record Started(
            Map<String, ActorRef<Requests.Command>> requests, Operations operations) {}

    /// Hears what can be served.
    @FunctionalInterface
    public interface Published {
        /// A model can be served now, or no more.
        ///
        /// @param maxModelLength 0 while it is not ready
        void changed(
                String model, boolean ready, String reason, int maxModelLength, int vocabulary);
    }

    /// Starts a router that has joined its cluster.
    ///
    /// @param roundRobin only to compare with: whether engines are named one after the other
    public static Behavior<Void> create(
            Map<String, RoutedModel> models,
            ClusterSettings settings,
            boolean roundRobin,
            RouterMetrics metrics,
            LongSupplier nanoClock,
            Published published,
            CompletableFuture<Started> started) {
        return Behaviors.setup(context -> {
            var system = context.getSystem();
            var hashes = new HashMap<String, String>();
            models.forEach((name, model) -> hashes.put(name, model.modelHash()));
            ActorRef<UnreachedNodesActor.Message> unreached =
                    context.spawn(
                            UnreachedNodesActor.create(nanoClock),
                            "unreached",
                            DispatcherSelector.sameAsParent());
            var self = new CompletableFuture<ActorRef<RouterActor.Message>>();
            ActorRef<Engines.Command> router =
                    context.spawn(
                            RouterActor.create(
                                    Cluster.get(system).selfMember().address().hostPort(),
                                    hashes,
                                    new RoutingPolicy(
                                            roundRobin
                                                    ? RoutingPolicy.Kind.ROUND_ROBIN
                                                    : RoutingPolicy.Kind.PREFIX),
                                    settings.link(),
                                    new ConnectingLifelines(),
                                    nanoClock,
                                    metrics,
                                    states -> tell(states, published),
                                    () -> unreached.tell(UnreachedNodesActor.LinkLost.INSTANCE),
                                    self::complete),
                            "router",
                            DispatcherSelector.sameAsParent());
            context.watch(router);
            var requests = new LinkedHashMap<String, ActorRef<Requests.Command>>();
            int i = 0;
            for (var model : models.values()) {
                var opener =
                        context.spawn(
                                RequestsActor.create(
                                        model.name(),
                                        model.tokenizer(),
                                        router,
                                        model.metrics(),
                                        nanoClock),
                                "requests-" + i++,
                                DispatcherSelector.sameAsParent());
                context.watch(opener);
                requests.put(model.name(), opener);
            }
            var toRouter =
                    self.thenAccept(own -> {
                        var gates =
                                context.getSystem()
                                        .systemActorOf(
                                                GatesActor.create(own),
                                                "gates",
                                                RequestThreads.props());
                        system.receptionist().tell(Receptionist.subscribe(Link.GATES, gates));
                        started.complete(
                                new Started(requests, new Operations(own, system.scheduler())));
                    });
            toRouter.exceptionally(failure -> {
                started.completeExceptionally(failure);
                return null;
            });
            context.spawn(
                    MembershipActor.create(settings), "membership", DispatcherSelector.blocking());
            return Behaviors.empty();
        });
    }

    private static void tell(Map<String, ModelState> states, Published published) {
        states.forEach((model, state) -> {
            var card = state.card();
            published.changed(
                    model,
                    state.ready(),
                    state.reason(),
                    card == null ? 0 : card.maxModelLength(),
                    card == null ? 0 : card.vocabulary());
        });
    }
}
