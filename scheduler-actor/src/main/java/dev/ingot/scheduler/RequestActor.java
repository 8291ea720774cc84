package dev.ingot.scheduler;

import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.scheduler.Requests.Attach;
import dev.ingot.scheduler.Requests.ClientGone;
import dev.ingot.scheduler.Requests.Collect;
import dev.ingot.scheduler.Requests.Handle;
import dev.ingot.scheduler.Requests.Opened;
import dev.ingot.scheduler.Requests.Reason;
import dev.ingot.scheduler.Requests.Refused;
import dev.ingot.scheduler.Requests.Taken;
import dev.ingot.scheduler.Requests.Whole;
import java.time.Duration;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/// One request, from its submission to its last word; it outlives the engine that serves it.
///
/// ```
///            Found            all Accepted          Attach / Collect         all ended, told and taken
/// finding ─────────▶ submitted ───────────▶ open ───────────────────▶ told ───────────────────────────▶ stopped
///    ▲                  │ Rejected: Refused, stopped
///    └──────────────────┴── the engine died: epoch + 1, submit again with the delivered log
/// ```
///
/// - Exactly one last word: [Refused], [Output.Completed], [Output.Broken] or [Output.TimedOut]; none if the client
///   left.
/// - Demand of the client becomes credit for the engine: a stream is never more than [#WINDOW] tokens ahead of
///   its reader.
public final class RequestActor {
    /// Tokens that the engine may be ahead of the client.
    static final int WINDOW = 16;

    /// Engines that a request may lose before it is given up. The engine itself finds out which request its workers die
    /// of; this is for a fault that nobody finds.
    static final int MAX_ENGINES_LOST = 16;

    private static final Duration OPEN_DEADLINE = Duration.ofSeconds(10);
    private static final Duration ATTACH_DEADLINE = Duration.ofSeconds(30);
    private static final Duration RECOVERY_DEADLINE = Duration.ofMinutes(2);
    private static final Duration LAST_WORD_DEADLINE = Duration.ofSeconds(30);

    private final ActorContext<Handle> context;
    private final TimerScheduler<Handle> timers;
    private final RequestSpec spec;
    private final String model;
    private final ActorRef<Engines.Command> engines;
    private final ActorRef<Requests.Answer> opener;
    private final ActorRef<Engines.Answer> fromEngines;
    private final EngineMetrics metrics;
    private final Latency latency;
    private final Choices choices;
    private final Submission submission;
    private final Listener listener;

    private Engine.@Nullable Rejected lastRejection;
    private int enginesLost;
    private boolean opened;

    /// What a request actor hears besides its client.
    sealed interface Internal extends Handle permits FromEngines, FromEngine, Deadline {}

    private record FromEngines(Engines.Answer answer) implements Internal {}

    private record FromEngine(Engine.Event event) implements Internal {}

    private enum Deadline implements Internal {
        WHOLE,
        OPEN,
        ATTACH,
        RECOVERY,
        LAST_WORD
    }

    private RequestActor(
            ActorContext<Handle> context,
            TimerScheduler<Handle> timers,
            RequestSpec spec,
            String model,
            Tokenizer tokenizer,
            ActorRef<Engines.Command> engines,
            ActorRef<Requests.Answer> opener,
            EngineMetrics metrics,
            LongSupplier nanoClock) {
        this.context = context;
        this.timers = timers;
        this.spec = spec;
        this.model = model;
        this.engines = engines;
        this.opener = opener;
        this.metrics = metrics;
        this.latency = new Latency(metrics, nanoClock, spec.choices().size() == 1);
        this.fromEngines = context.messageAdapter(Engines.Answer.class, FromEngines::new);
        this.choices = new Choices(spec, tokenizer);
        this.submission =
                new Submission(
                        spec,
                        choices,
                        context.messageAdapter(Engine.Event.class, FromEngine::new),
                        metrics);
        this.listener = new Listener(choices);
    }

    /// @param opener told once whether the request runs
    static Behavior<Handle> create(
            RequestSpec spec,
            String model,
            Tokenizer tokenizer,
            ActorRef<Engines.Command> engines,
            ActorRef<Requests.Answer> opener,
            EngineMetrics metrics,
            LongSupplier nanoClock) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers ->
                        new RequestActor(
                                        context, timers, spec, model, tokenizer, engines, opener,
                                        metrics, nanoClock)
                                .start()));
    }

    private Behavior<Handle> start() {
        timers.startSingleTimer(Deadline.OPEN, OPEN_DEADLINE);
        if (spec.timeout().isPositive()) {
            timers.startSingleTimer(Deadline.WHOLE, spec.timeout());
        }
        engines.tell(new Engines.Find(wanted(), null, false, fromEngines));
        return Behaviors.receive(Handle.class)
                .onAnyMessage(this::on)
                .onSignal(Terminated.class, signal -> engineLost(signal.getRef()))
                .onSignal(PostStop.class, _ -> stopped())
                .build();
    }

    private Behavior<Handle> on(Handle message) {
        return switch (message) {
            case FromEngines(Engines.Found found) -> submit(found);
            case FromEngines(Engines.AllFull full) -> allFull(full);
            case FromEngines(Engines.NoEngine nobody) -> giveUp(nobody);
            case FromEngine(Engine.Event event) -> onEvent(event);
            case Attach(ActorRef<Output> to) -> {
                timers.cancel(Deadline.ATTACH);
                listener.attach(to);
                yield tell();
            }
            case Taken _ -> taken();
            case Collect(ActorRef<Whole> to) -> {
                timers.cancel(Deadline.ATTACH);
                listener.collect(to);
                yield tell();
            }
            case ClientGone _ -> Behaviors.stopped();
            case Deadline deadline -> overdue(deadline);
        };
    }

    // ------------------------------------------------------------------ the engine's side

    private Engines.Wanted wanted() {
        return new Engines.Wanted(
                spec.id(),
                model,
                spec.choices().getFirst().prompt(),
                spec.cacheSalt(),
                choices.runningCount(),
                opened,
                submission.numericClass());
    }

    private Behavior<Handle> submit(Engines.Found found) {
        if (submission.engine() != null || listener.hasLastWord()) {
            return Behaviors.same(); // A second answer to a question asked twice, or too late.
        }
        assert FaultPoint.REQUEST_BEFORE_SUBMIT.passed();
        timers.cancel(Deadline.RECOVERY);
        context.watch(found.engine());
        submission.submit(found, opened);
        return Behaviors.same();
    }

    private Behavior<Handle> engineLost(ActorRef<?> lost) {
        var engine = submission.engine();
        if (!Objects.equals(engine, lost) || listener.hasLastWord()) {
            return Behaviors.same();
        }
        submission.left();
        return lost(engine, "the engine was lost");
    }

    /// Engines that are full are said so by the last of them, or by whoever knows all.
    private Behavior<Handle> allFull(Engines.AllFull full) {
        if (opened || submission.engine() != null) {
            return Behaviors.same();
        }
        var last = lastRejection;
        return refuse(
                Reason.QUEUE_FULL,
                last == null ? full.message() : last.message(),
                full.retryAfter().isZero() && last != null ? last.retryAfter() : full.retryAfter());
    }

    private Behavior<Handle> lost(@Nullable ActorRef<Engine.Command> left, String why) {
        if (++enginesLost > MAX_ENGINES_LOST) {
            return breakOff("gave up after " + enginesLost + " engines: " + why);
        }
        return recover(left, false, why);
    }

    private Behavior<Handle> recover(
            @Nullable ActorRef<Engine.Command> left, boolean wasFull, String why) {
        context.getLog()
                .info(
                        "Request {} (epoch {}): {}",
                        Long.toHexString(spec.id()),
                        submission.epoch(),
                        why);
        submission.beginEpoch();
        metrics.resubmitted();
        timers.startSingleTimer(Deadline.RECOVERY, RECOVERY_DEADLINE);
        engines.tell(new Engines.Find(wanted(), left, wasFull, fromEngines));
        return Behaviors.same();
    }

    /// There is no engine to go on with, and there will be none.
    private Behavior<Handle> giveUp(Engines.NoEngine nobody) {
        if (submission.engine() != null || listener.hasLastWord()) {
            return Behaviors.same();
        }
        if (opened) {
            return breakOff(nobody.why());
        }
        return nobody.forGood()
                ? refuse(Reason.INVALID, nobody.why(), Duration.ZERO)
                : refuse(Reason.NOT_READY, nobody.why(), Duration.ofSeconds(1));
    }

    private Behavior<Handle> refuse(Reason reason, String message, Duration retryAfter) {
        opener.tell(new Refused(reason, message, retryAfter));
        opened = true;
        return Behaviors.stopped();
    }

    private Behavior<Handle> onEvent(Engine.Event event) {
        if (!submission.isCurrent(event)
                || listener.hasLastWord()
                || event.sequence().choice() >= choices.count()) {
            return Behaviors.same(); // From an engine that this request has left.
        }
        var choice = choices.get(event.sequence().choice());
        return switch (event) {
            case Engine.Accepted _ -> {
                choice.accepted();
                yield openIfAccepted();
            }
            case Engine.Rejected rejected -> rejected(rejected);
            case Engine.TokensSampled sampled -> {
                assert FaultPoint.REQUEST_ON_TOKENS.passed();
                int before = choice.deliveredCount();
                if (choice.add(sampled.firstIndex(), sampled.tokens(), sampled.logprobs())) {
                    submission.abort(sampled.sequence(), FinishReason.STOP);
                }
                latency.delivered(choice.deliveredCount() - before);
                yield tell();
            }
            case Engine.Finished finished -> {
                assert FaultPoint.REQUEST_ON_FINISHED.passed();
                choice.finished(
                        finished.reason(), finished.stopToken(), finished.usage().cachedTokens());
                yield tell();
            }
            case Engine.HandedBack _ -> goOnElsewhere("handed back by a draining engine");
            case Engine.Expired expired -> {
                leaveEngine();
                yield timedOut(true, expired.message(), expired.retryAfter());
            }
            case Engine.Failed failed ->
                    failed.retryable() ? tryAgain(failed.message()) : breakOff(failed.message());
        };
    }

    private Behavior<Handle> openIfAccepted() {
        if (opened || !choices.areAccepted()) {
            return Behaviors.same();
        }
        opened = true;
        timers.cancel(Deadline.OPEN);
        timers.startSingleTimer(Deadline.ATTACH, ATTACH_DEADLINE);
        opener.tell(new Opened(context.getSelf()));
        return Behaviors.same();
    }

    /// What no engine can do is refused to the client; for the rest another engine may have room.
    private Behavior<Handle> rejected(Engine.Rejected rejected) {
        String message = rejected.message();
        return switch (rejected.reason()) {
            case DRAINING -> goOnElsewhere(message);
            case QUEUE_FULL -> {
                lastRejection = rejected;
                yield opened ? tryAgain(message) : leaveFull(message);
            }
            case TOO_LONG ->
                    opened
                            ? breakOff(message)
                            : refuse(Reason.TOO_LONG, message, rejected.retryAfter());
            case INVALID ->
                    opened
                            ? breakOff(message)
                            : refuse(Reason.INVALID, message, rejected.retryAfter());
        };
    }

    private Behavior<Handle> goOnElsewhere(String why) {
        return recover(leaveEngine(), false, why);
    }

    private Behavior<Handle> tryAgain(String why) {
        leaveEngine();
        return lost(null, why);
    }

    private Behavior<Handle> leaveFull(String why) {
        return recover(leaveEngine(), true, why);
    }

    /// Ends what still runs there.
    ///
    /// @return the engine that is left, if there was one
    private @Nullable ActorRef<Engine.Command> leaveEngine() {
        var engine = submission.engine();
        if (engine != null) {
            context.unwatch(engine);
            submission.abortAll();
            submission.left();
        }
        return engine;
    }

    private Behavior<Handle> breakOff(String message) {
        context.getLog().warn("Request {} broken off: {}", Long.toHexString(spec.id()), message);
        leaveEngine();
        listener.lastWord(new Output.Broken(message));
        return tell();
    }

    private Behavior<Handle> timedOut(boolean inQueue, String message, Duration retryAfter) {
        listener.lastWord(new Output.TimedOut(inQueue, message, retryAfter));
        metrics.timedOut(inQueue);
        return tell();
    }

    /// The request's own time is up, wherever it stands: once, and nothing of it is left anywhere.
    private Behavior<Handle> timeIsUp() {
        if (listener.hasLastWord()) {
            return Behaviors.same(); // It ended in time; only its client is late.
        }
        var message =
                "The request was to end within "
                        + spec.timeout().toMillis() / 1e3
                        + " s, and has got "
                        + choices.deliveredCount()
                        + " tokens.";
        leaveEngine();
        if (opened) {
            return timedOut(false, message, Duration.ZERO);
        }
        metrics.timedOut(false);
        return refuse(Reason.TIMED_OUT, message, Duration.ZERO);
    }

    // ------------------------------------------------------------------ the client's side

    /// Tells the client what is pending, as far as it asks for it.
    private Behavior<Handle> tell() {
        if (!listener.hasLastWord() && choices.haveEnded()) {
            listener.lastWord(new Output.Completed(choices.usage(), submission.isApproximate()));
            latency.completed(choices.usage());
            var engine = submission.engine();
            if (engine != null) {
                context.unwatch(engine);
            }
        }
        return switch (listener.tell()) {
            case NOT_ALL -> Behaviors.same();
            case LAST_WORD -> {
                timers.startSingleTimer(Deadline.LAST_WORD, LAST_WORD_DEADLINE);
                yield Behaviors.same();
            }
            case ALL -> Behaviors.stopped();
        };
    }

    private Behavior<Handle> taken() {
        if (listener.taken()) {
            return Behaviors.stopped();
        }
        submission.grantTaken();
        return tell();
    }

    private Behavior<Handle> overdue(Deadline deadline) {
        return switch (deadline) {
            case WHOLE -> timeIsUp();
            case OPEN ->
                    opened
                            ? Behaviors.stopped()
                            : refuse(Reason.NOT_READY, "no engine is ready", Duration.ofSeconds(1));
            case ATTACH, LAST_WORD -> Behaviors.stopped();
            case RECOVERY ->
                    breakOff(
                            "no engine became ready within "
                                    + RECOVERY_DEADLINE.toSeconds()
                                    + " s");
        };
    }

    private Behavior<Handle> stopped() {
        engines.tell(new Engines.Forget(fromEngines));
        if (!listener.hasLastWord()) {
            submission.abortAll();
        }
        return Behaviors.same();
    }
}
