package dev.ingot.engine.kv;

import dev.ingot.engine.sequence.SequenceId;
import java.util.List;

/// The answer to the demands of one step: everything or nothing.
public sealed interface Reservation {
    /// Every demand is met.
    ///
    /// @param slices one for each demand, in the order of the demands
    /// @param availableBlocks what is left: free and cached blocks
    record Reserved(List<ReservedSlice> slices, int availableBlocks) implements Reservation {
        public Reserved {
            slices = List.copyOf(slices);
        }
    }

    /// The blocks do not suffice; nothing was changed.
    ///
    /// @param neededBlocks blocks that the demands would have taken
    /// @param availableBlocks free and cached blocks, less those cached ones that the demands themselves would have shared
    /// @param fencedBlocks blocks that come back when the steps in flight have ended: if they make up for the
    ///     difference, waiting helps and preempting is waste
    record Exhausted(int neededBlocks, int availableBlocks, int fencedBlocks)
            implements Reservation {}

    /// What one sequence may compute in this step.
    ///
    /// @param firstPosition the first token to compute; above the demanded one after a prefix hit
    /// @param count how many; fewer than demanded when a prefix hit leaves fewer
    /// @param table has a slot for every position below `firstPosition + count`
    /// @param copies what has to be copied before
    record ReservedSlice(
            SequenceId sequence,
            int firstPosition,
            int count,
            BlockTableView table,
            List<BlockCopy> copies) {
        public ReservedSlice {
            copies = List.copyOf(copies);
        }
    }
}
