package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Tensor;
import org.jspecify.annotations.Nullable;

/// Dispatches what chooses tokens: logits processors, and the draw.
final class SampleOps {
    /// `SAMPLE_SIMDGROUPS`
    private static final int MOST_THREADS = 1024;

    private static final int MOST_EDIT_THREADS = 256;

    /// Logits of a thread where a row has few.
    private static final int LOGITS = 4;

    /// How often a draw looks at a row, about.
    private static final int PASSES = 16;

    private final StepOps step;

    SampleOps(StepOps step) {
        this.step = step;
    }

    void processLogits(Tensor logits, LogitEdits edits) {
        int entries = edits.tokens().rows();
        if (logits.rows() == 0 || entries == 0) {
            return;
        }
        long bytes = 2 * StepOps.bytes(edits.amounts());
        int op = step.begin("processLogits", bytes, bytes);
        step.pipeline("sample", "process_logits", FunctionConstants.NONE);
        step.bind(0, logits);
        step.bind(1, edits.rowStarts());
        step.bind(2, edits.tokens());
        step.bind(3, edits.amounts());
        step.bind(4, edits.before());
        step.pass()
                .bytes(
                        5,
                        step.arguments()
                                .put(logits.columns())
                                .put(entries)
                                .put(logits.rowStride())
                                .put(edits.rowStarts().rowStride())
                                .put(edits.tokens().rowStride())
                                .put(edits.amounts().rowStride())
                                .put(edits.before().rowStride())
                                .put(op)
                                .bytes());
        step.bindFaults();
        int threads = step.threads(Math.min(MOST_EDIT_THREADS, entries));
        step.pass().threadgroups(logits.rows(), 1, 1, threads, 1, 1);
    }

    void sample(Tensor tokens, Tensor logits, Tensor draws) {
        rows("sample", PASSES, tokens, logits, draws);
    }

    void softmaxSums(Tensor sums, Tensor logits) {
        rows("softmaxSums", 2, sums, logits, null);
    }

    private void rows(String op, int passes, Tensor out, Tensor logits, @Nullable Tensor draws) {
        if (logits.rows() == 0) {
            return;
        }
        long bytes = StepOps.bytes(logits) * passes;
        step.begin(op, bytes, 4 * bytes);
        step.pipeline("sample", draws == null ? "softmax_sums" : "sample", FunctionConstants.NONE);
        step.bind(0, out);
        step.bind(1, logits);
        step.pass()
                .bytes(
                        2,
                        step.arguments()
                                .put(logits.columns())
                                .put(logits.rowStride())
                                .put(out.rowStride())
                                .put(draws == null ? 0 : draws.rowStride())
                                .bytes());
        if (draws != null) {
            step.bind(3, draws);
        }
        int wanted = Math.min(MOST_THREADS, Math.ceilDiv(logits.columns(), LOGITS));
        step.pass().threadgroups(logits.rows(), 1, 1, step.threads(wanted), 1, 1);
    }
}
