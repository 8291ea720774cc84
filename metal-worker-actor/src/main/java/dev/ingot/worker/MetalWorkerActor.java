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
import java.util.ArrayDeque;
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
/// The device has two steps at most. The second is committed while the first one runs where the device itself can hand
/// over the tokens that it samples, so that it finds its next work without waiting for anybody; where a token
/// has to pass through the host, the second step waits here. Loading happens in the setup, on the
/// pinned thread, so that everything native is made, used and freed by one thread.
public final class MetalWorkerActor {
    /// Steps that may be asked for and not answered.
    private static final int MOST_STEPS = 2;

    private final ActorContext<Command> context;
    private final LoadedModel loaded;
    private final LongSupplier nanoClock;

    private final StepBefore before = new StepBefore();

    /// What the device has, in order.
    private final ArrayDeque<Committed> committed = new ArrayDeque<>(MOST_STEPS);

    /// When the device ended the last step that it has ended.
    private long lastEndNanos = Long.MIN_VALUE;

    /// Begun and not answered, or [StepPlan#NONE]: to blame for what is thrown.
    private long workingOn = StepPlan.NONE;

    /// What is committed when the device has nothing left.
    private @Nullable Step waiting;

    /// A step and who asked for it.
    private record Step(StepPlan plan, ActorRef<Reply> replyTo) {
        long stepId() {
            return plan.stepId();
        }
    }

    /// A step that the device runs, or has behind the one that it runs.
    ///
    /// @param refused why the device did not take it: that is told in its turn
    private record Committed(
            Step step, int turn, long committedNanos, @Nullable DeviceException refused) {
        long stepId() {
            return step.stepId();
        }
    }

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
                case CommandBufferEnded(long stepId, DeviceException failure, long endNanos) ->
                        ended(stepId, failure, endNanos);
            };
        } catch (RuntimeException e) {
            throw workingOn == StepPlan.NONE ? e : new StepCrashedException(workingOn, e);
        }
    }

    private Behavior<Command> execute(StepPlan plan, ActorRef<Reply> replyTo) {
        var step = new Step(plan, replyTo);
        var first = committed.peekFirst();
        if (first == null) {
            return start(step);
        }
        if (waiting != null || committed.size() == MOST_STEPS) {
            throw new IllegalStateException(
                    "step "
                            + plan.stepId()
                            + " is a third one: the worker takes "
                            + MOST_STEPS
                            + ", and has step "
                            + first.stepId()
                            + " still");
        }
        if (first.refused() == null
                && plan.afterStepId() == first.stepId()
                && loaded.mayFollow(plan, first.turn())) {
            commit(step, first);
        } else {
            waiting = step;
        }
        return Behaviors.same();
    }

    /// Runs a step on a device that has no other.
    private Behavior<Command> start(Step step) {
        var failed = before.failed(step.plan());
        if (failed != null) {
            answer(step, failed);
            return Behaviors.same();
        }
        commit(new Step(before.resolved(step.plan()), step.replyTo()), null);
        return refusedAtOnce();
    }

    /// @param after the step whose samples it is fed on the device; null where all its tokens are known
    private void commit(Step step, @Nullable Committed after) {
        workingOn = step.stepId();
        int turn = after == null ? 0 : LoadedModel.other(after.turn());
        CommandBuffer commands;
        try {
            commands = loaded.encode(step.plan(), turn, after == null ? null : after.step().plan());
        } catch (DeviceException e) {
            committed.add(new Committed(step, turn, nanoClock.getAsLong(), e));
            return;
        }
        // What is encoded is nobody's time but ours.
        var inFlight = new Committed(step, turn, nanoClock.getAsLong(), null);
        committed.add(inFlight);
        try {
            commands.commit(completion(step.stepId()));
        } catch (DeviceException e) {
            committed.removeLast();
            committed.add(new Committed(step, turn, inFlight.committedNanos(), e));
        }
    }

    /// Answers what the device did not take, when its turn has come.
    private Behavior<Command> refusedAtOnce() {
        var first = committed.peekFirst();
        if (first == null || first.refused() == null) {
            return Behaviors.same();
        }
        return ended(first.stepId(), first.refused(), first.committedNanos());
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
                self.tell(new CommandBufferEnded(stepId, null, nanoClock.getAsLong()));
            }

            @Override
            public void failed(DeviceException cause) {
                self.tell(new CommandBufferEnded(stepId, cause, nanoClock.getAsLong()));
            }
        };
    }

    private Behavior<Command> ended(long stepId, @Nullable DeviceException failure, long endNanos) {
        var ended = committed.pollFirst();
        if (ended == null || ended.stepId() != stepId) {
            throw new IllegalStateException(
                    "step " + stepId + " ended and is not the first in flight");
        }
        workingOn = stepId;
        long beganNanos = Math.max(ended.committedNanos(), lastEndNanos);
        lastEndNanos = endNanos;
        var step = ended.step();
        if (failure != null) {
            switch (failure.kind()) {
                // The device works on: only this step is lost, and the one that was to follow it.
                case OUT_OF_MEMORY, TIMEOUT, INTERNAL ->
                        context.getLog().error("Step {} failed: {}", stepId, failure.getMessage());
                // Nothing that it holds can be trusted any more: stop, and let the guardian start
                // over.
                case PAGE_FAULT, DEVICE_LOST, UNAVAILABLE -> throw failure;
            }
        }
        var failedBefore = before.failed(step.plan());
        if (failedBefore != null) {
            answer(step, failedBefore); // What it found is worth nothing.
        } else if (failure != null) {
            var message = String.valueOf(failure.getMessage());
            answer(step, new StepFailed(stepId, failure.kind(), message));
        } else {
            var outcomes = loaded.sampler().sample(step.plan(), ended.turn());
            answer(step, new StepCompleted(stepId, outcomes, endNanos - beganNanos));
        }
        var next = waiting;
        if (next != null) {
            waiting = null;
            return start(next);
        }
        return refusedAtOnce();
    }

    private Behavior<Command> stop() {
        loaded.close();
        return Behaviors.same();
    }
}
