package dev.ingot.engine.schedule;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import org.jspecify.annotations.Nullable;

/// One sequence's share of a step, ready to run.
///
/// @param tokens the tokens to compute; one of them may be [#PENDING]: the one that the step before this one samples
///     for the sequence
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
    /// A token that nobody knew when the step was planned. It is the slice's only one.
    public static final int PENDING = -1;

    /// Whether its token is one that the step before samples.
    public boolean isPending() {
        return tokens.size() == 1 && tokens.get(0) == PENDING;
    }

    /// Whether it is one token, after which the next one is sampled.
    boolean isDecode() {
        return tokens.size() == 1 && sampler != null;
    }

    /// Positions that the last token attends to, itself included.
    public int sequenceLength() {
        return firstPosition + tokens.size();
    }

    /// The same slice of other tokens.
    Slice of(Tokens known) {
        return new Slice(sequence, known, firstPosition, blocks, sampler);
    }
}
