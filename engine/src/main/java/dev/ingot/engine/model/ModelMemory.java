package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.Checkpoint;

/// What a model takes of a device's memory, known before anything is allocated.
///
/// @param weightBytes the weights as they are stored; a device that repacks them may take a little more
/// @param activationBytes activations at the step limits
/// @param logitBytes logits at the step limits, which the worker allocates
/// @param kvBytesPerBlock one block of the KV cache over all layers
public record ModelMemory(
        long weightBytes, long activationBytes, long logitBytes, long kvBytesPerBlock) {
    /// [#of(Checkpoint, ModelConfig, WeightLoading, StepLimits, int, DType)] of weights as they are stored.
    public static ModelMemory of(
            Checkpoint checkpoint,
            ModelConfig config,
            StepLimits limits,
            int blockSize,
            DType kvDtype) {
        return of(checkpoint, config, WeightLoading.AS_STORED, limits, blockSize, kvDtype);
    }

    /// Adds up a model that is not loaded yet.
    ///
    /// @param loading what happens to weights that are stored in full
    /// @param blockSize positions in one block
    /// @param kvDtype how K and V are stored
    public static ModelMemory of(
            Checkpoint checkpoint,
            ModelConfig config,
            WeightLoading loading,
            StepLimits limits,
            int blockSize,
            DType kvDtype) {
        return new ModelMemory(
                weightBytes(checkpoint, loading),
                Activations.bytes(config, limits)
                        + config.experts()
                                .map(e -> ExpertActivations.bytes(config, e, limits))
                                .orElse(0L),
                DType.F32.bytes((long) limits.maxLogitRows() * config.vocabulary()),
                Models.kvGeometry(config, blockSize, 1, kvDtype).bytesPerBlock());
    }

    private static long weightBytes(Checkpoint checkpoint, WeightLoading loading) {
        if (loading == WeightLoading.AS_STORED) {
            return checkpoint.totalBytes();
        }
        long bytes = 0;
        for (var name : checkpoint.names()) {
            var tensor = checkpoint.tensor(name);
            boolean quantized =
                    tensor.shape().size() == 2 && tensor.in() % Weights.SMALLEST_GROUP == 0;
            bytes +=
                    quantized
                            ? Weights.quantizedBytes(tensor, loading.bits())
                            : tensor.data().byteSize();
        }
        return bytes;
    }

    /// All that does not grow with the KV cache.
    public long fixedBytes() {
        return weightBytes + activationBytes + logitBytes;
    }

    /// Blocks of KV cache that fit beside the rest; 0 if not even one does.
    ///
    /// @param budgetBytes memory that everything may take together
    public int blocksThatFit(long budgetBytes) {
        long blocks = Math.max(0, budgetBytes - fixedBytes()) / kvBytesPerBlock;
        return (int) Math.min(blocks, Integer.MAX_VALUE);
    }
}
