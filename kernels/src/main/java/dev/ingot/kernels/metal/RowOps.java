package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Tensor;
import org.jspecify.annotations.Nullable;

/// Dispatches what treats every row on its own: norms, rope, elements, rows that are moved, selection.
final class RowOps {
    /// `SEGMENT`: columns of a threadgroup of an element-wise kernel.
    private static final int SEGMENT = 1024;

    private static final int MOST_ELEMENT_THREADS = 128;
    private static final int ELEMENTS = 8;

    /// `ROW_SIMDGROUPS`, and what a thread sums up of a row where there are fewer.
    private static final int MOST_ROW_THREADS = 256;

    private static final int SUMMED = 4;

    /// `HEADS` of rope.h
    static final int ROPE_HEADS = 8;

    private static final int MOST_ROPE_THREADS = 128;

    private final StepOps step;

    RowOps(StepOps step) {
        this.step = step;
    }

    /// Norms of each of `heads` equal parts of a row.
    void rmsNorm(String op, Tensor out, Tensor x, Tensor weight, int heads, float epsilon) {
        if (x.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = 2 * StepOps.bytes(x);
        step.begin(op, bytes, bytes);
        step.pipeline("norm", "rms_norm", FunctionConstants.NONE.with(0, false));
        step.bind(0, out);
        step.bind(1, x);
        step.bind(2, weight);
        int columns = x.columns() / heads;
        norm(3, columns, out, x, epsilon);
        pass.threadgroups(heads, x.rows(), 1, rowThreads(columns), 1, 1);
    }

    void layerNorm(Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon) {
        if (x.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = 2 * StepOps.bytes(x);
        step.begin("layerNorm", bytes, 2 * bytes);
        step.pipeline("norm", "layer_norm", FunctionConstants.NONE.with(0, bias != null));
        step.bind(0, out);
        step.bind(1, x);
        step.bind(2, weight);
        step.bind(4, bias == null ? weight : bias);
        norm(3, x.columns(), out, x, epsilon);
        pass.threadgroups(1, x.rows(), 1, rowThreads(x.columns()), 1, 1);
    }

    private void norm(int index, int columns, Tensor out, Tensor x, float epsilon) {
        var arguments =
                step.arguments().put(columns).put(out.rowStride()).put(x.rowStride()).put(epsilon);
        step.pass().bytes(index, arguments.bytes());
    }

    void rope(Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies, float magnitude) {
        if (x.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = 2 * StepOps.bytes(x);
        int op = step.begin("rope", bytes, 2 * bytes);
        step.pipeline("rope", "rope", FunctionConstants.NONE);
        step.bind(0, x);
        step.bind(1, positions);
        step.bind(2, inverseFrequencies);
        int pairs = inverseFrequencies.columns();
        int heads = x.columns() / headDim;
        KernelArguments arguments = step.arguments();
        rope(arguments, x, headDim, heads, positions, inverseFrequencies, magnitude, op);
        pass.bytes(3, arguments.bytes());
        step.bindFaults();
        int threads = step.threads(Math.min(MOST_ROPE_THREADS, pairs));
        pass.threadgroups(
                Math.ceilDiv(pairs, threads),
                Math.ceilDiv(heads, ROPE_HEADS),
                x.rows(),
                threads,
                1,
                1);
    }

    /// Writes `RopeParams`.
    static void rope(
            KernelArguments arguments,
            Tensor x,
            int headDim,
            int heads,
            Tensor positions,
            Tensor inverseFrequencies,
            float magnitude,
            int op) {
        arguments
                .put(inverseFrequencies.columns())
                .put(headDim)
                .put(heads)
                .put(x.rowStride())
                .put(positions.rowStride())
                .put(magnitude)
                .put(op);
    }

    /// A function of `elementwise.metal`: `map` of one element, or `gate` of two.
    void elements(
            String op,
            String kernel,
            int function,
            Tensor out,
            Tensor x,
            float parameter,
            float limit) {
        if (out.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = StepOps.bytes(out) + StepOps.bytes(x);
        step.begin(op, bytes, 4 * bytes);
        step.pipeline("elementwise", kernel, FunctionConstants.NONE.with(0, function));
        step.bind(0, out);
        step.bind(1, x);
        pass.bytes(
                2,
                step.arguments()
                        .put(out.columns())
                        .put(out.rowStride())
                        .put(x.rowStride())
                        .put(parameter)
                        .put(limit)
                        .bytes());
        segments(out);
    }

    /// Rows copied or added, all of them or those that `rows` names.
    void move(String op, Tensor out, Tensor x, @Nullable Tensor rows, boolean adds) {
        if (out.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = 2 * StepOps.bytes(out);
        int number = step.begin(op, bytes, bytes);
        step.pipeline(
                "rows", "move_rows", FunctionConstants.NONE.with(0, adds).with(1, rows != null));
        step.bind(0, out);
        step.bind(1, x);
        step.bind(2, rows == null ? x : rows);
        pass.bytes(
                3,
                step.arguments()
                        .put(out.columns())
                        .put(out.rowStride())
                        .put(x.rowStride())
                        .put(x.rows())
                        .put(rows == null ? 0 : rows.rowStride())
                        .put(number)
                        .bytes());
        step.bindFaults();
        segments(out);
    }

    void feedSampled(Tensor ids, Tensor sampled, Tensor rows) {
        if (ids.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = 3 * StepOps.bytes(ids);
        int number = step.begin("feedSampled", bytes, bytes);
        step.pipeline("select", "feed_sampled", FunctionConstants.NONE);
        step.bind(0, ids);
        step.bind(1, sampled);
        step.bind(2, rows);
        pass.bytes(
                3,
                step.arguments()
                        .put(ids.rows())
                        .put(ids.rowStride())
                        .put(sampled.rowStride())
                        .put(rows.rowStride())
                        .put(sampled.rows())
                        .put(number)
                        .bytes());
        step.bindFaults();
        int threads = step.threads(Math.min(MOST_ELEMENT_THREADS, ids.rows()));
        pass.threadgroups(Math.ceilDiv(ids.rows(), threads), 1, 1, threads, 1, 1);
    }

    void argmax(Tensor out, Tensor x) {
        if (x.rows() > 0) {
            long bytes = StepOps.bytes(x);
            step.begin("argmax", bytes, bytes);
            step.pipeline("select", "argmax", FunctionConstants.NONE);
            select(out, x, 0);
        }
    }

    void topK(Tensor ids, Tensor values, Tensor x) {
        if (x.rows() > 0) {
            long bytes = StepOps.bytes(x) * (ids.columns() + 1);
            step.begin("topK", bytes, bytes);
            step.pipeline("select", "top_k", FunctionConstants.NONE);
            step.bind(3, values);
            select(ids, x, values.rowStride());
        }
    }

    private void select(Tensor out, Tensor x, int valueStride) {
        ComputePass pass = step.pass();
        step.bind(0, out);
        step.bind(1, x);
        pass.bytes(
                2,
                step.arguments()
                        .put(x.columns())
                        .put(x.rowStride())
                        .put(out.rowStride())
                        .put(valueStride)
                        .put(out.columns())
                        .bytes());
        pass.threadgroups(x.rows(), 1, 1, rowThreads(x.columns()), 1, 1);
    }

    /// A threadgroup for each row and segment of its columns.
    void segments(Tensor out) {
        int columns = out.columns();
        int threads =
                step.threads(
                        Math.min(
                                MOST_ELEMENT_THREADS,
                                Math.ceilDiv(Math.min(columns, SEGMENT), ELEMENTS)));
        step.pass().threadgroups(Math.ceilDiv(columns, SEGMENT), out.rows(), 1, threads, 1, 1);
    }

    /// Threads that share a row: by its length and the kernel only, so that its sums have one order.
    private int rowThreads(int columns) {
        return step.threads(Math.min(MOST_ROW_THREADS, Math.ceilDiv(columns, SUMMED)));
    }
}
