package dev.ingot.worker;

import dev.ingot.engine.ops.Device;
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
    /// Of steps in turn.
    private final List<SampleBuffers> buffers = new ArrayList<>(LoadedModel.TURNS);

    private final RowTeam team;

    /// Whose next token a row of logits tells.
    private record Row(int index, SequenceId sequence, SequenceSampler sampler) {}

    BatchSampler(Device device, int maxRows, int vocabulary) {
        for (int turn = 0; turn < LoadedModel.TURNS; turn++) {
            buffers.add(new SampleBuffers(device, maxRows, vocabulary));
        }
        team = new RowTeam(device.info().threads(), vocabulary);
    }

    /// The step that was encoded last in this turn.
    SampleBuffers buffers(int turn) {
        return buffers.get(turn);
    }

    /// Whether a step can be encoded while the one before it runs: the device draws every row of that one, and no row of
    /// this one depends on more of a token than the device itself can hand over.
    ///
    /// @param turnBefore in which the one before was encoded
    boolean mayFollow(StepPlan plan, int turnBefore) {
        if (!buffers.get(turnBefore).isWhole()) {
            return false;
        }
        for (var slice : plan.slices()) {
            if (slice.isPending() && slice.sampler() != null && slice.sampler().penalizes()) {
                return false;
            }
        }
        return true;
    }

    /// The next token of every slice that samples, in the plan's order. The device must be done with the step.
    List<Outcome> sample(StepPlan plan, int turn) {
        var step = buffers.get(turn);
        var rows = new ArrayList<Row>(plan.slices().size());
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                rows.add(new Row(rows.size(), slice.sequence(), slice.sampler()));
            }
        }
        var outcomes = new Outcome[rows.size()];
        var others = new ArrayList<Row>();
        for (var row : rows) {
            if (step.isOnDevice(row.index()) && step.token(row.index()) >= 0) {
                outcomes[row.index()] =
                        new Sampled(row.sequence(), step.drawn(row.index(), row.sampler()));
            } else {
                others.add(row);
            }
        }
        team.run(
                others.size(),
                (i, scratch) -> {
                    var row = others.get(i);
                    outcomes[row.index()] = onHost(step, row, scratch);
                });
        return List.of(outcomes);
    }

    /// A row that was never the device's; or one of which it made nothing, to find out why.
    private static Outcome onHost(SampleBuffers step, Row row, SamplerScratch scratch) {
        var logits = step.restored(row.index());
        try {
            var sample = row.sampler().next(logits.contents(), scratch);
            if (step.isOnDevice(row.index())) {
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
