package dev.ingot.worker;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// What may be said to the worker that owns the device.
///
/// - It reports once after it was spawned: [Loaded], or [LoadFailed] and then it stops.
/// - One step runs and one may follow it, so that the device has work while its results are told; a third
///   [ExecuteStep] before the first reply is a bug in the caller.
/// - The step that follows may use tokens that the one before it samples ([dev.ingot.engine.schedule.Slice#PENDING]).
///   Where that one fails, it fails with it, whether it was run or not: what it wrote is undefined, too.
/// - Every [ExecuteStep] is answered once and in order, by [StepCompleted] or [StepFailed]; a worker that stops
///   instead has lost its KV memory, and whoever watches it starts over. Where a step was the end of it, it fails
///   with a [StepCrashedException] that names it.
public interface Worker {
    /// Blocks behind those of the pool, which belong to no sequence: a step that only asks whether the device works
    /// computes in them.
    int CANARY_BLOCKS = 1;

    /// What it is told.
    sealed interface Command permits ExecuteStep, CommandBufferEnded {}

    /// Run this step; the samplers in it are the worker's until it has replied.
    record ExecuteStep(StepPlan plan, ActorRef<Reply> replyTo) implements Command {}

    /// What the device's completion tells the worker itself.
    ///
    /// @param failure null when every op ran
    /// @param endNanos when it ended, of the worker's clock
    record CommandBufferEnded(long stepId, @Nullable DeviceException failure, long endNanos)
            implements Command {}

    /// How a load ended.
    sealed interface Report permits Loaded, LoadFailed {}

    /// Steps may be sent.
    ///
    /// @param maxModelLength the context in force: what was asked for, or what the model and the memory allow
    /// @param vocabulary logits of a row
    /// @param kv the KV cache's shape, without [#CANARY_BLOCKS]
    record Loaded(
            ActorRef<Command> worker,
            DeviceInfo device,
            int maxModelLength,
            int vocabulary,
            KvGeometry kv,
            long weightBytes)
            implements Report {}

    /// It will never run.
    ///
    /// @param message complete: names the file or the flag and what was expected
    record LoadFailed(String message) implements Report {}

    /// What a step is answered with.
    sealed interface Reply permits StepCompleted, StepFailed {
        long stepId();
    }

    /// The step ran.
    ///
    /// @param outcomes one per slice that samples, in the plan's order
    /// @param deviceNanos from commit, or the end of the step before it, to completion
    record StepCompleted(long stepId, List<Outcome> outcomes, long deviceNanos) implements Reply {}

    /// What one slice that samples gave.
    sealed interface Outcome permits Sampled, RowFailed {
        SequenceId sequence();
    }

    /// Its next token.
    record Sampled(SequenceId sequence, Sample sample) implements Outcome {}

    /// Its row of logits is no distribution: this sequence fails, the others go on.
    record RowFailed(SequenceId sequence, String message) implements Outcome {}

    /// Thrown by a worker that is lost, so that whoever watches it knows which of its two steps it was lost in.
    final class StepCrashedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final long stepId;

        public StepCrashedException(long stepId, RuntimeException cause) {
            super("step " + stepId + ": " + cause.getMessage(), cause);
            this.stepId = stepId;
        }

        /// The step that ran, or was being made ready; not the other one.
        public long stepId() {
            return stepId;
        }
    }

    /// The step did not run to its end; what it wrote to the KV cache is undefined.
    record StepFailed(long stepId, DeviceException.Kind kind, String message) implements Reply {}
}
