package dev.ingot.worker;

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
import java.util.ArrayList;
import java.util.List;

/// Logits to tokens for all rows of a step: by the device, but for rows with more edits or more reported alternatives than
/// there is room for. These are their samplers' on the host, to the same bits.
///
/// The samplers know nothing of each other, so a row's token depends neither on what it is batched with nor on
/// where it is drawn.
final class BatchSampler implements AutoCloseable {
    private final SampleBuffers buffers;
    private final RowTeam team;

    /// Whose next token a row of logits tells.
    private record Row(int index, SequenceId sequence, SequenceSampler sampler) {}

    BatchSampler(Device device, int maxRows, int vocabulary) {
        buffers = new SampleBuffers(device, maxRows, vocabulary);
        team = new RowTeam(device.info().threads(), vocabulary);
    }

    /// Where the model writes the logits of `rows` rows.
    Tensor logits(int rows) {
        return buffers.logits(rows);
    }

    /// Records what the device does of the sampling.
    void encode(Encoder encoder, StepPlan plan) {
        buffers.encode(encoder, plan);
    }

    /// The next token of every slice that samples, in the plan's order. The device must be done.
    List<Outcome> sample(StepPlan plan) {
        var rows = new ArrayList<Row>(plan.slices().size());
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                rows.add(new Row(rows.size(), slice.sequence(), slice.sampler()));
            }
        }
        var outcomes = new Outcome[rows.size()];
        var others = new ArrayList<Row>();
        for (var row : rows) {
            if (buffers.isOnDevice(row.index()) && buffers.token(row.index()) >= 0) {
                outcomes[row.index()] =
                        new Sampled(row.sequence(), buffers.drawn(row.index(), row.sampler()));
            } else {
                others.add(row);
            }
        }
        team.run(
                others.size(),
                (i, scratch) -> {
                    var row = others.get(i);
                    outcomes[row.index()] = onHost(row, scratch);
                });
        return List.of(outcomes);
    }

    /// A row that was never the device's; or one of which it made nothing, to find out why.
    private Outcome onHost(Row row, SamplerScratch scratch) {
        var logits = buffers.restored(row.index());
        try {
            var sample = row.sampler().next(logits.contents(), scratch);
            if (buffers.isOnDevice(row.index())) {
                throw new IllegalStateException(
                        "the device found no token for " + row.sequence() + ", the host " + sample);
            }
            return new Sampled(row.sequence(), sample);
        } catch (InvalidLogitsException e) {
            return new RowFailed(row.sequence(), String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        team.close();
    }
}
