package dev.ingot.engine.ops;

/// The shape of a paged KV cache: `layers × blocks × blockSize` positions of K and V.
///
/// @param layers attention layers that share a block, each with K and V of its own: all of a model's, or those of one
///     of its groups
/// @param kvHeads key/value heads of a layer
/// @param headDim elements of one head
/// @param blockSize positions in one block
/// @param blockCount blocks in the pool; a slot is `block · blockSize + position mod blockSize`
/// @param dtype how K and V are stored
/// @param groups the groups of layers that take turns in the blocks
public record KvGeometry(
        int layers,
        int kvHeads,
        int headDim,
        int blockSize,
        int blockCount,
        DType dtype,
        KvGroups groups) {
    /// Of a model whose layers all attend to everything before.
    public KvGeometry(
            int layers, int kvHeads, int headDim, int blockSize, int blockCount, DType dtype) {
        this(layers, kvHeads, headDim, blockSize, blockCount, dtype, KvGroups.ONE);
    }

    public KvGeometry {
        if (layers <= 0 || kvHeads <= 0 || headDim <= 0 || blockSize <= 0 || blockCount <= 0) {
            throw new IllegalArgumentException(
                    "KV geometry "
                            + layers
                            + " layers, "
                            + kvHeads
                            + " heads of "
                            + headDim
                            + ", "
                            + blockCount
                            + " blocks of "
                            + blockSize);
        }
    }

    /// Bytes that one position takes in the layers of a block: K and V, each `kvHeads · headDim` elements, and for
    /// [DType#I8] a scale for each head.
    public long bytesPerPosition() {
        long heads = 2L * layers * kvHeads;
        long scales = dtype == DType.I8 ? DType.F32.bytes(heads) : 0;
        return dtype.bytes(heads * headDim) + scales;
    }

    /// Bytes of one block.
    public long bytesPerBlock() {
        return bytesPerPosition() * blockSize;
    }

    /// Bytes of the whole cache.
    public long bytes() {
        return Math.multiplyExact(bytesPerBlock(), (long) blockCount);
    }

    /// Positions that fit the whole cache, of one group: slots.
    public long positions() {
        return (long) blockSize * blockCount;
    }
}
