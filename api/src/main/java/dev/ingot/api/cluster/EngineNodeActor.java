package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineSettings;
import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Engines;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.typed.Cluster;
import org.jspecify.annotations.Nullable;

/// The root of an engine node's actors: the engine's guardian, and the gate through which routers come.
public final class EngineNodeActor {
    private EngineNodeActor() {}

    /// What an engine node is made of.
    ///
    /// @param guardian starts the engine
    /// @param status as the guardian publishes it
    /// @param modelHash [Fingerprint#ofText]
    /// @param weights what decides beside the device about the bits that come out
    /// @param lifeline the port where routers notice that the process ends
    public record Parts(
            Behavior<Engines.Command> guardian,
            EngineSettings engine,
            String model,
            String version,
            String modelHash,
            String weights,
            Supplier<EngineStatus> status,
            EngineMetrics metrics,
            int lifeline,
            LongSupplier nanoClock) {}

    /// Starts the engine and lets routers in.
    public static Behavior<Void> create(Parts parts, ClusterSettings settings) {
        return Behaviors.setup(context -> {
            var system = context.getSystem();
            var engine =
                    context.spawn(parts.guardian(), "engine", DispatcherSelector.sameAsParent());
            ActorRef<ToGate> gate =
                    context.spawn(
                            EngineGateActor.create(
                                    engine,
                                    () -> card(parts, system),
                                    () -> load(parts),
                                    settings.link(),
                                    parts.nanoClock()),
                            "gate",
                            DispatcherSelector.sameAsParent());
            // Unhandled, the death of either ends this actor, and with it the node.
            context.watch(engine);
            context.watch(gate);
            system.receptionist().tell(Receptionist.register(Link.GATES, gate));
            drainBeforeStop(system, gate, settings);
            context.spawn(
                    MembershipActor.create(settings), "membership", DispatcherSelector.blocking());
            return Behaviors.empty();
        });
    }

    private static void drainBeforeStop(
            ActorSystem<?> system, ActorRef<ToGate> gate, ClusterSettings settings) {
        CoordinatedShutdown.get(Adapter.toClassic(system))
                .addTask(
                        CoordinatedShutdown.PhaseBeforeServiceUnbind(),
                        "drain",
                        () ->
                                AskPattern.<ToGate, Done>ask(
                                        gate,
                                        replyTo ->
                                                new EngineGateActor.Drain(
                                                        settings.drainGrace(),
                                                        "the node stops",
                                                        replyTo),
                                        settings.drainGrace().plusSeconds(3),
                                        system.scheduler()));
    }

    private static @Nullable EngineCard card(Parts parts, ActorSystem<?> system) {
        var now = parts.status().get().capabilities();
        if (now == null) {
            return null;
        }
        return new EngineCard(
                Cluster.get(system).selfMember().address().hostPort(),
                parts.version(),
                now.numericClass() + "/" + parts.weights(),
                parts.model(),
                parts.modelHash(),
                now.maxModelLength(),
                now.vocabulary(),
                now.blockSize(),
                now.kvBlocks(),
                now.device(),
                parts.engine().maxSequences(),
                parts.engine().maxWaiting(),
                parts.lifeline());
    }

    private static EngineLoad load(Parts parts) {
        var now = parts.metrics().load();
        return new EngineLoad(
                parts.status().get().state() == EngineStatus.State.DRAINING,
                now.running(),
                now.waiting(),
                0,
                now.kvUsage(),
                now.prefixes());
    }
}
