package dev.ingot.it.sim;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceException.Kind;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.worker.StepBefore;
import dev.ingot.worker.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/// The worker's side of the conversation, over a [SimDevice]: it may be late, fail in every way, or never answer.
final class SimWorker {
    private static final Duration AFTER_WATCHDOG = Duration.ofMinutes(30);
    private static final Map<Fault, Kind> FAILURES =
            new EnumMap<>(
                    Map.of(
                            Fault.STEP_OUT_OF_MEMORY, Kind.OUT_OF_MEMORY,
                            Fault.STEP_TIMEOUT, Kind.TIMEOUT,
                            Fault.STEP_INTERNAL, Kind.INTERNAL,
                            Fault.DEVICE_PAGE_FAULT, Kind.PAGE_FAULT,
                            Fault.DEVICE_LOST, Kind.DEVICE_LOST));

    private final Simulation world;
    private final Simulation.SimEngine engine;
    private final TimerScheduler<Worker.Command> timers;
    private final SimDevice device;
    private final Set<SequenceId> sampled = new HashSet<>();
    private final StepBefore before = new StepBefore();
    private @Nullable StepPlan inFlight;
    private @Nullable StepPlan next;
    private @Nullable ActorRef<Worker.Reply> replyTo;
    private Worker.@Nullable Reply lastReply;

    /// By itself; null while it is not lost.
    private Ledger.@Nullable Loss loss;

    private SimWorker(
            Simulation world, Simulation.SimEngine engine, TimerScheduler<Worker.Command> timers) {
        this.world = world;
        this.engine = engine;
        this.timers = timers;
        var settings = world.settings();
        int canary = Worker.CANARY_BLOCKS * settings.blockSize();
        this.device =
                new SimDevice(
                        settings.positions() + canary, settings.blockSize(), settings.groups());
    }

    static Behavior<Worker.Command> create(
            Simulation world, Simulation.SimEngine engine, ActorRef<Worker.Report> reportTo) {
        return Behaviors.setup(context -> {
            var settings = world.settings();
            if (engine.hasLoaded() && world.faults().happens(Fault.LOAD_FAILS)) {
                reportTo.tell(new Worker.LoadFailed("injected"));
                return Behaviors.stopped();
            }
            if (world.faults().happens(Fault.LOAD_CRASHES)) {
                throw new InjectedFault("load");
            }
            var kv =
                    new KvGeometry(
                            1,
                            1,
                            2,
                            settings.blockSize(),
                            settings.blockCount(),
                            DType.F32,
                            settings.groups());
            var info = new DeviceInfo("sim", "sim", "hash", 1, 0, "sim");
            reportTo.tell(
                    new Worker.Loaded(
                            context.getSelf(),
                            info,
                            settings.maxModelLength(),
                            SimDevice.VOCABULARY,
                            kv,
                            0));
            engine.loaded();
            return Behaviors.withTimers(timers -> {
                var worker = new SimWorker(world, engine, timers);
                return Behaviors.receive(Worker.Command.class)
                        .onAnyMessage(worker::on)
                        .onSignal(PostStop.class, _ -> worker.stopped())
                        .build();
            });
        });
    }

    private Behavior<Worker.Command> on(Worker.Command message) {
        switch (message) {
            case Worker.ExecuteStep(StepPlan plan, ActorRef<Worker.Reply> asker) -> {
                replyTo = asker;
                if (inFlight != null) {
                    if (next != null) {
                        throw new IllegalStateException("three steps at once: " + plan.stepId());
                    }
                    next = plan;
                    return Behaviors.same();
                }
                begin(plan);
            }
            case Worker.CommandBufferEnded(long stepId, DeviceException failure, _) -> {
                var plan = inFlight;
                if (plan == null || plan.stepId() != stepId) {
                    throw new IllegalStateException("step " + stepId + " is not in flight");
                }
                end(plan, failure);
            }
        }
        return Behaviors.same();
    }

    private void begin(StepPlan plan) {
        var failed = before.failed(plan);
        if (failed != null) {
            // It was on its way to the device, or there, when the one before it failed.
            device.copy(plan.copies());
            for (var slice : plan.resolved(_ -> 0).slices()) {
                device.store(slice, slice.tokens().size());
                device.spoil(slice);
            }
            reply(failed);
        } else {
            start(before.resolved(plan));
        }
    }

    private void start(StepPlan plan) {
        inFlight = plan;
        engine.stepStarted(plan);
        var faults = world.faults();
        if (lastReply != null && replyTo != null && faults.happens(Fault.REPLY_OF_EARLIER_STEP)) {
            replyTo.tell(lastReply);
        }
        long delay = 1_000_000L * world.random().nextInt(20);
        DeviceException failure = null;
        for (var each : FAILURES.entrySet()) {
            if (failure == null && faults.happens(each.getKey())) {
                failure = new DeviceException(each.getValue(), "injected");
            }
        }
        for (var slice : plan.slices()) {
            if (world.ledger().isPoison(slice.sequence().request())) {
                boolean deadly = faults.count(Fault.POISON) > 0;
                failure = new DeviceException(deadly ? Kind.PAGE_FAULT : Kind.INTERNAL, "injected");
            }
        }
        if (faults.happens(Fault.WORKER_CRASH_BEFORE_WRITING)) {
            lost(plan);
            throw crashed(plan, new InjectedFault("worker, before it wrote"));
        }
        if (faults.happens(Fault.STEP_HANGS)) {
            world.ledger().watchdogDue();
            lost(plan);
            return;
        }
        if (faults.happens(Fault.REPLY_AFTER_WATCHDOG)) {
            world.ledger().watchdogDue();
            lost(plan);
            delay = AFTER_WATCHDOG.toNanos();
        }
        timers.startSingleTimer(
                new Worker.CommandBufferEnded(plan.stepId(), failure, 0), Duration.ofNanos(delay));
    }

    private void end(StepPlan plan, @Nullable DeviceException failure) {
        var faults = world.faults();
        device.copy(plan.copies());
        if (failure != null) {
            for (var slice : plan.slices()) {
                device.store(slice, slice.tokens().size() / 2);
                device.spoil(slice);
            }
            switch (failure.kind()) {
                case OUT_OF_MEMORY, TIMEOUT, INTERNAL -> {
                    world.ledger().stepFailed(plan);
                    reply(new Worker.StepFailed(plan.stepId(), failure.kind(), "injected"));
                    beginNext();
                }
                case PAGE_FAULT, DEVICE_LOST, UNAVAILABLE -> {
                    lost(plan);
                    throw crashed(plan, failure);
                }
            }
            return;
        }
        plan.slices().forEach(device::store);
        if (faults.happens(Fault.WORKER_CRASH_BEFORE_REPLY)) {
            lost(plan);
            throw crashed(plan, new InjectedFault("worker, before its reply"));
        }
        var outcomes = new ArrayList<Worker.Outcome>();
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                outcomes.add(sample(slice));
            }
        }
        reply(new Worker.StepCompleted(plan.stepId(), outcomes, nanos(plan)));
        beginNext();
    }

    /// About what such a step takes: each token its own time, and some more for each position before it. Some, not all, are
    /// short enough to have the next one planned ahead.
    private static long nanos(StepPlan plan) {
        long nanos = 6_250_000;
        for (var slice : plan.slices()) {
            nanos += slice.tokens().size() * (1_250_000L + 62_500L * slice.firstPosition());
        }
        return nanos;
    }

    private void beginNext() {
        if (next != null) {
            var waiting = next;
            next = null;
            begin(waiting);
        }
    }

    private Worker.StepCrashedException crashed(StepPlan plan, RuntimeException cause) {
        if (world.faults().happens(Fault.SCHEDULER_KILLED_WITH_WORKER)) {
            engine.killScheduler();
        }
        return new Worker.StepCrashedException(plan.stepId(), cause);
    }

    private Worker.Outcome sample(Slice slice) {
        var sampler = slice.sampler();
        if (sampler == null) {
            throw new IllegalArgumentException("nothing is sampled here");
        }
        // A prompt is likelier to be the cause than the one token that follows another.
        boolean prompt = sampled.add(slice.sequence());
        if (world.faults().happens(prompt ? Fault.NAN_ROW_OF_PROMPT : Fault.NAN_ROW)) {
            world.ledger().rowBroken(slice.sequence());
            device.spoil(slice);
            return new Worker.RowFailed(slice.sequence(), "injected NaN");
        }
        return new Worker.Sampled(
                slice.sequence(), Sample.of(Oracle.sample(sampler, device.read(slice))));
    }

    private void reply(Worker.Reply reply) {
        var to = replyTo;
        if (to == null) {
            throw new IllegalStateException("nobody asked");
        }
        inFlight = null;
        engine.stepEnded();
        before.ended(reply);
        to.tell(reply);
        if (world.faults().happens(Fault.REPLY_TWICE)) {
            to.tell(reply);
        }
        lastReply = reply;
    }

    private void lost(StepPlan plan) {
        loss = world.workerLost(plan);
    }

    private Behavior<Worker.Command> stopped() {
        engine.workerStopped(loss);
        engine.stepEnded();
        return Behaviors.same();
    }
}
