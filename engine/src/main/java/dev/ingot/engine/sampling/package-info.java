/// From logits to tokens: one [SequenceSampler][dev.ingot.engine.sampling.SequenceSampler] per sequence.
///
/// What is drawn depends on the row of logits, the parameters, the seed and the output position,
/// and on nothing else: a random number is a pure function of (seed, choice, position), so a sequence that is
/// preempted, batched otherwise or moved to another engine draws the same tokens.
///
/// The same arithmetic is done in two places, to the bit: on the device for all rows of a step at once
/// ([Encoder#processLogits][dev.ingot.engine.ops.Encoder#processLogits] and the ops after it), and here, for what there
/// is no room for there and to find out why a row failed. That is why weights are
/// [integers][dev.ingot.engine.ops.SoftmaxWeight].
@NullMarked
package dev.ingot.engine.sampling;

import org.jspecify.annotations.NullMarked;
