/// What a sequence is made of and known by: its id, runs of tokens, why it ended.
///
/// A sequence is one token timeline of a request: its prompt, then the tokens sampled for it. Its state is
/// [Sequence][dev.ingot.engine.schedule.Sequence], the scheduler's own.
@NullMarked
package dev.ingot.engine.sequence;

import org.jspecify.annotations.NullMarked;
