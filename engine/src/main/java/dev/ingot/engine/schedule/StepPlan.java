package dev.ingot.engine.schedule;

import dev.ingot.engine.kv.BlockCopy;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/// What one step runs, in order.
///
/// @param stepId counts up by one within an engine's life
/// @param afterStepId the step that was in flight when this one was planned, whose samples it may use and without
///     whose success it must not run; [#NONE] if there was none
/// @param copies blocks to copy before anything is computed
public record StepPlan(long stepId, long afterStepId, List<Slice> slices, List<BlockCopy> copies) {
    /// No step was in flight. Step ids are positive.
    public static final long NONE = 0;

    public StepPlan {
        slices = List.copyOf(slices);
        copies = List.copyOf(copies);
    }

    /// Tokens of these that are more than the next one of their sequence: of prompts, new or computed again.
    public int promptTokens() {
        int sum = 0;
        for (var slice : slices) {
            sum += slice.isDecode() ? 0 : slice.tokens().size();
        }
        return sum;
    }

    /// A step that builds on no other and copies nothing.
    public StepPlan(long stepId, List<Slice> slices) {
        this(stepId, NONE, slices, List.of());
    }

    /// Which of the rows that this step samples is a sequence's; −1 if none is.
    public int sampledRow(SequenceId sequence) {
        int row = 0;
        for (var slice : slices) {
            if (slice.sampler() != null) {
                if (slice.sequence().equals(sequence)) {
                    return row;
                }
                row++;
            }
        }
        return -1;
    }

    /// Tokens that the device computes.
    public int tokens() {
        int sum = 0;
        for (var slice : slices) {
            sum += slice.tokens().size();
        }
        return sum;
    }

    /// This plan with nothing left to wait for.
    ///
    /// @param sampled the token that the step before sampled for a sequence; where it sampled none, any token will
    ///     do, because what this step finds for the sequence is of no interest to anybody
    public StepPlan resolved(ToIntFunction<SequenceId> sampled) {
        if (slices.stream().noneMatch(Slice::isPending)) {
            return this;
        }
        var known = new ArrayList<Slice>(slices.size());
        for (var slice : slices) {
            known.add(
                    slice.isPending()
                            ? slice.of(Tokens.of(sampled.applyAsInt(slice.sequence())))
                            : slice);
        }
        return new StepPlan(stepId, afterStepId, known, copies);
    }
}
