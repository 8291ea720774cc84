package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.Again;
import dev.ingot.api.cluster.Link.AgainFrom;
import dev.ingot.api.cluster.Link.AllAsked;
import dev.ingot.api.cluster.Link.AllTold;
import dev.ingot.api.cluster.Link.Asked;
import dev.ingot.api.cluster.Link.Ended;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.Heartbeat;
import dev.ingot.api.cluster.Link.Leave;
import dev.ingot.api.cluster.Link.Report;
import dev.ingot.api.cluster.Link.ToEngine;
import dev.ingot.api.cluster.Link.ToRouter;
import dev.ingot.api.cluster.Link.Told;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.scheduler.Engine;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// The engine's end of a link: speaks with the scheduler in the name of a router's requests.
///
/// However the link ends, no sequence of it is left behind: the router leaves, is silent for its lease, does not confirm
/// what it is told, or the scheduler stops.
final class LinkToRouterActor {
    private static final int TICKS_PER_DIGEST = 8;

    private final ActorContext<ToEngine> context;
    private final ActorRef<ToRouter> router;
    private final int attempt;
    private final ActorRef<Engine.Command> engine;
    private final ActorRef<Engine.Event> fromEngine;
    private final IntFunction<EngineLoad> load;
    private final LongSupplier nanoClock;
    private final Silence silence;
    private final Map<SequenceId, Integer> epochs = new HashMap<>();
    private final Outbox<Engine.Event> outbox = new Outbox<>(LinkSettings.OUTBOX);
    private final Outgoing<Engine.Event> outgoing = new Outgoing<>();
    private final Inbox inbox = new Inbox();
    private int ticks;
    private String endReason = "the node stops";
    private boolean engineLost;

    /// What it hears besides the router.
    sealed interface Internal extends ToEngine permits FromEngine, Send, Tick, End {}

    /// What waits to be told is to be sent.
    private enum Send implements Internal {
        INSTANCE
    }

    private record FromEngine(Engine.Event event) implements Internal {}

    private enum Tick implements Internal {
        INSTANCE
    }

    /// The node takes its requests no further.
    record End(String reason) implements Internal {}

    private LinkToRouterActor(
            ActorContext<ToEngine> context,
            Link.Hello hello,
            ActorRef<Engine.Command> engine,
            IntFunction<EngineLoad> load,
            LinkSettings settings,
            LongSupplier nanoClock) {
        this.context = context;
        this.router = hello.replyTo();
        this.attempt = hello.attempt();
        this.engine = engine;
        this.fromEngine = context.messageAdapter(Engine.Event.class, FromEngine::new);
        this.load = load;
        this.nanoClock = nanoClock;
        this.silence =
                new Silence(settings.routerLease(), settings.heartbeat(), nanoClock.getAsLong());
    }

    /// @param load what the node has to do, given the sequences of this link
    static Behavior<ToEngine> create(
            Link.Hello hello,
            Link.EngineCard card,
            ActorRef<Engine.Command> engine,
            IntFunction<EngineLoad> load,
            LinkSettings settings,
            LongSupplier nanoClock) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    var link =
                            new LinkToRouterActor(
                                    context, hello, engine, load, settings, nanoClock);
                    Duration interval = settings.heartbeat();
                    timers.startTimerWithFixedDelay(Tick.INSTANCE, Duration.ZERO, interval);
                    context.watch(engine);
                    hello.replyTo()
                            .tell(new Link.Welcome(hello.attempt(), card, context.getSelf()));
                    return Behaviors.receive(ToEngine.class)
                            .onMessage(ToEngine.class, link::on)
                            .onSignal(Terminated.class, _ -> link.engineLost())
                            .onSignal(PostStop.class, _ -> link.stopped())
                            .build();
                }));
    }

    private Behavior<ToEngine> on(ToEngine message) {
        return switch (message) {
            case Asked asked -> {
                heard(asked.heard());
                yield asked(asked.number(), asked.command());
            }
            case AllAsked all -> {
                heard(all.heard());
                long number = all.first();
                for (var command : all.commands()) {
                    asked(number++, command);
                }
                yield Behaviors.same();
            }
            case Send _ -> {
                send();
                yield Behaviors.same();
            }
            case Heartbeat(long next, long heard) -> {
                heard(heard);
                if (inbox.isMissing(next)) {
                    router.tell(new AgainFrom(attempt, inbox.next()));
                }
                yield Behaviors.same();
            }
            case Again(long number) -> again(number);
            case Leave(String reason) -> {
                context.getLog().info("Router {} leaves: {}", router.path().address(), reason);
                endReason = "";
                yield Behaviors.stopped();
            }
            case FromEngine(Engine.Event event) -> tell(event);
            case Tick _ -> tick();
            case End(String reason) -> end(reason);
        };
    }

    private void heard(long number) {
        silence.heard(nanoClock.getAsLong());
        outbox.heard(number);
    }

    private Behavior<ToEngine> asked(long number, Engine.Command command) {
        switch (inbox.receive(number)) {
            case NEXT -> ask(command);
            case GAP -> router.tell(new AgainFrom(attempt, inbox.next()));
            case KNOWN, GAP_AGAIN -> {}
        }
        if (inbox.isConfirmationDue()) {
            report(load.apply(epochs.size()).withoutPrefixes());
        }
        return Behaviors.same();
    }

    private void ask(Engine.Command command) {
        switch (command) {
            case Engine.Submit submit -> {
                epochs.put(submit.sequence(), submit.epoch());
                engine.tell(submit.withReplyTo(fromEngine));
            }
            case Engine.Abort abort -> {
                epochs.remove(abort.sequence(), abort.epoch());
                engine.tell(abort);
            }
            default -> engine.tell(command);
        }
    }

    private Behavior<ToEngine> tell(Engine.Event event) {
        var epoch = epochs.get(event.sequence());
        if (epoch == null || epoch != event.epoch()) {
            return Behaviors.same(); // Nobody waits for it any more.
        }
        switch (event) {
            case Engine.Finished _,
                    Engine.HandedBack _,
                    Engine.Expired _,
                    Engine.Failed _,
                    Engine.Rejected _ ->
                    epochs.remove(event.sequence());
            case Engine.Accepted _, Engine.TokensSampled _ -> {}
        }
        if (outbox.isFull()) {
            return end("the router confirms nothing");
        }
        if (outgoing.add(outbox.add(event), event)) {
            context.getSelf().tell(Send.INSTANCE);
        } else if (outgoing.isFull()) {
            send();
        }
        return Behaviors.same();
    }

    private void send() {
        if (outgoing.isEmpty()) {
            return;
        }
        long first = outgoing.first();
        var events = outgoing.take();
        router.tell(
                events.size() == 1
                        ? new Told(attempt, first, inbox.confirm(), events.getFirst())
                        : new AllTold(attempt, first, inbox.confirm(), events));
    }

    private Behavior<ToEngine> again(long number) {
        send();
        // What it asks for and has confirmed since, it has got meanwhile.
        long each = outbox.first();
        for (var kept = outbox.kept(); kept.hasNext(); each++) {
            var event = kept.next();
            if (each >= number) {
                router.tell(new Told(attempt, each, inbox.confirm(), event));
            }
        }
        return Behaviors.same();
    }

    private Behavior<ToEngine> tick() {
        if (silence.isOver(nanoClock.getAsLong())) {
            return end("the router is silent");
        }
        inbox.askAnew();
        var now = load.apply(epochs.size());
        report(ticks++ % TICKS_PER_DIGEST == 0 ? now : now.withoutPrefixes());
        return Behaviors.same();
    }

    private void report(EngineLoad now) {
        send(); // The report says what number comes next.
        router.tell(new Report(attempt, outbox.next(), inbox.confirm(), now));
    }

    private Behavior<ToEngine> end(String reason) {
        endReason = reason;
        return Behaviors.stopped();
    }

    private Behavior<ToEngine> engineLost() {
        engineLost = true;
        return end("the engine starts anew");
    }

    private Behavior<ToEngine> stopped() {
        if (!endReason.isEmpty()) {
            send();
            context.getLog()
                    .info(
                            "Link to {} ends with {} sequences: {}",
                            router.path().address(),
                            epochs.size(),
                            endReason);
            router.tell(new Ended(attempt, endReason, engineLost));
        }
        epochs.forEach((sequence, epoch) ->
                engine.tell(new Engine.Abort(sequence, epoch, FinishReason.ABORTED)));
        return Behaviors.same();
    }
}
