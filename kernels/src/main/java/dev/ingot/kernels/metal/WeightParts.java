package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Cuts weights that no buffer of the device is large enough for: the rows of each part are a slab of their own. Nothing is
/// copied, and what a row is multiplied to does not depend on it.
final class WeightParts {
    private WeightParts() {}

    /// The rows of `source` in order.
    ///
    /// @param rowBytes of the levels as they are kept; scales take no more
    /// @param maxBytes of a buffer
    /// @return `source` alone where it fits
    static List<WeightSource> of(WeightSource source, long rowBytes, long maxBytes) {
        // A view of a mapping begins and ends at whole pages.
        long rows = (maxBytes - 2 * MetalMemory.PAGE_BYTES) / Math.max(1, rowBytes);
        if (rows >= source.out() || rows < 1) {
            return List.of(source);
        }
        List<WeightSource> parts = new ArrayList<>();
        for (long from = 0; from < source.out(); from += rows) {
            parts.add(rows(source, (int) from, (int) Math.min(rows, source.out() - from)));
        }
        return parts;
    }

    private static WeightSource rows(WeightSource source, int from, int count) {
        return switch (source) {
            case HostTensor dense -> rows(dense, from, count);
            case AffineWeights w ->
                    new AffineWeights(
                            w.name(),
                            rows(w.levels(), w.out(), from, count),
                            w.bits(),
                            rows(w.scales(), from, count),
                            rows(w.biases(), from, count));
            case Mxfp4Weights w ->
                    new Mxfp4Weights(
                            w.name(),
                            count,
                            w.in(),
                            rows(w.levels(), w.out(), from, count),
                            rows(w.exponents(), w.out(), from, count));
            case QuantizedAtLoad w ->
                    new QuantizedAtLoad(rows(w.full(), from, count), w.bits(), w.group());
            case BlockWeights w ->
                    new BlockWeights(
                            w.name(),
                            w.type(),
                            count,
                            w.in(),
                            rows(w.blocks(), w.out(), from, count));
        };
    }

    private static HostTensor rows(HostTensor tensor, int from, int count) {
        return new HostTensor(
                tensor.name(),
                tensor.dtype(),
                List.of((long) count, (long) tensor.in()),
                rows(tensor.data(), tensor.out(), from, count));
    }

    private static MemorySegment rows(MemorySegment data, int of, int from, int count) {
        long row = data.byteSize() / of;
        return data.asSlice(from * row, count * row);
    }
}
