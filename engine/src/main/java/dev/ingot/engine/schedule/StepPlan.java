package dev.ingot.engine.schedule;

import java.util.List;

/// What one step runs, in order.
///
/// @param stepId counts up by one within an engine's life
public record StepPlan(long stepId, List<Slice> slices) {
    public StepPlan {
        slices = List.copyOf(slices);
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
