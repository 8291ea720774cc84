package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import java.util.ArrayList;
import java.util.List;

/// K and V, a buffer for each layer; `kv.h` has how it is laid out.
record MetalKvCache(MetalDevice owner, KvGeometry geometry, List<MetalBuffer> layers)
        implements KvCache {
    /// What a lane of the attention kernels can hold its share of.
    static final int MAX_HEAD_DIM = 256;

    /// @throws IllegalArgumentException for a shape or a type that there is no kernel for
    static MetalKvCache of(MetalDevice device, KvGeometry geometry) {
        if (geometry.dtype() == DType.I32) {
            throw new IllegalArgumentException(
                    "a KV cache of "
                            + geometry.dtype()
                            + ": Metal keeps K and V as F32, F16, BF16 or I8");
        }
        if (geometry.headDim() > MAX_HEAD_DIM || geometry.headDim() % 2 != 0) {
            throw new IllegalArgumentException(
                    "KV heads of "
                            + geometry.headDim()
                            + " elements: Metal takes even sizes up to "
                            + MAX_HEAD_DIM);
        }
        if (geometry.positions() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a KV cache of " + geometry.positions() + " positions: slots are 32 bits");
        }
        List<MetalBuffer> layers = new ArrayList<>();
        for (int layer = 0; layer < geometry.layers(); layer++) {
            layers.add(device.allocate("KV cache, layer " + layer, layerBytes(geometry)));
        }
        return new MetalKvCache(device, geometry, List.copyOf(layers));
    }

    private static long layerBytes(KvGeometry geometry) {
        long heads = 2L * geometry.kvHeads() * geometry.positions();
        long scales = geometry.dtype() == DType.I8 ? DType.F32.bytes(heads) : 0;
        return Math.addExact(
                geometry.dtype().bytes(Math.multiplyExact(heads, (long) padded(geometry))), scales);
    }

    private static int padded(KvGeometry geometry) {
        return Math.ceilDiv(geometry.headDim(), 4) * 4;
    }

    /// Elements that a head takes: its own, rounded up to four.
    int padded() {
        return padded(geometry);
    }

    /// Bytes of K of one block of a layer; V takes as much.
    long blockBytes() {
        return geometry.dtype().bytes((long) geometry.kvHeads() * geometry.blockSize() * padded());
    }

    /// Bytes of the scales of K of one block; V has as many. 0 where there are none.
    long blockScaleBytes() {
        return geometry.dtype() == DType.I8
                ? DType.F32.bytes((long) geometry.kvHeads() * geometry.blockSize())
                : 0;
    }
}
