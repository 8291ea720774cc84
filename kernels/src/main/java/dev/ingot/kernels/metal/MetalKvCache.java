package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;

/// K and V of all layers.
@SuppressWarnings("DoNotCallSuggester")
record MetalKvCache(MetalDevice owner, KvGeometry geometry) implements KvCache {
    static MetalKvCache of(MetalDevice device, KvGeometry geometry) {
        throw new UnsupportedOperationException("KV caches " + geometry);
    }
}
