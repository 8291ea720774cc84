package dev.ingot.engine.ops;

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
public record Batch(
        Tensor tokenIds,
        Tensor positions,
        Tensor slotMapping,
        Tensor queryStarts,
        Tensor sequenceLengths,
        Tensor blockTables,
        Tensor logitRows) {
    /// Tokens in this step.
    public int tokens() {
        return tokenIds.rows();
    }

    /// Sequences in this step.
    public int sequences() {
        return sequenceLengths.rows();
    }
}
