package dev.ingot.worker;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.StepPlan;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/// The tensors of a step's sampling, in device memory that is allocated once at the limits: its logits, what the device
/// is told to do with them, and the tokens that it draws.
///
/// Written before the step's commit; read, and only then written again, after its completion.
final class SampleBuffers {
    /// Room for so many edits a row, on average: a sequence of this many different tokens with a repetition penalty.
    static final int EDITS_A_ROW = 1024;

    /// At least, for all rows together: for one long sequence.
    static final int LEAST_EDITS = 16_384;

    private final Tensor logits;
    private final Tensor tokens;
    private final Tensor draws;
    private final LogitEdits edits;
    private final LogprobBuffers logprobs;

    /// For each row, [SequenceSampler#reported].
    private final int[] reported;

    private final int mostEdits;

    /// Rows of the step that the device draws.
    private final BitSet onDevice = new BitSet();

    /// Whether a row of the step takes another token than its likeliest.
    private boolean isDrawn;

    private int rows;

    SampleBuffers(Device device, int maxRows, int vocabulary) {
        logits = Tensor.allocate(device, "logits", DType.F32, maxRows, vocabulary);
        tokens = Tensor.allocate(device, "sampled tokens", DType.I32, maxRows, 1);
        draws = Tensor.allocate(device, "draws", DType.I32, maxRows, Draw.COLUMNS);
        int wanted = Math.max(LEAST_EDITS, maxRows * EDITS_A_ROW);
        mostEdits = (int) Math.min(wanted, (long) maxRows * vocabulary);
        edits = LogitEdits.allocate(device, maxRows, mostEdits);
        logprobs = new LogprobBuffers(device, maxRows, vocabulary);
        reported = new int[maxRows];
    }

    /// Where the model writes the logits of `count` rows.
    Tensor logits(int count) {
        return logits.firstRows(count);
    }

    /// Records what the device does of the sampling of a step, whose rows are those slices that sample, in order.
    /// A slice whose token is pending is drawn one position further than its sampler knows of.
    void encode(Encoder encoder, StepPlan plan) {
        int entries = fill(plan);
        if (onDevice.isEmpty()) {
            return;
        }
        logprobs.encode(encoder, logits(rows), reported);
        if (entries > 0) {
            encoder.processLogits(logits(rows), edits.first(rows, entries));
        }
        if (isDrawn) {
            encoder.sample(tokens.firstRows(rows), logits(rows), draws.firstRows(rows));
        } else {
            encoder.argmax(tokens.firstRows(rows), logits(rows));
        }
    }

    /// @return edits of all rows
    private int fill(StepPlan plan) {
        onDevice.clear();
        isDrawn = false;
        rows = 0;
        int entries = 0;
        for (var slice : plan.slices()) {
            var sampler = slice.sampler();
            if (sampler == null) {
                continue;
            }
            int pending = slice.isPending() ? 1 : 0;
            var draw = Draw.LIKELIEST; // of the rows that are not the device's, to no purpose
            reported[rows] = SamplingParams.NO_LOGPROBS;
            if (logprobs.holds(sampler.reported())
                    && sampler.mostEdits(pending) <= mostEdits - entries) {
                onDevice.set(rows);
                reported[rows] = sampler.reported();
                entries = sampler.writeEdits(edits, entries, pending);
                draw = sampler.draw(pending);
            }
            draw.write(draws.contents(), rows);
            isDrawn |= draw.scale() != 0;
            edits.endRow(rows++, entries);
        }
        return entries;
    }

    /// What the device drew, row by row: −1 where it found nothing to draw.
    Tensor tokens() {
        return tokens;
    }

    /// Whether the device draws every row of the step.
    boolean isWhole() {
        return onDevice.cardinality() == rows;
    }

    /// Whether the device drew this row.
    boolean isOnDevice(int row) {
        return onDevice.get(row);
    }

    /// What it drew; −1 where it found nothing to draw.
    int token(int row) {
        return tokens.contents().getAtIndex(ValueLayout.JAVA_INT, row);
    }

    /// Tells a row's sampler the token that the device drew.
    Sample drawn(int row, SequenceSampler sampler) {
        int token = token(row);
        if (reported[row] == SamplingParams.NO_LOGPROBS) {
            return sampler.nextDrawn(token);
        }
        double logSum = logprobs.logSum(row);
        float logit = edits.before(row, logits.row(row), token);
        var top = logprobs.top(row, reported[row], logSum);
        return sampler.nextDrawn(token, (float) (logit - logSum), top);
    }

    /// A row's logits as the model gave them.
    Tensor restored(int row) {
        var own = logits.row(row);
        edits.undo(row, own);
        return own;
    }
}
