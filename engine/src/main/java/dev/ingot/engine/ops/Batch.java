package dev.ingot.engine.ops;

import java.util.List;

/// The tensors of one step: several sequences, each with one or more new tokens, laid end to end.
///
/// All are `I32` and live in memory allocated once at the limits; the views here have this step's sizes.
///
/// @param tokenIds `[tokens, 1]`
/// @param positions `[tokens, 1]` absolute position of each token in its sequence
/// @param slotMapping `[tokens, 1]` the KV slot that each token's K and V are written to
/// @param queryStarts `[sequences + 1, 1]` where each sequence's tokens begin; the last entry is `tokens`
/// @param sequenceLengths `[sequences, 1]` positions to attend to, this step's tokens included
/// @param blockTables `[sequences, maxBlocksPerSequence]` entries past a sequence's last block are undefined
/// @param logitRows `[rows, 1]` the tokens whose logits are wanted, as row indices into the step's
///     tokens; may have no rows (a step that only prefills)
/// @param others the same tokens with the slots and tables of the further groups of layers; empty for most models
public record Batch(
        Tensor tokenIds,
        Tensor positions,
        Tensor slotMapping,
        Tensor queryStarts,
        Tensor sequenceLengths,
        Tensor blockTables,
        Tensor logitRows,
        List<Batch> others) {
    /// Of a model whose layers share all blocks.
    public Batch(
            Tensor tokenIds,
            Tensor positions,
            Tensor slotMapping,
            Tensor queryStarts,
            Tensor sequenceLengths,
            Tensor blockTables,
            Tensor logitRows) {
        this(
                tokenIds,
                positions,
                slotMapping,
                queryStarts,
                sequenceLengths,
                blockTables,
                logitRows,
                List.of());
    }

    /// With the slots and tables of a group of layers ([KvGroups]).
    public Batch of(int group) {
        return group == 0 ? this : others.get(group - 1);
    }

    /// Tokens in this step.
    public int tokens() {
        return tokenIds.rows();
    }

    /// Sequences in this step.
    public int sequences() {
        return sequenceLengths.rows();
    }
}
