package dev.ingot.worker;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.worker.Worker.Outcome;
import dev.ingot.worker.Worker.RowFailed;
import dev.ingot.worker.Worker.Sampled;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Logits to tokens for all rows of a step: the device's argmax where that is all a row needs, its
/// sequence's sampler otherwise.
///
/// The samplers know nothing of each other, so a row's token does not depend on what it is batched with.
final class BatchSampler {
    private final Tensor logits;
    private final Tensor likeliest;
    private final SamplerScratch scratch;

    BatchSampler(Device device, int maxRows, int vocabulary) {
        logits = Tensor.allocate(device, "logits", DType.F32, maxRows, vocabulary);
        likeliest = Tensor.allocate(device, "argmax", DType.I32, maxRows, 1);
        scratch = new SamplerScratch(vocabulary);
    }

    /// Where the model writes the logits of `rows` rows.
    Tensor logits(int rows) {
        return logits.firstRows(rows);
    }

    /// Records what the device can do of the sampling.
    void encode(Encoder encoder, StepPlan plan, int rows) {
        for (var slice : plan.slices()) {
            if (slice.sampler() != null && slice.sampler().params().isPlainGreedy()) {
                encoder.argmax(likeliest.firstRows(rows), logits.firstRows(rows));
                return;
            }
        }
    }

    /// Draws the next token of every slice that samples, in the plan's order. The device must be done.
    List<Outcome> sample(StepPlan plan) {
        var outcomes = new ArrayList<Outcome>(plan.slices().size());
        int row = 0;
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                outcomes.add(sample(slice.sequence(), slice.sampler(), row++));
            }
        }
        return outcomes;
    }

    private Outcome sample(SequenceId sequence, SequenceSampler sampler, int row) {
        try {
            if (sampler.params().isPlainGreedy()) {
                int token = likeliest.buffer().contents().getAtIndex(ValueLayout.JAVA_INT, row);
                return new Sampled(sequence, sampler.nextGreedy(token));
            }
            return new Sampled(sequence, sampler.next(logits.row(row).contents(), scratch));
        } catch (InvalidLogitsException e) {
            return new RowFailed(sequence, String.valueOf(e.getMessage()));
        }
    }
}
