package dev.ingot.scheduler;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.schedule.SchedulerLimits;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.scheduler.EngineStatus.Capabilities;
import dev.ingot.scheduler.EngineStatus.State;
import dev.ingot.scheduler.Engines.AllFull;
import dev.ingot.scheduler.Engines.Answer;
import dev.ingot.scheduler.Engines.Command;
import dev.ingot.scheduler.Engines.Drain;
import dev.ingot.scheduler.Engines.Drained;
import dev.ingot.scheduler.Engines.Find;
import dev.ingot.scheduler.Engines.Forget;
import dev.ingot.scheduler.Engines.Found;
import dev.ingot.scheduler.Engines.NoEngine;
import dev.ingot.worker.MetalWorkerActor;
import dev.ingot.worker.Worker;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/// Starts the three actors of an engine, watches them, and starts all three anew when one of them is lost.
///
/// ```
///             Loaded                  one of the three stopped
/// loading ────────────▶ serving ──────────────────────────────▶ backing off ──▶ loading (next engine epoch)
///    └─ LoadFailed: the first time `FAILED`, later backing off
///
/// any of them ── Drain ──▶ draining: names no engine, starts none; `Drained` once the scheduler is empty or lost
/// ```
///
/// The three share a fate because each holds a part of one truth: KV memory, who owns which block of it, and
/// what is computed. Requests are not part of it: they watch the scheduler, ask here for the next one and submit again.
public final class EngineGuardian {
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(100);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

    /// An engine that has served this long is a good one again: the next loss starts with the first back-off.
    private static final Duration STABLE = Duration.ofSeconds(60);

    /// Times that an engine may give no sign of life, one after the other, before it is given up.
    private static final int HOPELESS = 3;

    private static final NoEngine NONE_LEFT = new NoEngine("the server is stopping");

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final EngineSettings settings;
    private final EngineParts parts;
    private final Consumer<EngineStatus> published;
    private final EngineMetrics metrics;
    private final LongSupplier nanoClock;
    private final ActorRef<Worker.Report> fromWorker;
    private final Set<ActorRef<Answer>> asking = new LinkedHashSet<>();
    private final Set<ActorRef<Drained>> drainedTo = new LinkedHashSet<>();
    private final ActorRef<Drained> fromDraining;
    private final LostWorkers lostWorkers;

    /// Workers that were told to stop, with their engine's epoch: one that works may still be lost to its step.
    private final Map<ActorRef<?>, Integer> stopping = new HashMap<>();

    private final StepCost cost = new StepCost();
    private final ActorRef<CanaryActor.Finding> fromCanary;

    private State state = State.STARTING;
    private int engineEpoch;
    private Duration backoff = FIRST_BACKOFF;
    private long servingSinceNanos;
    private @Nullable ActorRef<Worker.Command> worker;
    private @Nullable ActorRef<BlockAllocatorActor.Command> allocator;
    private @Nullable ActorRef<Engine.Command> scheduler;
    private @Nullable ActorRef<CanaryActor.Message> canary;
    private @Nullable Capabilities capabilities;

    /// What the guardian hears besides requests.
    sealed interface Internal extends Command
            permits FromWorker, FromCanary, Restart, StepsLost, Emptied {}

    private record FromWorker(Worker.Report report) implements Internal {}

    private record FromCanary(CanaryActor.Finding finding) implements Internal {}

    /// An engine ended with these steps in flight, each with its requests.
    private record StepsLost(int engineEpoch, Map<Long, Set<Long>> requests) implements Internal {}

    private enum Restart implements Internal {
        INSTANCE
    }

    private enum Emptied implements Internal {
        INSTANCE
    }

    private EngineGuardian(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            EngineSettings settings,
            EngineParts parts,
            Consumer<EngineStatus> published,
            EngineMetrics metrics,
            LongSupplier nanoClock) {
        this.context = context;
        this.timers = timers;
        this.settings = settings;
        this.parts = parts;
        this.published = published;
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.lostWorkers = new LostWorkers(metrics::suspected);
        this.fromWorker = context.messageAdapter(Worker.Report.class, FromWorker::new);
        this.fromCanary = context.messageAdapter(CanaryActor.Finding.class, FromCanary::new);
        this.fromDraining = context.messageAdapter(Drained.class, _ -> Emptied.INSTANCE);
    }

    /// Starts the first engine at once.
    ///
    /// @param parts what the engine is made of, its worker above all
    /// @param published hears every change of the engine's status, on the guardian's thread
    /// @param nanoClock monotonic
    public static Behavior<Command> create(
            EngineSettings settings,
            EngineParts parts,
            Consumer<EngineStatus> published,
            EngineMetrics metrics,
            LongSupplier nanoClock) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers ->
                        new EngineGuardian(
                                        context, timers, settings, parts, published, metrics,
                                        nanoClock)
                                .start()));
    }

    private Behavior<Command> start() {
        load(State.STARTING, "loading " + settings.model());
        return Behaviors.receive(Command.class)
                .onAnyMessage(this::on)
                .onSignal(Terminated.class, this::lost)
                .build();
    }

    private Behavior<Command> on(Command message) {
        switch (message) {
            case Find find -> find(find);
            case Forget(ActorRef<Answer> asker) -> asking.remove(asker);
            case Drain(Duration grace, ActorRef<Drained> replyTo) -> drain(grace, replyTo);
            case Emptied _ -> drained();
            case FromWorker(Worker.Loaded loaded) -> serve(loaded);
            case FromWorker(Worker.LoadFailed(String why)) -> loadFailed(why);
            case FromCanary(CanaryActor.Works _) -> {
                if (state == State.UNRESPONSIVE) {
                    publish(State.READY, "");
                }
            }
            case FromCanary(CanaryActor.DoesNotWork(String why, int times)) ->
                    unresponsive(why, times);
            case StepsLost(int epoch, var requests) -> lostWorkers.stepsLost(epoch, requests);
            case Restart _ -> load(State.RESTARTING, "loading the model again");
        }
        return Behaviors.same();
    }

    private void find(Find find) {
        boolean isLeft = scheduler != null && scheduler.equals(find.left());
        if (state == State.DRAINING) {
            find.replyTo().tell(NONE_LEFT);
        } else if (isLeft && find.wasFull()) {
            find.replyTo().tell(new AllFull("there is no other engine", Duration.ZERO));
        } else if (scheduler == null || isLeft) {
            asking.add(find.replyTo());
        } else {
            find.replyTo().tell(new Found(scheduler));
        }
    }

    private void drain(Duration grace, ActorRef<Drained> replyTo) {
        drainedTo.add(replyTo);
        timers.cancel(Restart.INSTANCE);
        publish(State.DRAINING, "running requests have " + grace.toSeconds() + " s to end");
        asking.forEach(asker -> asker.tell(NONE_LEFT));
        asking.clear();
        stop(canary);
        canary = null;
        if (scheduler != null) {
            scheduler.tell(new SchedulerActor.Drain(grace, fromDraining));
        } else {
            drained();
        }
    }

    private void drained() {
        drainedTo.forEach(replyTo -> replyTo.tell(Drained.INSTANCE));
        drainedTo.clear();
    }

    private void load(State now, String reason) {
        engineEpoch++;
        publish(now, reason);
        worker =
                context.spawn(
                        parts.worker(fromWorker),
                        "worker-" + engineEpoch,
                        MetalWorkerActor.props());
        context.watch(worker);
    }

    private void serve(Worker.Loaded loaded) {
        if (!loaded.worker().equals(worker) || state == State.DRAINING) {
            return; // A worker that was given up while it loaded.
        }
        var limits =
                new SchedulerLimits(
                        loaded.maxModelLength(),
                        settings.maxSequences(),
                        settings.maxStepTokens(),
                        settings.maxWaiting(),
                        settings.policy());
        var kv = loaded.kv();
        var dispatcher = DispatcherSelector.fromConfig("ingot.scheduler-dispatcher");
        allocator =
                context.spawn(
                        BlockAllocatorActor.create(
                                parts.blocks(kv, settings.prefixCaching()), metrics),
                        "allocator-" + engineEpoch,
                        dispatcher);
        scheduler =
                context.spawn(
                        SchedulerActor.create(
                                loaded,
                                allocator,
                                limits,
                                metrics,
                                nanoClock,
                                cost,
                                lostWorkers.snapshot(),
                                stepsLost(engineEpoch)),
                        "scheduler-" + engineEpoch,
                        dispatcher);
        context.watch(allocator);
        context.watch(scheduler);
        canary =
                context.spawn(
                        CanaryActor.create(scheduler, fromCanary, metrics),
                        "canary-" + engineEpoch,
                        DispatcherSelector.sameAsParent());
        context.watch(canary);
        servingSinceNanos = nanoClock.getAsLong();
        capabilities =
                new Capabilities(
                        loaded.maxModelLength(),
                        loaded.vocabulary(),
                        kv.blockSize(),
                        kv.blockCount(),
                        loaded.device().name() + " (" + loaded.device().variant() + ")",
                        loaded.device().numericClass());
        metrics.computesOn(capabilities);
        publish(State.READY, "");
        for (var asker : asking) {
            asker.tell(new Found(scheduler));
        }
        asking.clear();
    }

    /// Not ready at the first time; at the third there is no hope for it.
    private void unresponsive(String why, int times) {
        if (state != State.READY && state != State.UNRESPONSIVE) {
            return;
        }
        if (times < HOPELESS) {
            publish(State.UNRESPONSIVE, why);
        } else {
            startAnew("canary", why + ", " + times + " times");
        }
    }

    private Consumer<Map<Long, Set<Long>>> stepsLost(int epoch) {
        var self = context.getSelf();
        return requests -> self.tell(new StepsLost(epoch, requests));
    }

    private void loadFailed(String why) {
        context.getLog().error("The model could not be loaded: {}", why);
        if (capabilities == null) {
            // It never ran: a wrong path or a wrong model does not mend itself.
            publish(State.FAILED, why);
        } else if (state != State.DRAINING) {
            publish(State.RESTARTING, why);
        }
    }

    private Behavior<Command> lost(Terminated signal) {
        var actor = signal.getRef();
        countFailedStep(signal);
        var stoppedEpoch = stopping.remove(actor);
        if (stoppedEpoch != null) {
            long stepId = crashedStepId(signal);
            if (stepId != StepPlan.NONE) {
                lostWorkers.workerLost(stoppedEpoch, stepId);
            }
            return Behaviors.same();
        }
        boolean ours =
                is(worker, actor)
                        || is(allocator, actor)
                        || is(scheduler, actor)
                        || is(canary, actor);
        if (!ours || state == State.FAILED) {
            return Behaviors.same();
        }
        boolean itsWorker = is(worker, actor);
        if (itsWorker) {
            worker = null; // It has stopped already.
        }
        if (state == State.DRAINING) {
            // Nothing starts any more; its requests look for another engine.
            publish(State.DRAINING, actor.path().name() + " stopped; nothing runs any more");
            stopAll();
            drained();
            return Behaviors.same();
        }
        String name = actor.path().name();
        if (itsWorker) {
            lostWorkers.workerLost(engineEpoch, crashedStepId(signal));
        } else if (signal instanceof ChildFailed failed
                && failed.getCause() instanceof StepInFlight.OverdueException overdue) {
            lostWorkers.overdue(engineEpoch, overdue.requests());
            startAnew("watchdog", String.valueOf(overdue.getMessage()));
            return Behaviors.same();
        }
        startAnew(name.substring(0, name.lastIndexOf('-')), name + " stopped");
        return Behaviors.same();
    }

    /// A step that costs its worker has failed like those that do not; only nobody answers for it any more.
    private void countFailedStep(Terminated signal) {
        if (signal instanceof ChildFailed failed
                && failed.getCause() instanceof Worker.StepCrashedException crashed
                && crashed.getCause() instanceof DeviceException device) {
            metrics.stepFailed(device.kind());
        }
    }

    /// The step that a worker was lost in, or [StepPlan#NONE] where it does not say.
    private static long crashedStepId(Terminated signal) {
        return signal instanceof ChildFailed failed
                        && failed.getCause() instanceof Worker.StepCrashedException crashed
                ? crashed.stepId()
                : StepPlan.NONE;
    }

    private void startAnew(String cause, String why) {
        context.getLog().error("{}; the engine starts anew", why);
        publish(State.RESTARTING, why);
        metrics.engineLost(cause);
        stopAll();
        if (nanoClock.getAsLong() - servingSinceNanos > STABLE.toNanos()) {
            backoff = FIRST_BACKOFF;
        }
        timers.startSingleTimer(Restart.INSTANCE, backoff);
        backoff =
                backoff.multipliedBy(2).compareTo(LONGEST_BACKOFF) > 0
                        ? LONGEST_BACKOFF
                        : backoff.multipliedBy(2);
    }

    private void stopAll() {
        if (worker != null) {
            stopping.put(worker, engineEpoch);
            context.stop(worker);
        }
        stop(allocator);
        stop(scheduler);
        stop(canary);
        canary = null;
        worker = null;
        allocator = null;
        scheduler = null;
    }

    private static boolean is(@Nullable ActorRef<?> ours, ActorRef<?> actor) {
        return Objects.equals(ours, actor);
    }

    private void stop(@Nullable ActorRef<?> actor) {
        if (actor != null) {
            context.unwatch(actor);
            context.stop(actor);
        }
    }

    private void publish(State now, String reason) {
        state = now;
        published.accept(new EngineStatus(now, reason, engineEpoch, capabilities));
        metrics.ready(now == State.READY);
        context.getLog().info("Engine {}: {} {}", engineEpoch, now, reason);
    }
}
