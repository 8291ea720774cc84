package dev.ingot.engine.kv;

import dev.ingot.engine.sequence.SequenceId;
import org.jspecify.annotations.Nullable;

/// One sequence's wish in a step: slots for the next `count` of its tokens.
///
/// @param tokens at least up to the last one that is to be computed, which alone may still be missing where a step in
///     flight samples it; for a sequence that holds nothing yet, all
///     that are known, because they decide what the prefix cache can spare it
/// @param salt sequences share cached blocks only with sequences of the same salt: one per tenant, so that nobody
///     learns from the time to the first token what others asked
/// @param firstPosition the first token to compute; 0 for a sequence that holds nothing yet and has no leader
/// @param count how many to compute, at least 1
/// @param leader a sequence with the same tokens, whose positions below `firstPosition` this one, which holds nothing
///     yet, takes over; null for none
public record Demand(
        SequenceId sequence,
        KnownTokens tokens,
        long salt,
        int firstPosition,
        int count,
        @Nullable SequenceId leader) {
    /// Of a sequence that takes over nothing from another.
    public Demand(
            SequenceId sequence, KnownTokens tokens, long salt, int firstPosition, int count) {
        this(sequence, tokens, salt, firstPosition, count, null);
    }

    public Demand {
        if (firstPosition < 0
                || count < 1
                || (long) firstPosition + count > tokens.size() + (firstPosition > 0 ? 1L : 0L)) {
            throw new IllegalArgumentException(
                    sequence
                            + " wants "
                            + count
                            + " tokens from "
                            + firstPosition
                            + " of "
                            + tokens.size());
        }
    }
}
