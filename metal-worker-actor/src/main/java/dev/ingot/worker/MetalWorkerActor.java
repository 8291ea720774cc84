package dev.ingot.worker;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.worker.Worker.Command;
import dev.ingot.worker.Worker.CommandBufferEnded;
import dev.ingot.worker.Worker.ExecuteStep;
import dev.ingot.worker.Worker.LoadFailed;
import dev.ingot.worker.Worker.Reply;
import dev.ingot.worker.Worker.Report;
import dev.ingot.worker.Worker.StepCompleted;
import dev.ingot.worker.Worker.StepCrashedException;
import dev.ingot.worker.Worker.StepFailed;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/// The one owner of the device: loads the model, then runs one step after another.
///
/// Phases: `ready` (waiting for a step) and `stepping` (the device runs one, and one more may wait). Loading happens in the setup, on
/// the pinned thread, so that everything native is made, used and freed by one thread.
public final class MetalWorkerActor {
    private final ActorContext<Command> context;
    private final LoadedModel loaded;
    private final LongSupplier nanoClock;

    private final StepBefore before = new StepBefore();
    private @Nullable InFlight inFlight;

    /// Begun and not answered, or [StepPlan#NONE]: to blame for what is thrown.
    private long workingOn = StepPlan.NONE;

    /// What runs after [#inFlight].
    private @Nullable Step next;

    /// A step and who asked for it.
    private record Step(StepPlan plan, ActorRef<Reply> replyTo) {
        long stepId() {
            return plan.stepId();
        }
    }

    /// The step that the device runs.
    private record InFlight(Step step, long committedNanos) {}

    private MetalWorkerActor(
            ActorContext<Command> context, LoadedModel loaded, LongSupplier nanoClock) {
        this.context = context;
        this.loaded = loaded;
        this.nanoClock = nanoClock;
    }

    /// [#create(WorkerSettings, ActorRef, LongSupplier, LoadListener)], telling nobody of its progress.
    public static Behavior<Command> create(
            WorkerSettings settings, ActorRef<Report> reportTo, LongSupplier nanoClock) {
        return create(settings, reportTo, nanoClock, LoadListener.NONE);
    }

    /// Loads the model in its setup; spawn it with [#props].
    ///
    /// @param reportTo told once how loading ended
    /// @param nanoClock monotonic, for the device's time in [StepCompleted]
    /// @param listener told how far the loading has come
    public static Behavior<Command> create(
            WorkerSettings settings,
            ActorRef<Report> reportTo,
            LongSupplier nanoClock,
            LoadListener listener) {
        return Behaviors.setup(context -> {
            LoadedModel loaded;
            try {
                loaded = LoadedModel.load(settings, nanoClock, listener);
            } catch (CheckpointException | DeviceException | IllegalArgumentException e) {
                reportTo.tell(new LoadFailed(String.valueOf(e.getMessage())));
                return Behaviors.stopped();
            }
            reportTo.tell(loaded.report(settings, context.getSelf()));
            return new MetalWorkerActor(context, loaded, nanoClock).behavior();
        });
    }

    /// The pinned thread that a worker has to be spawned on.
    public static Props props() {
        return DispatcherSelector.fromConfig("ingot.worker-dispatcher");
    }

    private Behavior<Command> behavior() {
        return Behaviors.receive(Command.class)
                .onAnyMessage(this::on)
                .onSignal(PostStop.class, _ -> stop())
                .build();
    }

    private Behavior<Command> on(Command message) {
        try {
            return switch (message) {
                case ExecuteStep(StepPlan plan, ActorRef<Reply> replyTo) -> execute(plan, replyTo);
                case CommandBufferEnded(long stepId, DeviceException failure) ->
                        ended(stepId, failure);
            };
        } catch (RuntimeException e) {
            throw workingOn == StepPlan.NONE ? e : new StepCrashedException(workingOn, e);
        }
    }

    private Behavior<Command> execute(StepPlan plan, ActorRef<Reply> replyTo) {
        if (inFlight == null) {
            return start(new Step(plan, replyTo));
        }
        if (next != null) {
            throw new IllegalStateException(
                    "step "
                            + plan.stepId()
                            + " came while step "
                            + inFlight.step().stepId()
                            + " runs and step "
                            + next.stepId()
                            + " waits");
        }
        next = new Step(plan, replyTo);
        return Behaviors.same();
    }

    private Behavior<Command> start(Step step) {
        var failed = before.failed(step.plan());
        if (failed != null) {
            answer(step, failed);
            return Behaviors.same();
        }
        inFlight = new InFlight(step, nanoClock.getAsLong());
        workingOn = step.stepId();
        try {
            loaded.commit(before.resolved(step.plan()), completion(step.stepId()));
        } catch (DeviceException e) {
            return ended(step.stepId(), e);
        }
        return Behaviors.same();
    }

    private Behavior<Command> startNext() {
        var waiting = next;
        if (waiting == null) {
            return Behaviors.same();
        }
        next = null;
        return start(waiting);
    }

    private void answer(Step step, Reply reply) {
        workingOn = StepPlan.NONE;
        before.ended(reply);
        step.replyTo().tell(reply);
    }

    /// May be told on any thread, so it only tells the worker.
    private CommandBuffer.Completion completion(long stepId) {
        var self = context.getSelf();
        return new CommandBuffer.Completion() {
            @Override
            public void completed() {
                self.tell(new CommandBufferEnded(stepId, null));
            }

            @Override
            public void failed(DeviceException cause) {
                self.tell(new CommandBufferEnded(stepId, cause));
            }
        };
    }

    private Behavior<Command> ended(long stepId, @Nullable DeviceException failure) {
        var ended = inFlight;
        if (ended == null || ended.step().stepId() != stepId) {
            throw new IllegalStateException("step " + stepId + " ended but is not in flight");
        }
        inFlight = null;
        if (failure == null) {
            long deviceNanos = nanoClock.getAsLong() - ended.committedNanos();
            var outcomes = loaded.sampler().sample(ended.step().plan());
            // Before the next step starts: a device that runs it within commit would keep the
            // tokens back.
            answer(ended.step(), new StepCompleted(stepId, outcomes, deviceNanos));
            return startNext();
        }
        return switch (failure.kind()) {
            // The device works on: only this step is lost, and the one that was to follow it.
            case OUT_OF_MEMORY, TIMEOUT, INTERNAL -> {
                context.getLog().error("Step {} failed: {}", stepId, failure.getMessage());
                var message = String.valueOf(failure.getMessage());
                answer(ended.step(), new StepFailed(stepId, failure.kind(), message));
                yield startNext();
            }
            // Nothing that it holds can be trusted any more: stop, and let the guardian start over.
            case PAGE_FAULT, DEVICE_LOST, UNAVAILABLE -> throw failure;
        };
    }

    private Behavior<Command> stop() {
        loaded.close();
        return Behaviors.same();
    }
}
