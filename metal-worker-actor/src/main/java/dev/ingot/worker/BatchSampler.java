package dev.ingot.worker;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.LogitEdits;
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
import java.util.BitSet;
import java.util.List;

/// Logits to tokens for all rows of a step: by the device, but for rows whose log probabilities are asked for and
/// rows with more edits than there is room for. These are their samplers' on the host, to the same tokens.
///
/// The samplers know nothing of each other, so a row's token depends neither on what it is batched with nor on
/// where it is drawn.
final class BatchSampler implements AutoCloseable {
    /// Room for so many edits a row, on average: a prompt of this many different tokens with a repetition penalty.
    static final int EDITS_A_ROW = 1024;

    /// At least, for all rows together: for one long prompt.
    static final int LEAST_EDITS = 16_384;

    private final Tensor logits;
    private final Tensor tokens;
    private final Tensor draws;
    private final LogitEdits edits;
    private final int mostEdits;
    private final RowTeam team;

    /// Rows of the step that the device draws.
    private final BitSet onDevice = new BitSet();

    /// Whose next token a row of logits tells.
    private record Row(int index, SequenceId sequence, SequenceSampler sampler) {}

    BatchSampler(Device device, int maxRows, int vocabulary) {
        logits = Tensor.allocate(device, "logits", DType.F32, maxRows, vocabulary);
        tokens = Tensor.allocate(device, "sampled tokens", DType.I32, maxRows, 1);
        draws = Tensor.allocate(device, "draws", DType.I32, maxRows, Draw.COLUMNS);
        int wanted = Math.max(LEAST_EDITS, maxRows * EDITS_A_ROW);
        mostEdits = (int) Math.min(wanted, (long) maxRows * vocabulary);
        edits = LogitEdits.allocate(device, maxRows, mostEdits);
        team = new RowTeam(device.info().threads(), vocabulary);
    }

    /// Where the model writes the logits of `rows` rows.
    Tensor logits(int rows) {
        return logits.firstRows(rows);
    }

    /// Records what the device does of the sampling. The samplers must know all tokens before this step's.
    void encode(Encoder encoder, StepPlan plan, int rows) {
        onDevice.clear();
        int row = 0;
        int entries = 0;
        for (var slice : plan.slices()) {
            var sampler = slice.sampler();
            if (sampler == null) {
                continue;
            }
            var draw = Draw.LIKELIEST; // of the rows that are not the device's, to no purpose
            if (sampler.isForDevice() && sampler.mostEdits() <= mostEdits - entries) {
                onDevice.set(row);
                entries = sampler.writeEdits(edits, entries);
                draw = sampler.draw();
            }
            draw.write(draws.contents(), row);
            edits.endRow(row++, entries);
        }
        if (onDevice.isEmpty()) {
            return;
        }
        if (entries > 0) {
            encoder.processLogits(logits.firstRows(rows), edits.first(rows, entries));
        }
        encoder.sample(tokens.firstRows(rows), logits.firstRows(rows), draws.firstRows(rows));
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
            int token = onDevice.get(row.index()) ? token(row.index()) : -1;
            if (token < 0) {
                others.add(row);
            } else {
                outcomes[row.index()] = new Sampled(row.sequence(), row.sampler().nextDrawn(token));
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

    private int token(int row) {
        return tokens.contents().getAtIndex(ValueLayout.JAVA_INT, row);
    }

    /// A row that was never the device's; or one of which it made nothing, to find out why.
    private Outcome onHost(Row row, SamplerScratch scratch) {
        var own = logits.row(row.index());
        boolean failed = onDevice.get(row.index());
        if (failed) {
            edits.undo(row.index(), own);
        }
        try {
            var sample = row.sampler().next(own.contents(), scratch);
            if (failed) {
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
