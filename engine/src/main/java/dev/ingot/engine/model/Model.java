package dev.ingot.engine.model;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Tensor;

/// A model whose weights are on a device: it says what one step computes.
///
/// Owned by the worker and used from its thread only. Its activations are memory of its own, allocated
/// once at the [StepLimits], so only one step of a model may run at a time. Its memory is freed with
/// the device.
public interface Model {
    /// Its shape.
    ModelConfig config();

    /// Records one step: embeds the batch's tokens, runs them through every layer, writes their K and V
    /// to the cache, and computes the logits of the rows that the batch asks for.
    ///
    /// A batch without logit rows leaves the output head out; `logits` has no rows then.
    ///
    /// @param logits `[logit rows, vocabulary]` F32
    /// @throws IllegalArgumentException if the batch is larger than the limits or a shape does not fit
    void encode(Encoder enc, Batch batch, Tensor logits);
}
