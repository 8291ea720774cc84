package dev.ingot.worker;

import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.worker.Worker.Outcome;
import dev.ingot.worker.Worker.Reply;
import dev.ingot.worker.Worker.Sampled;
import dev.ingot.worker.Worker.StepCompleted;
import dev.ingot.worker.Worker.StepFailed;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How the last step ended: what a step needs that was planned while that one ran.
public final class StepBefore {
    private @Nullable Reply last;

    /// A step was answered with this.
    public void ended(Reply reply) {
        last = reply;
    }

    /// The answer to a step that cannot be run because the one that it builds on failed; null where it can.
    ///
    /// @throws IllegalStateException if that one has not ended
    public @Nullable StepFailed failed(StepPlan plan) {
        return before(plan) instanceof StepFailed(_, var kind, var message)
                ? new StepFailed(plan.stepId(), kind, message)
                : null;
    }

    /// The step with the tokens that the one before it sampled. A sequence whose row failed there gets any token:
    /// nobody is told what comes of it.
    public StepPlan resolved(StepPlan plan) {
        return before(plan) instanceof StepCompleted(_, var outcomes, _)
                ? plan.resolved(sequence -> token(outcomes, sequence))
                : plan;
    }

    private @Nullable Reply before(StepPlan plan) {
        if (plan.afterStepId() == StepPlan.NONE) {
            return null;
        }
        if (last == null || last.stepId() != plan.afterStepId()) {
            throw new IllegalStateException(
                    "step "
                            + plan.stepId()
                            + " builds on step "
                            + plan.afterStepId()
                            + ", which has not just ended");
        }
        return last;
    }

    private static int token(List<Outcome> outcomes, SequenceId sequence) {
        for (var outcome : outcomes) {
            if (outcome instanceof Sampled(var id, var sample) && id.equals(sequence)) {
                return sample.token();
            }
        }
        return 0;
    }
}
