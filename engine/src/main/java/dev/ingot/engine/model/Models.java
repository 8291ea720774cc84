package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;

/// From a checkpoint to a model on a device.
///
/// ```
/// var config = HfConfig.read(folder);
/// var checkpoint = Checkpoint.open(folder); // closed after the device
/// var memory = ModelMemory.of(checkpoint, config, limits, blockSize, kvDtype);
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
        return new KvGeometry(
                config.layers(), config.kvHeads(), config.headDim(), blockSize, blockCount, dtype);
    }

    /// Puts a model's weights on a device, and its activations at the limits.
    ///
    /// Keep the checkpoint open until the device is closed: a device may multiply with the mapped file
    /// itself.
    ///
    /// @param cache of the shape that [#kvGeometry] says; the model writes and reads it in every step
    /// @throws CheckpointException if a tensor is missing, has another shape than the configuration
    ///     says, or is one that the architecture does not know
    /// @throws IllegalArgumentException if the cache does not fit the model
    public static Model load(
            Checkpoint checkpoint,
            ModelConfig config,
            Device device,
            StepLimits limits,
            KvCache cache) {
        var given = cache.geometry();
        var needed = kvGeometry(config, given.blockSize(), given.blockCount(), given.dtype());
        if (!given.equals(needed)) {
            throw new IllegalArgumentException(
                    "expected a cache of " + needed + ", found " + given);
        }
        return switch (config.architecture()) {
            case GEMMA2 -> new Gemma2(checkpoint, config, device, limits, cache);
            case GEMMA3 -> new Gemma3(checkpoint, config, device, limits, cache);
            case GPT2 -> new Gpt2(checkpoint, config, device, limits, cache);
            case GPT_OSS -> new GptOss(checkpoint, config, device, limits, cache);
            case LLAMA -> new Llama(checkpoint, config, device, limits, cache);
            case MISTRAL -> new Mistral(checkpoint, config, device, limits, cache);
            case MIXTRAL -> new Mixtral(checkpoint, config, device, limits, cache);
            case OLMO2 -> new Olmo2(checkpoint, config, device, limits, cache);
            case OPT -> new Opt(checkpoint, config, device, limits, cache);
            case PHI -> new Phi(checkpoint, config, device, limits, cache);
            case PHI3 -> new Phi3(checkpoint, config, device, limits, cache);
            case QWEN2 -> new Qwen2(checkpoint, config, device, limits, cache);
            case QWEN3 -> new Qwen3(checkpoint, config, device, limits, cache);
            case QWEN3_MOE -> new Qwen3Moe(checkpoint, config, device, limits, cache);
        };
    }
}
