/// The vocabulary that models are written in, and what a device has to offer to run them.
///
/// A model records its operations on an [Encoder][dev.ingot.engine.ops.Encoder] in the order of its paper; the
/// [Device][dev.ingot.engine.ops.Device] decides how each one runs. Nothing here computes but what is to have the same
/// bits on every device: [weights][dev.ingot.engine.ops.SoftmaxWeight] of draws and
/// [edits][dev.ingot.engine.ops.LogitEdits] of logits.
///
/// ```
/// Device ── matrix(…), allocate(…), kvCache(…)   at load, once
///    └── commandBuffer() ── encoder()            every step: Model.encode(encoder, batch)
///              └── commit(completion)            the device runs; the completion is told exactly once
/// ```
///
/// The order of the letters in a shape is the same everywhere: `[tokens, heads, headDim]`.
@NullMarked
package dev.ingot.engine.ops;

import org.jspecify.annotations.NullMarked;
