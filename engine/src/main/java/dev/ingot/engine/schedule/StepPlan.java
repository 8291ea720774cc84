package dev.ingot.engine.schedule;

import dev.ingot.engine.kv.BlockCopy;
import java.util.List;

/// What one step runs, in order.
///
/// @param stepId counts up by one within an engine's life
/// @param copies blocks to copy before anything is computed
public record StepPlan(long stepId, List<Slice> slices, List<BlockCopy> copies) {
    public StepPlan {
        slices = List.copyOf(slices);
        copies = List.copyOf(copies);
    }

    /// A step that copies nothing.
    public StepPlan(long stepId, List<Slice> slices) {
        this(stepId, slices, List.of());
    }

    /// Tokens of these that are more than the next one of their sequence: of prompts, new or computed again.
    public int promptTokens() {
        int sum = 0;
        for (var slice : slices) {
            sum += slice.isDecode() ? 0 : slice.tokens().size();
        }
        return sum;
    }

    /// Tokens that the device computes.
    public int tokens() {
        int sum = 0;
        for (var slice : slices) {
            sum += slice.tokens().size();
        }
        return sum;
    }
}
