package dev.ingot.engine.weights;

import dev.ingot.engine.ops.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A tensor as it lies in a weight file: a name, a shape and a read-only view of the mapping.
///
/// The data may be unaligned: safetensors promises nothing.
///
/// @param shape outermost dimension first
/// @param data exactly the tensor's bytes, little-endian, row-major
public record HostTensor(String name, DType dtype, List<Long> shape, MemorySegment data) {
    public HostTensor {
        shape = List.copyOf(shape);
        long elements = 1;
        for (long dimension : shape) {
            elements = Math.multiplyExact(elements, dimension);
        }
        if (dtype.bytes(elements) != data.byteSize()) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + dtype
                            + shape
                            + " needs "
                            + dtype.bytes(elements)
                            + " bytes, has "
                            + data.byteSize());
        }
    }

    /// Dimension `axis`.
    public int dimension(int axis) {
        return Math.toIntExact(shape.get(axis));
    }
}
