package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;

/// From a checkpoint to a model on a device.
///
/// ```
/// var config = HfConfig.read(folder);
/// var checkpoint = Checkpoint.open(folder); // closed after the device
/// var memory = ModelMemory.of(checkpoint, config, loading, device, limits, blockSize, kvDtype);
/// int blocks = memory.blocksThatFit(device.info().workingSetBytes());
/// var cache = device.kvCache(Models.kvGeometry(config, blockSize, blocks, kvDtype));
/// var model = Models.load(checkpoint, config, device, limits, cache);
/// ```
public final class Models {
    private Models() {}

    /// The KV cache that a model needs.
    ///
    /// @param blockSize positions in one block
    /// @param blockCount blocks in the pool
    /// @param dtype how K and V are stored
    public static KvGeometry kvGeometry(
            ModelConfig config, int blockSize, int blockCount, DType dtype) {
        var places = KvPlaces.of(config.attending().windows());
        return new KvGeometry(
                places.layersPerBlock(),
                config.kvHeads(),
                config.headDim(),
                blockSize,
                blockCount,
                dtype,
                places.groups());
    }

    /// Which of the model's layers share blocks of the KV cache.
    public static KvGroups kvGroups(ModelConfig config) {
        return KvPlaces.of(config.attending().windows()).groups();
    }

    /// [#load(Checkpoint, ModelConfig, WeightLoading, Device, StepLimits, KvCache, LoadProgress)] of weights as
    /// they are stored, telling nobody.
    public static Model load(
            Checkpoint checkpoint,
            ModelConfig config,
            Device device,
            StepLimits limits,
            KvCache cache) {
        return load(checkpoint, config, WeightLoading.AS_STORED, device, limits, cache);
    }

    /// [#load(Checkpoint, ModelConfig, WeightLoading, Device, StepLimits, KvCache, LoadProgress)], telling nobody.
    public static Model load(
            Checkpoint checkpoint,
            ModelConfig config,
            WeightLoading loading,
            Device device,
            StepLimits limits,
            KvCache cache) {
        return load(checkpoint, config, loading, device, limits, cache, LoadProgress.NONE);
    }

    /// Puts a model's weights on a device, and its activations at the limits.
    ///
    /// Keep the checkpoint open until the device is closed: a device may multiply with the mapped file
    /// itself.
    ///
    /// @param loading what happens to weights that are stored in full
    /// @param progress is told of every matrix
    /// @param cache of the shape that [#kvGeometry] says; the model writes and reads it in every step
    /// @throws CheckpointException if a tensor is missing, has another shape than the configuration
    ///     says, or is one that the architecture does not know
    /// @throws IllegalArgumentException if the cache does not fit the model
    public static Model load(
            Checkpoint checkpoint,
            ModelConfig config,
            WeightLoading loading,
            Device device,
            StepLimits limits,
            KvCache cache,
            LoadProgress progress) {
        var given = cache.geometry();
        var needed = kvGeometry(config, given.blockSize(), given.blockCount(), given.dtype());
        if (!given.equals(needed)) {
            throw new IllegalArgumentException(
                    "expected a cache of " + needed + ", found " + given);
        }
        var weights = new Weights(checkpoint, loading, device, progress);
        return switch (config.architecture()) {
            case GEMMA2 -> new Gemma2(weights, config, device, limits, cache);
            case GEMMA3 -> new Gemma3(weights, config, device, limits, cache);
            case GPT2 -> new Gpt2(weights, config, device, limits, cache);
            case GPT_OSS -> new GptOss(weights, config, device, limits, cache);
            case LLAMA -> new Llama(weights, config, device, limits, cache);
            case MISTRAL -> new Mistral(weights, config, device, limits, cache);
            case MIXTRAL -> new Mixtral(weights, config, device, limits, cache);
            case OLMO2 -> new Olmo2(weights, config, device, limits, cache);
            case OPT -> new Opt(weights, config, device, limits, cache);
            case PHI -> new Phi(weights, config, device, limits, cache);
            case PHI3 -> new Phi3(weights, config, device, limits, cache);
            case QWEN2 -> new Qwen2(weights, config, device, limits, cache);
            case QWEN3 -> new Qwen3(weights, config, device, limits, cache);
            case QWEN3_MOE -> new Qwen3Moe(weights, config, device, limits, cache);
        };
    }
}
