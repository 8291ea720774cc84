package dev.ingot.api.bench;

import dev.ingot.api.bench.BenchTest.Phase;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.kernels.cpu.CpuCalibration.Limits;

/// What a test costs at least: operations, and bytes that have to be read.
///
/// Of the weights, every step reads what its matrices hold, once; an embedding that is not the head too is
/// looked up and not read. Of the cache, every sequence reads its K and V up to its last position.
///
/// @param layerWeights weights in the matrices of all layers
/// @param headWeights weights of the output head
/// @param stepBytes bytes of both, as they are stored
/// @param attentionFlops operations for one position that attends to one position, in all layers
/// @param kvBytes K and V of one position, in all layers
/// @param maxStepTokens tokens of one step
record ModelCost(
        long layerWeights,
        long headWeights,
        double stepBytes,
        long attentionFlops,
        long kvBytes,
        int maxStepTokens) {
    static ModelCost of(ModelConfig model, long weightBytes, long kvBytes, int maxStepTokens) {
        long hidden = model.hidden();
        long attention = 2 * hidden * (model.queryColumns() + model.kvColumns());
        long layers = model.layers() * (attention + 3 * hidden * model.intermediate());
        long head = hidden * model.vocabulary();
        long stored = layers + (model.tiedEmbeddings() ? head : 2 * head);
        return new ModelCost(
                layers,
                head,
                (double) weightBytes * (layers + head) / stored,
                4L * model.layers() * model.queryColumns(),
                kvBytes,
                maxStepTokens);
    }

    /// Steps that the test takes.
    long steps(BenchTest test) {
        return test.phase() == Phase.DECODE
                ? test.tokens()
                : Math.ceilDiv(test.totalTokens(), maxStepTokens);
    }

    double flops(BenchTest test) {
        return weightFlops(test) + attentionFlops(test);
    }

    /// Of products with weights.
    private double weightFlops(BenchTest test) {
        long logitRows = test.phase() == Phase.DECODE ? test.totalTokens() : test.batch();
        return 2.0 * layerWeights * test.totalTokens() + 2.0 * headWeights * logitRows;
    }

    private double attentionFlops(BenchTest test) {
        return (double) attentionFlops * attendedPositions(test);
    }

    /// Bytes of weights that the test reads.
    double weightBytes(BenchTest test) {
        return stepBytes * steps(test);
    }

    /// Bytes of weights, and of the cache where every step reads it.
    double bytes(BenchTest test) {
        return weightBytes(test)
                + (test.phase() == Phase.DECODE ? (double) kvBytes * attendedPositions(test) : 0);
    }

    /// Seconds that a machine with these limits needs at least: for the bytes or for the operations, whichever
    /// takes longer.
    double leastSeconds(BenchTest test, Limits limits) {
        return Math.max(
                bytes(test) / (limits.readGigabytes() * 1e9),
                weightFlops(test) / (limits.weightGigaops() * 1e9)
                        + attentionFlops(test) / (limits.gigaflops() * 1e9));
    }

    /// Positions that all the test's tokens attend to, themselves included.
    private static long attendedPositions(BenchTest test) {
        long n = test.tokens();
        return test.batch() * (n * test.depth() + n * (n + 1) / 2);
    }
}
