package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.Again;
import dev.ingot.api.cluster.Link.AgainFrom;
import dev.ingot.api.cluster.Link.AllAsked;
import dev.ingot.api.cluster.Link.AllTold;
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
import dev.ingot.scheduler.Engine;
import java.util.List;
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
    private final ActorRef<LinkNotice> reportTo;
    private final ActorRef<ToRouter> fromEngine;
    private final Lifelines lifelines;
    private final LongSupplier nanoClock;
    private final Silence silence;
    private final Silence deafness;
    private final SequencesOnLink sequences;
    private final Outbox<Engine.Command> outbox = new Outbox<>(LinkSettings.OUTBOX);
    private final Outgoing<Engine.Command> outgoing = new Outgoing<>();
    private final Inbox inbox = new Inbox();

    private int attempt;
    private int ticks;
    private @Nullable ActorRef<ToEngine> engine;
    private @Nullable AutoCloseable lifeline;
    private String endReason = "the router stops";
    private boolean crashed;

    /// What it hears besides requests, which it hears as [Engine.Command].
    sealed interface Message permits FromRequest, FromEngine, Send, Tick, Cut, Close, Watch {}

    /// What waits to be asked is to be sent.
    private enum Send implements Message {
        INSTANCE
    }

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

    private LinkToEngineActor(
            ActorContext<Message> context,
            ActorRef<ToGate> gate,
            String router,
            ActorRef<LinkNotice> reportTo,
            Lifelines lifelines,
            LinkSettings settings,
            LongSupplier nanoClock) {
        this.context = context;
        this.gate = gate;
        this.router = router;
        this.reportTo = reportTo;
        this.sequences = new SequencesOnLink(self(), reportTo);
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
            ActorRef<LinkNotice> reportTo,
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
            case Send _ -> {
                send();
                yield Behaviors.same();
            }
            case Tick _ -> tick();
            case Cut _ -> {
                crashed = true;
                yield end("its connection is cut");
            }
            case Watch(long request) -> {
                sequences.watch(request);
                yield Behaviors.same();
            }
            case Close(String reason) -> end(reason);
        };
    }

    // ------------------------------------------------------------------ the requests' side

    private Behavior<Message> ask(Engine.Command command) {
        if (engine == null) {
            return Behaviors.same(); // Named by nobody yet.
        }
        switch (command) {
            case Engine.Submit submit -> {
                sequences.submitted(submit);
                send(); // A prompt may fill a message.
                // On the wire there is no room for a reference per request, and no need.
                send(submit.withReplyTo(context.getSystem().deadLetters()));
                send();
            }
            case Engine.Abort abort -> {
                if (sequences.aborted(abort)) {
                    send(abort);
                }
            }
            default -> send(command);
        }
        return outbox.isFull() ? end("it confirms nothing") : Behaviors.same();
    }

    private void send(Engine.Command command) {
        if (outgoing.add(outbox.add(command), command)) {
            context.getSelf().tell(Send.INSTANCE);
        } else if (outgoing.isFull()) {
            send();
        }
    }

    private void send() {
        if (engine == null || outgoing.isEmpty()) {
            return;
        }
        long first = outgoing.first();
        var commands = outgoing.take();
        engine.tell(
                commands.size() == 1
                        ? new Asked(first, inbox.confirm(), commands.getFirst())
                        : new AllAsked(first, inbox.confirm(), commands));
    }

    // ------------------------------------------------------------------ the engine's side

    private Behavior<Message> heard(ToRouter word) {
        silence.heard(nanoClock.getAsLong());
        switch (word) {
            case Welcome(int _, EngineCard card, ActorRef<ToEngine> to) -> welcome(card, to);
            case NotNow(int _, String reason) ->
                    reportTo.tell(new LinkNotice.Refused(self(), reason));
            case Told(int _, long number, long heard, Engine.Event event) -> {
                confirmed(heard);
                told(number, event);
            }
            case AllTold(int _, long first, long heard, List<Engine.Event> events) -> {
                confirmed(heard);
                long number = first;
                for (var event : events) {
                    told(number++, event);
                }
            }
            case Report(int _, long next, long heard, EngineLoad load) -> {
                confirmed(heard);
                reportTo.tell(new LinkNotice.Loaded(self(), load));
                if (inbox.isMissing(next)) {
                    askAgain();
                }
            }
            case AgainFrom(int _, long number) -> {
                return again(number);
            }
            case Ended(int _, String reason, boolean engineLost) -> {
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
        reportTo.tell(new LinkNotice.Up(self(), card));
    }

    private void told(long number, Engine.Event event) {
        switch (inbox.receive(number)) {
            case NEXT -> sequences.tell(event);
            case GAP -> askAgain();
            case KNOWN, GAP_AGAIN -> {}
        }
        if (inbox.isConfirmationDue()) {
            beat();
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
        send();
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
            send(); // The heartbeat says what number comes next.
            engine.tell(new Heartbeat(outbox.next(), inbox.confirm()));
        }
    }

    private Behavior<Message> end(String reason) {
        endReason = reason;
        return Behaviors.stopped();
    }

    private Behavior<Message> stopped() throws Exception {
        reportTo.tell(
                new LinkNotice.Down(
                        self(), endReason, crashed, sequences.count(), sequences.requests()));
        if (engine != null) {
            send();
            engine.tell(new Leave(endReason));
        }
        if (lifeline != null) {
            lifeline.close();
        }
        return Behaviors.same();
    }
}
