package dev.ingot.engine.schedule;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import org.jspecify.annotations.Nullable;

/// One sequence's share of a step, ready to run.
///
/// @param tokens the tokens to compute
/// @param firstPosition where the first of them stands in the sequence
/// @param blocks the sequence's blocks, enough for all positions up to the last token
/// @param sampler draws the next token after the last one; lent to the worker until it has replied. Null where
///     the slice ends inside the known tokens and nothing is sampled
public record Slice(
        SequenceId sequence,
        Tokens tokens,
        int firstPosition,
        BlockTableView blocks,
        @Nullable SequenceSampler sampler) {
    /// Whether it is one token, after which the next one is sampled.
    boolean isDecode() {
        return tokens.size() == 1 && sampler != null;
    }

    /// Positions that the last token attends to, itself included.
    public int sequenceLength() {
        return firstPosition + tokens.size();
    }
}
