package dev.ingot.api;

import dev.ingot.engine.text.Tokenizer;
import dev.ingot.scheduler.EngineGuardian;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineSettings;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Requests;
import dev.ingot.scheduler.RequestsActor;
import dev.ingot.worker.MetalWorkerActor;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// The root of a node's actors: the engine's guardian and the requests.
///
/// It says nothing itself; if one of its two children fails, which is a bug, the node ends.
final class NodeActor {
    private NodeActor() {}

    /// The two children, for whoever is no actor.
    record Children(ActorRef<Engines.Command> engine, ActorRef<Requests.Command> requests) {}

    /// @param children completed when both were started
    static Behavior<Void> create(
            ServeSettings settings,
            Tokenizer tokenizer,
            EngineState state,
            EngineMetrics metrics,
            CompletableFuture<Children> children) {
        return Behaviors.setup(context -> {
            ActorRef<Engines.Command> engine =
                    context.spawn(
                            guardian(settings, state, metrics),
                            "engine",
                            DispatcherSelector.sameAsParent());
            var opener =
                    context.spawn(
                            RequestsActor.create(
                                    settings.names().getFirst(),
                                    tokenizer,
                                    engine,
                                    metrics,
                                    System::nanoTime),
                            "requests",
                            DispatcherSelector.sameAsParent());
            // Unhandled, the death of either ends this actor, and with it the node.
            context.watch(engine);
            context.watch(opener);
            children.complete(new Children(engine, opener));
            return Behaviors.empty();
        });
    }

    /// Starts the engine that these settings ask for.
    static Behavior<Engines.Command> guardian(
            ServeSettings settings, EngineState state, EngineMetrics metrics) {
        return EngineGuardian.create(
                engineOf(settings),
                reportTo ->
                        MetalWorkerActor.create(
                                settings.worker(),
                                reportTo,
                                System::nanoTime,
                                ConsoleProgress.ofLoading(settings.worker().model())),
                state::publish,
                metrics,
                System::nanoTime);
    }

    static EngineSettings engineOf(ServeSettings settings) {
        return new EngineSettings(
                String.valueOf(settings.worker().model().getFileName()),
                settings.worker().maxSequences(),
                settings.worker().maxStepTokens(),
                settings.maxWaiting(),
                settings.prefixCaching(),
                settings.policy());
    }
}
