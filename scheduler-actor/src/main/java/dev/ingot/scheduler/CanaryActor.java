package dev.ingot.scheduler;

import java.time.Duration;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/// Asks an engine again and again whether it works, so that readiness is known and not assumed.
///
/// ```
/// resting ── INTERVAL ──▶ asking ── Proven ──▶ resting
///                           │ Running: the watchdog watches it ──▶ resting, listening on
///                           └ Failed, or no answer within PATIENCE: told, and asked again soon
/// ```
///
/// One question is open at a time. An engine that computes for its users answers at once; one that is idle has to
/// compute a token.
final class CanaryActor {
    static final Duration INTERVAL = Duration.ofSeconds(10);
    static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration SOON = Duration.ofSeconds(1);

    private final TimerScheduler<Message> timers;
    private final ActorRef<Engine.Command> scheduler;
    private final ActorRef<Finding> findings;
    private final EngineMetrics metrics;
    private final ActorRef<Canary.Answer> answers;
    private int failures;

    /// What its owner hears, whenever it changes.
    sealed interface Finding permits Works, DoesNotWork {}

    /// It works again.
    enum Works implements Finding {
        INSTANCE
    }

    /// It gave no sign of life.
    ///
    /// @param times one after the other
    record DoesNotWork(String why, int times) implements Finding {}

    /// What it hears.
    sealed interface Message permits Signal, Answered {}

    private enum Signal implements Message {
        ASK,
        NO_ANSWER
    }

    private record Answered(Canary.Answer answer) implements Message {}

    private CanaryActor(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            ActorRef<Engine.Command> scheduler,
            ActorRef<Finding> findings,
            EngineMetrics metrics) {
        this.timers = timers;
        this.scheduler = scheduler;
        this.findings = findings;
        this.metrics = metrics;
        this.answers = context.messageAdapter(Canary.Answer.class, Answered::new);
        timers.startSingleTimer(Signal.ASK, INTERVAL);
    }

    /// For one engine, whose scheduler it asks.
    static Behavior<Message> create(
            ActorRef<Engine.Command> scheduler, ActorRef<Finding> findings, EngineMetrics metrics) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers ->
                        Behaviors.receiveMessage(
                                new CanaryActor(context, timers, scheduler, findings, metrics)
                                        ::on)));
    }

    private Behavior<Message> on(Message message) {
        switch (message) {
            case Signal.ASK -> {
                scheduler.tell(new SchedulerActor.Probe(answers));
                timers.startSingleTimer(Signal.NO_ANSWER, PATIENCE);
            }
            case Signal.NO_ANSWER -> {
                scheduler.tell(SchedulerActor.CancelProbe.INSTANCE);
                metrics.canary("silent");
                failed("no answer to a canary for " + PATIENCE.toSeconds() + " s");
            }
            case Answered(Canary.Failed(String why)) -> failed("a canary failed: " + why);
            case Answered(Canary.Running _) -> rest(INTERVAL);
            case Answered(Canary.Proven _) -> {
                if (failures > 0) {
                    failures = 0;
                    findings.tell(Works.INSTANCE);
                }
                rest(INTERVAL);
            }
        }
        return Behaviors.same();
    }

    private void failed(String why) {
        findings.tell(new DoesNotWork(why, ++failures));
        rest(SOON);
    }

    private void rest(Duration time) {
        timers.cancel(Signal.NO_ANSWER);
        timers.startSingleTimer(Signal.ASK, time);
    }
}
