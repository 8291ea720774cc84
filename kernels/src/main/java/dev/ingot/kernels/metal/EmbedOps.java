package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Tensor;

/// Dispatches embeddings: `embedding.metal`, once for each slab of the table.
final class EmbedOps {
    private static final int MOST_THREADS = 128;

    private final StepOps step;

    EmbedOps(StepOps step) {
        this.step = step;
    }

    void embed(Tensor out, MetalMatrix table, Tensor ids) {
        if (ids.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        long bytes = 2 * StepOps.bytes(out);
        int op = step.begin("embed", bytes, bytes);
        int first = 0;
        for (WeightSlab slab : table.slabs()) {
            WeightFormat format = slab.format();
            step.pipeline(
                    "embedding", "embed_" + format.kind().suffix(), MatmulOps.constants(format));
            step.bind(0, out);
            step.bind(1, ids);
            step.bind(2, slab.levels());
            step.bind(3, slab.scales());
            step.bind(4, slab.biases());
            KernelArguments arguments = step.arguments();
            MatmulOps.matrix(arguments, slab, slab.rows());
            pass.bytes(5, arguments.bytes());
            pass.bytes(
                    6,
                    step.arguments()
                            .put(out.rowStride())
                            .put(first)
                            .put(table.out())
                            .put(op)
                            .put(ids.rowStride())
                            .bytes());
            step.bindFaults();
            int steps = Math.ceilDiv(slab.in(), format.kind().step());
            int threads = step.threads(Math.min(MOST_THREADS, steps));
            pass.threadgroups(Math.ceilDiv(steps, threads), ids.rows(), 1, threads, 1, 1);
            first += slab.rows();
        }
    }
}
