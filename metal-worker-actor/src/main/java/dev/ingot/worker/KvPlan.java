package dev.ingot.worker;

import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.model.ModelMemory;
import dev.ingot.engine.model.Models;

/// How long a sequence may be and how many KV blocks there are: decided before anything is allocated.
///
/// @param maxModelLength the context in force
/// @param blockCount blocks in the pool
record KvPlan(int maxModelLength, int blockCount) {
    /// A cache that nobody asked for by size takes no more than this.
    static final long DEFAULT_LIMIT_BYTES = 4L << 30;

    /// Share of what is left beside the weights that the cache takes by default: the rest is the system's.
    private static final double DEFAULT_SHARE = 0.4;

    /// @param workingSetBytes memory that the device may use for everything
    /// @param availableBytes what of it others do not hold now
    /// @throws IllegalArgumentException naming the setting that does not fit, and what would
    static KvPlan of(
            WorkerSettings settings,
            ModelConfig config,
            ModelMemory memory,
            long workingSetBytes,
            long availableBytes) {
        int asked = settings.maxModelLength().orElse(config.maxPositions());
        if (asked > config.maxPositions()) {
            throw new IllegalArgumentException(
                    "--max-model-len is "
                            + asked
                            + ", but the model was made for at most "
                            + config.maxPositions()
                            + " positions");
        }
        long allowed =
                settings.memoryFraction().isPresent()
                        ? (long) (workingSetBytes * settings.memoryFraction().getAsDouble())
                        : workingSetBytes;
        long usable = Math.min(allowed, availableBytes);
        long left = usable - memory.fixedBytes();
        if (left <= 0) {
            throw new IllegalArgumentException(
                    "the model needs "
                            + mib(memory.fixedBytes())
                            + " ("
                            + mib(memory.weightBytes())
                            + " of weights, "
                            + mib(memory.fixedBytes() - memory.weightBytes())
                            + " of activations and logits) before any KV cache; the device has "
                            + mib(workingSetBytes)
                            + (availableBytes < workingSetBytes
                                    ? " and " + mib(availableBytes) + " of them are available"
                                    : "")
                            + (usable < Math.min(workingSetBytes, availableBytes)
                                    ? ", of which --gpu-memory-utilization allows "
                                            + mib(usable)
                                            + ": raise it, or take a smaller or quantized model"
                                    : ": take a smaller or quantized model"));
        }
        long budget = budget(settings, left);
        if (budget > left) {
            throw new IllegalArgumentException(
                    "--kv-cache-memory-bytes is "
                            + mib(budget)
                            + "; beside weights and activations the device has "
                            + mib(left));
        }
        long affordable =
                Math.min(
                        budget / memory.kvBytesPerBlock(),
                        Integer.MAX_VALUE / settings.blockSize());
        var groups = Models.kvGroups(config);
        int chunk = settings.maxStepTokens();
        int length = groups.longest(asked, affordable, settings.blockSize(), chunk);
        if (length < asked && (settings.maxModelLength().isPresent() || length < 2)) {
            throw new IllegalArgumentException(
                    "a context of "
                            + asked
                            + " tokens needs "
                            + mib(
                                    groups.most(asked, settings.blockSize(), chunk)
                                            * memory.kvBytesPerBlock())
                            + " of KV cache and there are "
                            + mib(budget)
                            + ": "
                            + (length < 2 ? "" : "lower --max-model-len to " + length + ", or ")
                            + (settings.kvCacheBytes().isEmpty()
                                            && settings.memoryFraction().isPresent()
                                    ? "raise --gpu-memory-utilization"
                                    : "raise --kv-cache-memory-bytes"));
        }
        // More blocks than all sequences can fill at once would only serve the prefix cache.
        long useful = settings.maxSequences() * groups.most(length, settings.blockSize(), chunk);
        return new KvPlan(
                length,
                (int)
                        (settings.kvCacheBytes().isPresent()
                                ? affordable
                                : Math.min(affordable, useful)));
    }

    private static long budget(WorkerSettings settings, long left) {
        if (settings.kvCacheBytes().isPresent()) {
            return settings.kvCacheBytes().getAsLong();
        }
        return settings.memoryFraction().isPresent()
                ? left
                : Math.min(DEFAULT_LIMIT_BYTES, (long) (left * DEFAULT_SHARE));
    }

    private static String mib(long bytes) {
        return bytes >= 1 << 20 ? (bytes >> 20) + " MiB" : bytes + " bytes";
    }
}
