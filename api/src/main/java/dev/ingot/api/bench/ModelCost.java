package dev.ingot.api.bench;

import dev.ingot.api.bench.BenchTest.Phase;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.kernels.cpu.CpuCalibration.Limits;

/// What a test costs at least: operations, and bytes that have to be read.
///
/// Of the weights, every step reads what its matrices hold, once; an embedding that is not the head too is
/// looked up and not read. Of a mixture, a step reads the experts that its tokens choose: as many as are chosen
/// on average when every expert is as likely as any other. Of the cache, every sequence reads its K and V up to
/// its last position.
///
/// @param layerWeights weights in the matrices of all layers that every token goes through
/// @param headWeights weights of the output head
/// @param mixture the experts, if there are any
/// @param bytesAWeight of all these, as they are stored
/// @param attentionFlops operations for one position that attends to one position, in all layers
/// @param kvBytes K and V of one position, in all layers
/// @param maxStepTokens tokens of one step
record ModelCost(
        long layerWeights,
        long headWeights,
        Mixture mixture,
        double bytesAWeight,
        long attentionFlops,
        long kvBytes,
        int maxStepTokens) {
    /// Experts of a layer, of which each token goes through some.
    ///
    /// @param expertWeights weights of one expert of each layer
    record Mixture(int experts, int chosen, long expertWeights) {
        static final Mixture NONE = new Mixture(0, 0, 0);

        /// Experts of a layer that so many tokens choose, on average.
        double distinct(long tokens) {
            return experts == 0
                    ? 0
                    : experts * (1 - Math.pow(1 - (double) chosen / experts, (double) tokens));
        }
    }

    static ModelCost of(ModelConfig model, long weightBytes, long kvBytes, int maxStepTokens) {
        long hidden = model.hidden();
        long attention = 2 * hidden * (model.queryColumns() + model.kvColumns());
        long mixed = model.experts().map(e -> model.layers() - e.dense().size()).orElse(0);
        long dense = model.layers() - mixed;
        var mixture =
                model.experts()
                        .map(e ->
                                new Mixture(
                                        e.count(),
                                        e.chosen(),
                                        3 * hidden * e.intermediate() * mixed))
                        .orElse(Mixture.NONE);
        long layers =
                model.layers() * attention
                        + dense * 3 * hidden * model.intermediate()
                        + mixed * hidden * mixture.experts(); // the router
        long head = hidden * model.vocabulary();
        long stored =
                layers
                        + mixture.experts() * mixture.expertWeights()
                        + (model.tiedEmbeddings() ? head : 2 * head);
        return new ModelCost(
                layers,
                head,
                mixture,
                (double) weightBytes / stored,
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
        long everyToken = layerWeights + mixture.chosen() * mixture.expertWeights();
        return 2.0 * everyToken * test.totalTokens() + 2.0 * headWeights * logitRows;
    }

    private double attentionFlops(BenchTest test) {
        return (double) attentionFlops * attendedPositions(test);
    }

    /// Bytes of weights that the test reads.
    double weightBytes(BenchTest test) {
        long steps = steps(test);
        double experts = mixture.distinct(Math.ceilDiv(test.totalTokens(), steps));
        return bytesAWeight
                * (layerWeights + headWeights + experts * mixture.expertWeights())
                * steps;
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
