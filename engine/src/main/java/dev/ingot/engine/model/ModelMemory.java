package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.weights.Checkpoint;

/// What a model takes of a device's memory, known before anything is allocated.
///
/// @param weightBytes the weights as the device holds them
/// @param activationBytes activations at the step limits
/// @param logitBytes logits at the step limits, of as many steps as may be under way: the worker allocates them
/// @param kvBytesPerBlock one block of the KV cache over all layers
public record ModelMemory(
        long weightBytes, long activationBytes, long logitBytes, long kvBytesPerBlock) {
    /// Steps that the worker may have encoded and not ended, each with logits of its own.
    public static final int STEPS = 2;

    /// Adds up a model that is not loaded yet.
    ///
    /// @param loading what happens to weights that are stored in full
    /// @param device that is to hold them; nothing is allocated on it
    /// @param blockSize positions in one block
    /// @param kvDtype how K and V are stored
    /// @throws dev.ingot.engine.weights.CheckpointException if a tensor is not as its configuration says
    public static ModelMemory of(
            Checkpoint checkpoint,
            ModelConfig config,
            WeightLoading loading,
            Device device,
            StepLimits limits,
            int blockSize,
            DType kvDtype) {
        return new ModelMemory(
                new ForetoldWeights(new StoredMatrices(checkpoint, loading)).bytesOn(device),
                Activations.bytes(config, limits)
                        + config.experts()
                                .map(e -> ExpertActivations.bytes(config, e, limits))
                                .orElse(0L),
                DType.F32.bytes((long) STEPS * limits.maxLogitRows() * config.vocabulary()),
                Models.kvGeometry(config, blockSize, 1, kvDtype).bytesPerBlock());
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
