package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Tensor;
import java.util.Locale;

/// Dispatches writes to the KV cache: `kv_cache.metal`.
final class CacheOps {
    private static final int LANES = 32;
    private static final int COPY_THREADS = 128;

    /// Words that a thread copies, about.
    private static final int WORDS = 8;

    private final StepOps step;

    CacheOps(StepOps step) {
        this.step = step;
    }

    /// Writes `CacheParams`.
    static void cache(KernelArguments arguments, MetalKvCache cache) {
        var geometry = cache.geometry();
        arguments
                .put(geometry.blockCount())
                .put(geometry.kvHeads())
                .put(geometry.headDim())
                .put(cache.padded())
                .put(geometry.blockSize());
    }

    void store(MetalKvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping) {
        if (k.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        var geometry = cache.geometry();
        long count = 2L * k.rows() * k.columns();
        int op = step.begin("storeKv", 2 * StepOps.activationBytes(count), count);
        String type = geometry.dtype().name().toLowerCase(Locale.ROOT);
        step.pipeline("kv_cache", "store_kv_" + type, FunctionConstants.NONE);
        pass.buffer(0, cache.layers().get(layer), 0);
        step.bind(1, k);
        step.bind(2, v);
        step.bind(3, slotMapping);
        KernelArguments arguments = step.arguments();
        cache(arguments, cache);
        pass.bytes(4, arguments.bytes());
        pass.bytes(
                5,
                step.arguments()
                        .put(k.rowStride())
                        .put(v.rowStride())
                        .put(slotMapping.rowStride())
                        .put(op)
                        .bytes());
        step.bindFaults();
        pass.threadgroups(geometry.kvHeads(), k.rows(), 1, LANES, 1, 1);
    }

    /// Turns q and k and stores K and V in one go.
    ///
    /// @param heads of queries
    void turnAndStore(
            MetalKvCache cache,
            int layer,
            Tensor qkv,
            int heads,
            Batch batch,
            Tensor inverseFrequencies,
            float magnitude) {
        if (qkv.rows() == 0) {
            return;
        }
        ComputePass pass = step.pass();
        var geometry = cache.geometry();
        long bytes = 2 * StepOps.bytes(qkv);
        int op = step.begin("ropeAndStoreKv", bytes, 2 * bytes);
        String type = geometry.dtype().name().toLowerCase(Locale.ROOT);
        step.pipeline("kv_cache", "rope_store_kv_" + type, FunctionConstants.NONE);
        pass.buffer(0, cache.layers().get(layer), 0);
        step.bind(1, qkv);
        step.bind(2, batch.positions());
        step.bind(3, inverseFrequencies);
        step.bind(4, batch.slotMapping());
        KernelArguments arguments = step.arguments();
        cache(arguments, cache);
        pass.bytes(5, arguments.bytes());
        KernelArguments rotation = step.arguments();
        RowOps.rope(
                rotation,
                qkv,
                geometry.headDim(),
                heads,
                batch.positions(),
                inverseFrequencies,
                magnitude,
                op);
        pass.bytes(6, rotation.bytes());
        pass.bytes(7, step.arguments().put(batch.slotMapping().rowStride()).bytes());
        step.bindFaults();
        int runs = Math.ceilDiv(heads, RowOps.ROPE_HEADS);
        pass.threadgroups(geometry.kvHeads() + runs, qkv.rows(), 1, LANES, 1, 1);
    }

    /// Copies whole blocks: K and V of all layers.
    void copy(MetalKvCache cache, Tensor pairs) {
        if (pairs.rows() == 0) {
            return;
        }
        var geometry = cache.geometry();
        long bytes = 2L * pairs.rows() * geometry.bytesPerBlock();
        int op = step.begin("copyBlocks", bytes, bytes / Integer.BYTES);
        step.pipeline("kv_cache", "copy_blocks", FunctionConstants.NONE);
        long half = cache.blockBytes() * geometry.blockCount();
        long scales = cache.blockScaleBytes() * geometry.blockCount();
        for (MetalBuffer layer : cache.layers()) {
            copy(layer, 0, cache.blockBytes(), pairs, geometry.blockCount(), op);
            copy(layer, half, cache.blockBytes(), pairs, geometry.blockCount(), op);
            if (geometry.dtype() == DType.I8) {
                copy(layer, 2 * half, cache.blockScaleBytes(), pairs, geometry.blockCount(), op);
                copy(
                        layer,
                        2 * half + scales,
                        cache.blockScaleBytes(),
                        pairs,
                        geometry.blockCount(),
                        op);
            }
        }
    }

    private void copy(
            MetalBuffer layer, long offset, long blockBytes, Tensor pairs, int blocks, int op) {
        ComputePass pass = step.pass();
        int words = Math.toIntExact(blockBytes / Integer.BYTES);
        pass.buffer(0, layer, offset);
        step.bind(1, pairs);
        pass.bytes(
                2, step.arguments().put(words).put(blocks).put(pairs.rowStride()).put(op).bytes());
        step.bindFaults();
        int threads = step.threads(COPY_THREADS);
        pass.threadgroups(Math.ceilDiv(words, threads * WORDS), pairs.rows(), 1, threads, 1, 1);
    }
}
