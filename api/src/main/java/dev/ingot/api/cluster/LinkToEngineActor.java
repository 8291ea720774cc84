package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.Again;
import dev.ingot.api.cluster.Link.AgainFrom;
import dev.ingot.api.cluster.Link.Asked;
import dev.ingot.api.cluster.Link.Ended;
import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.Heartbeat;
import dev.ingot.api.cluster.Link.Leave;
import dev.ingot.api.cluster.Link.NotNow;
import dev.ingot.api.cluster.Link.Report;
import dev.ingot.api.cluster.Link.ToEngine;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.api.cluster.Link.ToRouter;
import dev.ingot.api.cluster.Link.Told;
import dev.ingot.api.cluster.Link.Welcome;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.scheduler.Engine;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/// The router's end of a link: it stands for an engine on another node, and requests speak with it as with one.
///
/// ```
///            Welcome            silent for its lease, lifeline cut, Ended, left
/// greeting ──────────▶ linked ─────────────────────────────────────────────────▶ stopped
///    ▲ NotNow, no answer: again
/// ```
///
/// When it stops, every request on it hears that its engine is lost, as it would of an engine in the same JVM.
final class LinkToEngineActor {
    private static final int GREET_EVERY_TICKS = 4;

    private final ActorContext<Message> context;
    private final ActorRef<ToGate> gate;
    private final String router;
    private final ActorRef<Notice> reportTo;
    private final ActorRef<ToRouter> fromEngine;
    private final Lifelines lifelines;
    private final LongSupplier nanoClock;
    private final Silence silence;
    private final Silence deafness;
    private final Map<SequenceId, Stream> streams = new HashMap<>();
    private final Outbox<Engine.Command> outbox = new Outbox<>(LinkSettings.OUTBOX);
    private final Inbox inbox = new Inbox();

    private int attempt;
    private int ticks;
    private @Nullable ActorRef<ToEngine> engine;
    private @Nullable AutoCloseable lifeline;
    private String endReason = "the router stops";
    private boolean crashed;
    private final Set<Long> watched = new HashSet<>();

    /// A sequence that the engine has been given.
    private record Stream(int epoch, ActorRef<Engine.Event> replyTo) {}

    /// What it hears besides requests, which it hears as [Engine.Command].
    sealed interface Message permits FromRequest, FromEngine, Tick, Cut, Close, Watch {}

    private record FromRequest(Engine.Command command) implements Message {}

    private record FromEngine(ToRouter message) implements Message {}

    private enum Tick implements Message {
        INSTANCE
    }

    private enum Cut implements Message {
        INSTANCE
    }

    /// Give the engine up; whoever is on the link goes on elsewhere.
    record Close(String reason) implements Message {}

    /// Say when this request, which is about to be submitted, has got a token or has ended.
    record Watch(long request) implements Message {}

    /// What it tells its router.
    sealed interface Notice permits Up, Down, Loaded, Counted, Ended, Refused, Progressed {
        ActorRef<Engine.Command> link();
    }

    /// A request that was watched has got a token or has ended.
    record Progressed(ActorRef<Engine.Command> link, long request) implements Notice {}

    /// Requests may be sent.
    record Up(ActorRef<Engine.Command> link, EngineCard card) implements Notice {}

    /// The gate lets nobody in.
    record Refused(ActorRef<Engine.Command> link, String reason) implements Notice {}

    /// What the engine has to do.
    record Loaded(ActorRef<Engine.Command> link, EngineLoad load) implements Notice {}

    /// How many sequences are on the link, and how many were ever sent to it.
    record Counted(ActorRef<Engine.Command> link, int inFlight, long submitted) implements Notice {}

    /// A sequence ended.
    record Ended(ActorRef<Engine.Command> link, Engine.Event event) implements Notice {}

    /// The link is over.
    ///
    /// @param crashed whether the node or its engine has crashed, and was not only cut off or stopped
    /// @param streams sequences that were on it
    /// @param requests whose sequences those were
    record Down(
            ActorRef<Engine.Command> link,
            String reason,
            boolean crashed,
            int streams,
            Set<Long> requests)
            implements Notice {
        Down {
            requests = Set.copyOf(requests);
        }
    }

    private long submitted;

    private LinkToEngineActor(
            ActorContext<Message> context,
            ActorRef<ToGate> gate,
            String router,
            ActorRef<Notice> reportTo,
            Lifelines lifelines,
            LinkSettings settings,
            LongSupplier nanoClock) {
        this.context = context;
        this.gate = gate;
        this.router = router;
        this.reportTo = reportTo;
        this.fromEngine = context.messageAdapter(ToRouter.class, FromEngine::new);
        this.lifelines = lifelines;
        this.nanoClock = nanoClock;
        this.silence = new Silence(settings.lease(), settings.heartbeat(), nanoClock.getAsLong());
        this.deafness = new Silence(settings.lease(), settings.heartbeat(), nanoClock.getAsLong());
    }

    /// @param router its name, for people
    /// @param reportTo told of everything that a choice among engines depends on
    static Behavior<Engine.Command> create(
            ActorRef<ToGate> gate,
            String router,
            ActorRef<Notice> reportTo,
            Lifelines lifelines,
            LinkSettings settings,
            LongSupplier nanoClock) {
        Behavior<Message> link =
                Behaviors.setup(context ->
                        Behaviors.withTimers(timers -> {
                            timers.startTimerWithFixedDelay(Tick.INSTANCE, settings.heartbeat());
                            return new LinkToEngineActor(
                                            context, gate, router, reportTo, lifelines, settings,
                                            nanoClock)
                                    .start();
                        }));
        return Behaviors.transformMessages(
                Engine.Command.class,
                link,
                requests -> requests.match(Engine.Command.class, FromRequest::new));
    }

    /// Tells a link what only its router may.
    static void tell(ActorRef<Engine.Command> link, Message message) {
        ActorRef<Message> own = link.<Object>unsafeUpcast().narrow();
        own.tell(message);
    }

    private Behavior<Message> start() {
        greet();
        return Behaviors.receive(Message.class)
                .onMessage(Message.class, this::on)
                .onSignal(PostStop.class, _ -> stopped())
                .build();
    }

    private void greet() {
        attempt++;
        gate.tell(new Link.Hello(Link.PROTOCOL, router, attempt, fromEngine));
    }

    private ActorRef<Engine.Command> self() {
        return context.getSelf().unsafeUpcast().narrow();
    }

    private Behavior<Message> on(Message message) {
        return switch (message) {
            case FromRequest(Engine.Command command) -> ask(command);
            case FromEngine(ToRouter word) ->
                    word.attempt() == attempt ? heard(word) : Behaviors.same();
            case Tick _ -> tick();
            case Cut _ -> {
                crashed = true;
                yield end("its connection is cut");
            }
            case Watch(long request) -> {
                watched.add(request);
                yield Behaviors.same();
            }
            case Close(String reason) -> end(reason);
        };
    }

    // ------------------------------------------------------------------ the requests' side

    private Behavior<Message> ask(Engine.Command command) {
        var to = engine;
        if (to == null) {
            return Behaviors.same(); // Named by nobody yet.
        }
        switch (command) {
            case Engine.Submit submit -> {
                streams.put(submit.sequence(), new Stream(submit.epoch(), submit.replyTo()));
                submitted++;
                count();
                // On the wire there is no room for a reference per request, and no need.
                send(to, submit.withReplyTo(context.getSystem().deadLetters()));
            }
            case Engine.Abort abort -> {
                var stream = streams.get(abort.sequence());
                if (stream != null && stream.epoch() == abort.epoch()) {
                    streams.remove(abort.sequence());
                    count();
                    progressed(abort.sequence());
                    send(to, abort);
                }
            }
            default -> send(to, command);
        }
        return outbox.isFull() ? end("it confirms nothing") : Behaviors.same();
    }

    private void send(ActorRef<ToEngine> to, Engine.Command command) {
        long number = outbox.add(command);
        to.tell(new Asked(number, inbox.confirm(), command));
    }

    private void count() {
        reportTo.tell(new Counted(self(), streams.size(), submitted));
    }

    // ------------------------------------------------------------------ the engine's side

    private Behavior<Message> heard(ToRouter word) {
        silence.heard(nanoClock.getAsLong());
        switch (word) {
            case Welcome(int _, EngineCard card, ActorRef<ToEngine> to) -> welcome(card, to);
            case NotNow(int _, String reason) -> reportTo.tell(new Refused(self(), reason));
            case Told(int _, long number, long heard, Engine.Event event) -> {
                confirmed(heard);
                told(number, event);
            }
            case Report(int _, long next, long heard, EngineLoad load) -> {
                confirmed(heard);
                reportTo.tell(new Loaded(self(), load));
                if (inbox.isMissing(next)) {
                    askAgain();
                }
            }
            case AgainFrom(int _, long number) -> {
                return again(number);
            }
            case Link.Ended(int _, String reason, boolean engineLost) -> {
                crashed = engineLost;
                return end(reason);
            }
        }
        return Behaviors.same();
    }

    private void welcome(EngineCard card, ActorRef<ToEngine> to) {
        if (engine != null) {
            return;
        }
        engine = to;
        var self = context.getSelf();
        String host = to.path().address().getHost().orElse("127.0.0.1");
        lifeline = lifelines.hold(host, card.lifeline(), () -> self.tell(Cut.INSTANCE));
        reportTo.tell(new Up(self(), card));
    }

    private void told(long number, Engine.Event event) {
        switch (inbox.receive(number)) {
            case NEXT -> deliver(event);
            case GAP -> askAgain();
            case KNOWN, GAP_AGAIN -> {}
        }
        if (inbox.isConfirmationDue()) {
            beat();
        }
    }

    private void deliver(Engine.Event event) {
        var stream = streams.get(event.sequence());
        if (stream == null || stream.epoch() != event.epoch()) {
            return; // Of one that was aborted meanwhile.
        }
        switch (event) {
            case Engine.Finished _,
                    Engine.HandedBack _,
                    Engine.Expired _,
                    Engine.Failed _,
                    Engine.Rejected _ -> {
                streams.remove(event.sequence());
                count();
                progressed(event.sequence());
                reportTo.tell(new Ended(self(), event));
            }
            case Engine.TokensSampled _ -> progressed(event.sequence());
            case Engine.Accepted _ -> {}
        }
        stream.replyTo().tell(event);
    }

    private void progressed(SequenceId sequence) {
        if (watched.remove(sequence.request())) {
            reportTo.tell(new Progressed(self(), sequence.request()));
        }
    }

    private void confirmed(long number) {
        if (number > outbox.first()) {
            deafness.heard(nanoClock.getAsLong());
        }
        outbox.heard(number);
    }

    private void askAgain() {
        if (engine != null) {
            engine.tell(new Again(inbox.next()));
        }
    }

    private Behavior<Message> again(long number) {
        var to = engine;
        if (to == null) {
            return Behaviors.same();
        }
        // What it asks for and has confirmed since, it has got meanwhile.
        long each = outbox.first();
        for (var kept = outbox.kept(); kept.hasNext(); each++) {
            var command = kept.next();
            if (each >= number) {
                to.tell(new Asked(each, inbox.confirm(), command));
            }
        }
        return Behaviors.same();
    }

    private Behavior<Message> tick() {
        if (engine == null) {
            if (++ticks % GREET_EVERY_TICKS == 0) {
                greet();
            }
            return Behaviors.same();
        }
        long now = nanoClock.getAsLong();
        if (silence.isOver(now)) {
            return end("it is silent");
        }
        if (outbox.isEmpty()) {
            deafness.heard(now);
        }
        if (deafness.isOver(now)) {
            return end("it does not hear what it is told");
        }
        inbox.askAnew();
        beat();
        return Behaviors.same();
    }

    private void beat() {
        if (engine != null) {
            engine.tell(new Heartbeat(outbox.next(), inbox.confirm()));
        }
    }

    private Behavior<Message> end(String reason) {
        endReason = reason;
        return Behaviors.stopped();
    }

    private Behavior<Message> stopped() throws Exception {
        var requests = new HashSet<Long>();
        streams.keySet().forEach(sequence -> requests.add(sequence.request()));
        reportTo.tell(new Down(self(), endReason, crashed, streams.size(), requests));
        if (engine != null) {
            engine.tell(new Leave(endReason));
        }
        if (lifeline != null) {
            lifeline.close();
        }
        return Behaviors.same();
    }
}
