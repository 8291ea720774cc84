package dev.ingot.worker;

import dev.ingot.engine.ops.DType;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What a worker loads, and within which limits.
///
/// @param model folder of the checkpoint
/// @param device `auto`, `cpu` or `metal`
/// @param threads threads that compute, where the device is the CPU
/// @param maxModelLength tokens of one sequence; empty for what the model was made for, or less if the
///     memory for the KV cache does not hold that
/// @param maxSequences sequences in one step
/// @param maxStepTokens tokens in one step
/// @param blockSize positions in one KV block
/// @param kvCacheBytes memory for the KV cache; empty for a share of what is left beside the weights
/// @param kvCacheType how K and V are stored
public record WorkerSettings(
        Path model,
        String device,
        int threads,
        OptionalInt maxModelLength,
        int maxSequences,
        int maxStepTokens,
        int blockSize,
        OptionalLong kvCacheBytes,
        DType kvCacheType) {}
