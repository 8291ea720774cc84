/// From logits to tokens: one [SequenceSampler][dev.ingot.engine.sampling.SequenceSampler] per sequence.
///
/// What is drawn depends on the row of logits, the parameters, the seed and the output position,
/// and on nothing else: a random number is a pure function of (seed, choice, position), so a sequence that is
/// preempted, batched otherwise or moved to another engine draws the same tokens.
@NullMarked
package dev.ingot.engine.sampling;

import org.jspecify.annotations.NullMarked;
