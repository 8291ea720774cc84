package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Tensor;

/// Dispatches what a mixture of experts does beside its projections: `experts.metal`.
final class ExpertOps {
    private static final int LANES = 32;
    private static final int MOST_GROUP_THREADS = 256;

    private final StepOps step;
    private final RowOps rows;

    ExpertOps(StepOps step, RowOps rows) {
        this.step = step;
        this.rows = rows;
    }

    void route(Tensor ids, Tensor weights, Tensor logits, boolean normalized) {
        if (logits.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = StepOps.bytes(logits);
        step.begin("moeRoute", bytes, bytes * logits.columns());
        step.pipeline("experts", "moe_route", FunctionConstants.NONE.with(0, normalized));
        step.bind(0, ids);
        step.bind(1, weights);
        step.bind(2, logits);
        pass.bytes(
                3,
                step.arguments()
                        .put(logits.columns())
                        .put(ids.columns())
                        .put(logits.rowStride())
                        .put(ids.rowStride())
                        .put(weights.rowStride())
                        .bytes());
        pass.threadgroups(logits.rows(), 1, 1, LANES, 1, 1);
    }

    void group(ExpertGroups groups, Tensor ids) {
        ComputePass pass = step.pass();
        int experts = groups.starts().rows() - 1;
        long pairs = (long) ids.rows() * ids.columns();
        int op = step.begin("moeGroup", StepOps.activationBytes(pairs), pairs * experts);
        step.pipeline("experts", "moe_group", FunctionConstants.NONE.with(0, false));
        step.bind(0, groups.starts());
        step.bind(1, pairs == 0 ? groups.starts() : groups.sources());
        step.bind(2, pairs == 0 ? groups.starts() : groups.places());
        step.bind(3, pairs == 0 ? groups.starts() : ids);
        pass.bytes(
                4,
                step.arguments()
                        .put(ids.rows())
                        .put(ids.columns())
                        .put(experts)
                        .put(ids.rowStride())
                        .put(groups.places().rowStride())
                        .put(groups.starts().rowStride())
                        .put(groups.sources().rowStride())
                        .put(op)
                        .bytes());
        step.bindFaults();
        int threads = step.threads(Math.min(MOST_GROUP_THREADS, experts));
        pass.threadgroups(1, 1, 1, threads, 1, 1);
    }

    void combine(Tensor out, Tensor y, Tensor places, Tensor weights) {
        if (out.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = StepOps.bytes(out) * (places.columns() + 2);
        int op = step.begin("moeCombine", bytes, bytes);
        step.pipeline("experts", "moe_combine", FunctionConstants.NONE.with(0, false));
        step.bind(0, out);
        step.bind(1, y);
        step.bind(2, places);
        step.bind(3, weights);
        pass.bytes(
                4,
                step.arguments()
                        .put(out.columns())
                        .put(places.columns())
                        .put(out.rowStride())
                        .put(y.rowStride())
                        .put(y.rows())
                        .put(places.rowStride())
                        .put(weights.rowStride())
                        .put(op)
                        .bytes());
        step.bindFaults();
        rows.segments(out);
    }
}
