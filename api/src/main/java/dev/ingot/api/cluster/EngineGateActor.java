package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.Hello;
import dev.ingot.api.cluster.Link.NotNow;
import dev.ingot.api.cluster.Link.ToEngine;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.api.cluster.Link.ToRouter;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Engines;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/// Lets routers in to this node's engine: one link each.
///
/// ```
/// Hello ──▶ engine ready: a link      engine away: NotNow, and a link as soon as it is ready
/// Drain ──▶ links say so, nobody gets in; after the grace the engine hands back what is left, and routers leave
/// ```
final class EngineGateActor {
    /// How long what a drained engine has said last may take to reach the routers.
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final ActorContext<ToGate> context;
    private final TimerScheduler<ToGate> timers;
    private final ActorRef<Engines.Command> engines;
    private final ActorRef<Engines.Answer> fromEngines;
    private final ActorRef<Engines.Drained> fromDraining;
    private final Supplier<@Nullable EngineCard> card;
    private final Supplier<EngineLoad> load;
    private final LinkSettings settings;
    private final LongSupplier nanoClock;
    private final Map<ActorRef<ToRouter>, Hello> greeting = new LinkedHashMap<>();
    private final Map<ActorRef<ToRouter>, ActorRef<ToEngine>> links = new LinkedHashMap<>();

    private boolean asking;
    private volatile boolean draining; // Read by the links.
    private @Nullable ActorRef<Done> drained;

    /// What it hears besides routers.
    sealed interface Internal extends ToGate permits FromEngines, Drain, EngineDrained, GraceOver {}

    private enum EngineDrained implements Internal {
        INSTANCE
    }

    private record FromEngines(Engines.Answer answer) implements Internal {}

    /// Take nothing new; what runs may end within `grace` and goes on elsewhere after it.
    ///
    /// @param replyTo told when no link is left
    record Drain(Duration grace, String reason, ActorRef<Done> replyTo) implements Internal {}

    private record GraceOver(String reason) implements Internal {}

    private EngineGateActor(
            ActorContext<ToGate> context,
            TimerScheduler<ToGate> timers,
            ActorRef<Engines.Command> engines,
            Supplier<@Nullable EngineCard> card,
            Supplier<EngineLoad> load,
            LinkSettings settings,
            LongSupplier nanoClock) {
        this.context = context;
        this.timers = timers;
        this.engines = engines;
        this.fromEngines = context.messageAdapter(Engines.Answer.class, FromEngines::new);
        this.fromDraining =
                context.messageAdapter(Engines.Drained.class, _ -> EngineDrained.INSTANCE);
        this.card = card;
        this.load = load;
        this.settings = settings;
        this.nanoClock = nanoClock;
    }

    /// @param engines the node's guardian
    /// @param card what the node is; null until its engine was ready once
    /// @param load of the whole node
    static Behavior<ToGate> create(
            ActorRef<Engines.Command> engines,
            Supplier<@Nullable EngineCard> card,
            Supplier<EngineLoad> load,
            LinkSettings settings,
            LongSupplier nanoClock) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    var gate =
                            new EngineGateActor(
                                    context, timers, engines, card, load, settings, nanoClock);
                    return Behaviors.receive(ToGate.class)
                            .onMessage(ToGate.class, gate::on)
                            .onSignal(Terminated.class, signal -> gate.linkEnded(signal.getRef()))
                            .build();
                }));
    }

    private Behavior<ToGate> on(ToGate message) {
        switch (message) {
            case Hello hello -> hello(hello);
            case FromEngines(Engines.Found found) -> found(found.engine());
            case FromEngines(Engines.AllFull _), FromEngines(Engines.NoEngine _) -> asking = false;
            case EngineDrained _ -> {
                // What it handed back is on its way; routers leave when they have all of it.
            }
            case Drain(Duration grace, String reason, ActorRef<Done> replyTo) -> {
                draining = true;
                drained = replyTo;
                context.getLog().info("Draining {} links: {}", links.size(), reason);
                engines.tell(new Engines.Drain(grace, fromDraining));
                timers.startSingleTimer(new GraceOver(reason), grace.plus(LAST_WORDS));
                sayDrained();
            }
            case GraceOver(String reason) ->
                    links.values().forEach(link -> link.tell(new LinkToRouterActor.End(reason)));
        }
        return Behaviors.same();
    }

    private void hello(Hello hello) {
        var replyTo = hello.replyTo();
        if (hello.protocol() != Link.PROTOCOL) {
            String reason =
                    "router "
                            + hello.router()
                            + " speaks protocol "
                            + hello.protocol()
                            + ", this node "
                            + Link.PROTOCOL;
            context.getLog().error("Refused: {}", reason);
            replyTo.tell(new NotNow(hello.attempt(), reason));
            return;
        }
        if (draining) {
            replyTo.tell(new NotNow(hello.attempt(), "the node is draining"));
            return;
        }
        greeting.put(replyTo, hello);
        if (card.get() == null) {
            replyTo.tell(new NotNow(hello.attempt(), "the model is being loaded"));
        }
        if (!asking) {
            asking = true;
            engines.tell(
                    new Engines.Find(
                            new Engines.Wanted(0, "", Tokens.NONE, "", 1, true, ""),
                            null,
                            false,
                            fromEngines));
        }
    }

    private void found(ActorRef<Engine.Command> engine) {
        asking = false;
        var now = card.get();
        if (now == null) {
            throw new IllegalStateException("an engine is ready, and nothing is known of it");
        }
        for (var hello : greeting.values()) {
            var old = links.remove(hello.replyTo());
            if (old != null) {
                context.unwatch(old);
                context.stop(old);
            }
            ActorRef<ToEngine> link =
                    context.spawnAnonymous(
                            LinkToRouterActor.create(
                                    hello, now, engine, this::loadFor, settings, nanoClock),
                            DispatcherSelector.sameAsParent());
            context.watch(link);
            links.put(hello.replyTo(), link);
            context.getLog().info("Linked with router {}", hello.router());
        }
        greeting.clear();
    }

    private EngineLoad loadFor(int mine) {
        var all = load.get();
        return new EngineLoad(
                draining || all.draining(),
                all.running(),
                all.waiting(),
                mine,
                all.kvUsage(),
                all.prefixes());
    }

    private Behavior<ToGate> linkEnded(ActorRef<Void> ended) {
        links.values().removeIf(link -> link.equals(ended.<ToEngine>unsafeUpcast()));
        sayDrained();
        return Behaviors.same();
    }

    private void sayDrained() {
        if (drained != null && links.isEmpty()) {
            drained.tell(Done.getInstance());
            drained = null;
        }
    }
}
