package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/// A tensor as it lies in a weight file: a name, a shape and a read-only view of the mapping.
///
/// The data may be unaligned: safetensors promises nothing.
///
/// @param shape outermost dimension first
/// @param data exactly the tensor's bytes, little-endian, row-major
public record HostTensor(String name, DType dtype, List<Long> shape, MemorySegment data)
        implements WeightSource {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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

    /// Rows of a matrix.
    @Override
    public int out() {
        return dimension(0);
    }

    /// Columns of a matrix.
    @Override
    public int in() {
        return dimension(1);
    }

    /// A copy of the elements as `float`, which holds each of them exactly. For norms and biases:
    /// matrices go to the device as they are.
    ///
    /// @throws IllegalStateException for a tensor of integers
    public float[] floats() {
        float[] values = new float[Math.toIntExact(data.byteSize() * Byte.SIZE / dtype.bits())];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (dtype) {
                        case F32 -> data.getAtIndex(FLOAT, i);
                        case F16 -> Float.float16ToFloat(data.getAtIndex(SHORT, i));
                        case BF16 -> Float.intBitsToFloat(data.getAtIndex(SHORT, i) << 16);
                        case I32, I8 -> throw new IllegalStateException(name + " holds integers");
                    };
        }
        return values;
    }

    @Override
    public long storedBytes() {
        return data.byteSize();
    }
}
