package dev.ingot.worker;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The input tensors of a step, in device memory that is allocated once at the limits.
///
/// [#fill] lays a plan's slices end to end. The worker writes them before commit and not again before
/// completion.
final class StepBuffers {
    private static final int KNOWN = -1;

    private final int blockSize;
    private final int maxBlocks;
    private final Tensor tokenIds;
    private final Tensor sampledRows;
    private final Tensor positions;
    private final Tensor queryStarts;
    private final Tensor sequenceLengths;
    private final Tensor logitRows;
    private final Tensor copies;

    /// For each group of layers.
    private final List<Tensor> slotMappings = new ArrayList<>();

    private final List<Tensor> blockTables = new ArrayList<>();

    /// @param maxBlocks blocks of the longest sequence, in each group
    /// @param groups of layers with blocks of their own
    StepBuffers(
            Device device,
            int maxTokens,
            int maxSequences,
            int blockSize,
            int maxBlocks,
            int groups) {
        this.blockSize = blockSize;
        this.maxBlocks = maxBlocks;
        tokenIds = Tensor.allocate(device, "step token ids", DType.I32, maxTokens, 1);
        sampledRows = Tensor.allocate(device, "step sampled rows", DType.I32, maxTokens, 1);
        positions = Tensor.allocate(device, "step positions", DType.I32, maxTokens, 1);
        queryStarts = Tensor.allocate(device, "step query starts", DType.I32, maxSequences + 1, 1);
        sequenceLengths =
                Tensor.allocate(device, "step sequence lengths", DType.I32, maxSequences, 1);
        for (int g = 0; g < groups; g++) {
            slotMappings.add(
                    Tensor.allocate(device, "step slot mapping " + g, DType.I32, maxTokens, 1));
            blockTables.add(
                    Tensor.allocate(
                            device, "step block tables " + g, DType.I32, maxSequences, maxBlocks));
        }
        logitRows = Tensor.allocate(device, "step logit rows", DType.I32, maxSequences, 1);
        copies = Tensor.allocate(device, "step block copies", DType.I32, maxSequences * groups, 2);
    }

    /// For each token of the plan the row that it is fed from, of those that the step before it samples: −1 where the
    /// token is known. `[tokens, 1]`; null where all are.
    @Nullable Tensor fillSampledRows(StepPlan plan, StepPlan before) {
        var rows = sampledRows.buffer().contents();
        boolean any = false;
        int token = 0;
        for (var slice : plan.slices()) {
            int row = slice.isPending() ? before.sampledRow(slice.sequence()) : KNOWN;
            any |= row != KNOWN;
            for (int i = 0; i < slice.tokens().size(); i++) {
                set(rows, token++, row);
            }
        }
        return any ? sampledRows.firstRows(token) : null;
    }

    /// Writes the plan and returns the views that have its sizes. A token that is pending is 0 for now.
    Batch fill(StepPlan plan) {
        int token = 0;
        int sequence = 0;
        int logits = 0;
        var ids = tokenIds.buffer().contents();
        var starts = queryStarts.buffer().contents();
        set(starts, 0, 0);
        for (var slice : plan.slices()) {
            for (int i = 0; i < slice.tokens().size(); i++, token++) {
                int position = slice.firstPosition() + i;
                set(ids, token, Math.max(0, slice.tokens().get(i)));
                set(positions.buffer().contents(), token, position);
                for (int g = 0; g < slotMappings.size(); g++) {
                    var slots = slotMappings.get(g).buffer().contents();
                    set(slots, token, slice.blocks().slot(g, position));
                }
            }
            if (slice.sampler() != null) {
                set(logitRows.buffer().contents(), logits++, token - 1);
            }
            set(sequenceLengths.buffer().contents(), sequence, slice.sequenceLength());
            fillBlockTables(sequence, slice);
            set(starts, ++sequence, token);
        }
        var others = new ArrayList<Batch>(slotMappings.size() - 1);
        for (int g = 1; g < slotMappings.size(); g++) {
            others.add(batch(g, token, sequence, logits, List.of()));
        }
        return batch(0, token, sequence, logits, others);
    }

    private Batch batch(int group, int tokens, int sequences, int rows, List<Batch> others) {
        return new Batch(
                tokenIds.firstRows(tokens),
                positions.firstRows(tokens),
                slotMappings.get(group).firstRows(tokens),
                queryStarts.firstRows(sequences + 1),
                sequenceLengths.firstRows(sequences),
                blockTables.get(group).firstRows(sequences),
                logitRows.firstRows(rows),
                others);
    }

    /// Writes which blocks to copy before the step: `[count, 2]`, source and target.
    Tensor fillCopies(StepPlan plan) {
        int count = 0;
        var pairs = copies.buffer().contents();
        for (var copy : plan.copies()) {
            set(pairs, 2L * count, copy.source());
            set(pairs, 2L * count + 1, copy.target());
            count++;
        }
        return copies.firstRows(count);
    }

    private void fillBlockTables(int row, Slice slice) {
        int count = Math.ceilDiv(slice.sequenceLength(), blockSize);
        for (int g = 0; g < blockTables.size(); g++) {
            var tables = blockTables.get(g).buffer().contents();
            for (int i = 0; i < count; i++) {
                set(tables, (long) row * maxBlocks + i, slice.blocks().block(g, i));
            }
        }
    }

    private static void set(MemorySegment ints, long index, int value) {
        ints.setAtIndex(ValueLayout.JAVA_INT, index, value);
    }
}
