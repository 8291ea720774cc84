package dev.ingot.worker;

import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What a worker loads, and within which limits.
///
/// @param model a Hugging Face folder or a GGUF file
/// @param device `auto`, `cpu` or `metal`
/// @param threads threads that compute, where the device is the CPU
/// @param maxModelLength tokens of one sequence; empty for what the model was made for, or less if the
///     memory for the KV cache does not hold that
/// @param maxSequences sequences in one step
/// @param maxStepTokens tokens in one step
/// @param blockSize positions in one KV block
/// @param kvCacheBytes memory for the KV cache; empty for a share of what is left beside the weights
/// @param memoryFraction share of the device's memory that everything together may take; empty for all of it,
///     and then the KV cache is kept within a limit of its own
/// @param kvCacheType how K and V are stored
/// @param weightLoading what happens to weights that are stored in full
/// @param numerics what the device may choose freely
public record WorkerSettings(
        Path model,
        String device,
        int threads,
        OptionalInt maxModelLength,
        int maxSequences,
        int maxStepTokens,
        int blockSize,
        OptionalLong kvCacheBytes,
        OptionalDouble memoryFraction,
        DType kvCacheType,
        WeightLoading weightLoading,
        Numerics numerics) {
    /// Rows of a decode step by default.
    public static final int DEFAULT_MAX_SEQUENCES = 64;

    /// Tokens of a step by default: a chunk of prefill that a running stream has to wait for.
    public static final int DEFAULT_MAX_STEP_TOKENS = 256;

    /// Positions of a KV block by default.
    public static final int DEFAULT_BLOCK_SIZE = 16;

    /// K and V by default: half the memory of F32, and four times the precision of BF16.
    public static final DType DEFAULT_KV_TYPE = DType.F16;

    /// With weights as they are stored, and exact numerics.
    public WorkerSettings(
            Path model,
            String device,
            int threads,
            OptionalInt maxModelLength,
            int maxSequences,
            int maxStepTokens,
            int blockSize,
            OptionalLong kvCacheBytes,
            OptionalDouble memoryFraction,
            DType kvCacheType) {
        this(
                model,
                device,
                threads,
                maxModelLength,
                maxSequences,
                maxStepTokens,
                blockSize,
                kvCacheBytes,
                memoryFraction,
                kvCacheType,
                WeightLoading.AS_STORED,
                Numerics.EXACT);
    }

    /// A model with nothing else asked for.
    public static WorkerSettings defaults(Path model) {
        return new WorkerSettings(
                model,
                "auto",
                Runtime.getRuntime().availableProcessors(),
                OptionalInt.empty(),
                DEFAULT_MAX_SEQUENCES,
                DEFAULT_MAX_STEP_TOKENS,
                DEFAULT_BLOCK_SIZE,
                OptionalLong.empty(),
                OptionalDouble.empty(),
                DEFAULT_KV_TYPE);
    }
}
