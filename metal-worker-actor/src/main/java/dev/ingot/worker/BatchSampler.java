package dev.ingot.worker;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.worker.Worker.Outcome;
import dev.ingot.worker.Worker.RowFailed;
import dev.ingot.worker.Worker.Sampled;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Logits to tokens for all rows of a step: what the device can find for all rows at once where that is all a
/// row needs (its argmax, its likeliest few), its sequence's sampler over the whole row otherwise.
///
/// The samplers know nothing of each other, so a row's token depends neither on what it is batched with nor on
/// the thread that draws it.
final class BatchSampler implements AutoCloseable {
    private final Tensor logits;
    private final List<Tensor> likeliest = new ArrayList<>();
    private final Tensor listedIds;
    private final Tensor listedLogits;
    private final RowTeam team;

    /// Whose next token a row of logits tells.
    private record Row(SequenceId sequence, SequenceSampler sampler) {}

    BatchSampler(Device device, int maxRows, int vocabulary) {
        logits = Tensor.allocate(device, "logits", DType.F32, maxRows, vocabulary);
        for (int turn = 0; turn < LoadedModel.TURNS; turn++) {
            likeliest.add(Tensor.allocate(device, "argmax", DType.I32, maxRows, 1));
        }
        int listed = Math.min(Encoder.MAX_TOP_K, vocabulary);
        listedIds = Tensor.allocate(device, "top-k ids", DType.I32, maxRows, listed);
        listedLogits = Tensor.allocate(device, "top-k logits", DType.F32, maxRows, listed);
        team = new RowTeam(device.info().threads(), vocabulary);
    }

    /// Where the model writes the logits of `rows` rows.
    Tensor logits(int rows) {
        return logits.firstRows(rows);
    }

    /// The tokens that the device has sampled in this turn.
    Tensor tokens(int turn) {
        return likeliest.get(turn);
    }

    /// Whether nothing of either step has to pass through the host before the second can be encoded.
    boolean mayFollow(StepPlan plan, StepPlan before) {
        for (var slice : before.slices()) {
            if (slice.sampler() != null && !slice.sampler().params().isPlainGreedy()) {
                return false;
            }
        }
        for (var slice : plan.slices()) {
            if (slice.isPending()
                    && slice.sampler() != null
                    && !slice.sampler().params().isPlainGreedy()) {
                return false;
            }
        }
        return true;
    }

    /// Records what the device can do of the sampling.
    void encode(Encoder encoder, StepPlan plan, int rows, int turn) {
        boolean argmax = false;
        boolean topK = false;
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                argmax |= slice.sampler().params().isPlainGreedy();
                topK |= isListed(slice.sampler().params());
            }
        }
        if (argmax) {
            encoder.argmax(likeliest.get(turn).firstRows(rows), logits.firstRows(rows));
        }
        if (topK) {
            encoder.topK(
                    listedIds.firstRows(rows),
                    listedLogits.firstRows(rows),
                    logits.firstRows(rows));
        }
    }

    /// Draws the next token of every slice that samples, in the plan's order. The device must be done.
    List<Outcome> sample(StepPlan plan, int turn) {
        var sampling = new ArrayList<Row>(plan.slices().size());
        int wholeRows = 0;
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                sampling.add(new Row(slice.sequence(), slice.sampler()));
                var params = slice.sampler().params();
                wholeRows += params.isPlainGreedy() || isListed(params) ? 0 : 1;
            }
        }
        var outcomes = new Outcome[sampling.size()];
        team.run(
                outcomes.length,
                wholeRows,
                (row, scratch) -> {
                    outcomes[row] = sample(sampling.get(row), row, turn, scratch);
                });
        return List.of(outcomes);
    }

    private boolean isListed(SamplingParams params) {
        return params.shortlist() > 0 && params.shortlist() <= listedIds.columns();
    }

    private Outcome sample(Row sampling, int row, int turn, SamplerScratch scratch) {
        try {
            return new Sampled(sampling.sequence(), next(sampling.sampler(), row, turn, scratch));
        } catch (InvalidLogitsException e) {
            return new RowFailed(sampling.sequence(), String.valueOf(e.getMessage()));
        }
    }

    private Sample next(SequenceSampler sampler, int row, int turn, SamplerScratch scratch)
            throws InvalidLogitsException {
        if (sampler.params().isPlainGreedy()) {
            return sampler.nextGreedy(
                    likeliest.get(turn).buffer().contents().getAtIndex(ValueLayout.JAVA_INT, row));
        }
        if (isListed(sampler.params())) {
            return sampler.nextOf(
                    listedIds.row(row).contents(), listedLogits.row(row).contents(), scratch);
        }
        return sampler.next(logits.row(row).contents(), scratch);
    }

    @Override
    public void close() {
        team.close();
    }
}
