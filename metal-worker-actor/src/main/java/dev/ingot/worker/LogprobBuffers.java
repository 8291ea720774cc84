package dev.ingot.worker;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.SoftmaxWeight;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.TopLogprobs;
import java.lang.foreign.ValueLayout;

/// What the device finds for the log probabilities of a step's rows: each row's softmax sum, and its likeliest tokens.
///
/// Only the runs of rows that ask for it are looked at.
final class LogprobBuffers {
    private final Tensor sums;
    private final Tensor ids;
    private final Tensor values;

    LogprobBuffers(Device device, int maxRows, int vocabulary) {
        int most = Math.min(Encoder.MAX_TOP_K, vocabulary);
        sums = Tensor.allocate(device, "softmax sums", DType.I32, maxRows, 3);
        ids = Tensor.allocate(device, "top-k ids", DType.I32, maxRows, most);
        values = Tensor.allocate(device, "top-k logits", DType.F32, maxRows, most);
    }

    /// Whether so many of the likeliest can be listed.
    boolean holds(int reported) {
        return reported <= ids.columns();
    }

    /// Records it; before the logits are changed.
    ///
    /// @param reported for each row how many of the likeliest are wanted, or [SamplingParams#NO_LOGPROBS]
    void encode(Encoder encoder, Tensor logits, int[] reported) {
        for (int row = 0; row < logits.rows(); row++) {
            if (reported[row] == SamplingParams.NO_LOGPROBS) {
                continue;
            }
            int first = row;
            int most = 0;
            for (; row < logits.rows() && reported[row] != SamplingParams.NO_LOGPROBS; row++) {
                most = Math.max(most, reported[row]);
            }
            encoder.softmaxSums(rows(sums, first, row), rows(logits, first, row));
            if (most > 0) {
                encoder.topK(
                        rows(ids, first, row).columns(0, most),
                        rows(values, first, row).columns(0, most),
                        rows(logits, first, row));
            }
        }
    }

    private static Tensor rows(Tensor tensor, int first, int end) {
        var from = tensor.row(first);
        return new Tensor(
                tensor.buffer(),
                from.byteOffset(),
                tensor.dtype(),
                end - first,
                tensor.columns(),
                tensor.rowStride());
    }

    /// The logarithm of the sum of all `e^logit` of a row, after the step.
    double logSum(int row) {
        var found = sums.row(row).contents();
        long low = Integer.toUnsignedLong(found.getAtIndex(ValueLayout.JAVA_INT, 1));
        long sum = (long) found.getAtIndex(ValueLayout.JAVA_INT, 2) << 32 | low;
        float max = Float.intBitsToFloat(found.getAtIndex(ValueLayout.JAVA_INT, 0));
        return SoftmaxWeight.logSum(max, sum);
    }

    /// The likeliest tokens of a row, after the step.
    TopLogprobs top(int row, int reported, double logSum) {
        var listed = ids.row(row).contents();
        int count = 0;
        while (count < reported && listed.getAtIndex(ValueLayout.JAVA_INT, count) >= 0) {
            count++;
        }
        int[] tokens = new int[count];
        float[] logprobs = new float[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = listed.getAtIndex(ValueLayout.JAVA_INT, i);
            float logit = values.row(row).contents().getAtIndex(ValueLayout.JAVA_FLOAT, i);
            logprobs[i] = (float) (logit - logSum);
        }
        return TopLogprobs.of(tokens, logprobs);
    }
}
