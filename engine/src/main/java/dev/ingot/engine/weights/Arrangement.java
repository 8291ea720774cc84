package dev.ingot.engine.weights;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// How a tensor of a GGUF file differs from the one that transformers has under its name.
///
/// Rows are moved as they are, whatever they are stored in: a row is a whole number of blocks.
sealed interface Arrangement {
    /// In nothing.
    record Same() implements Arrangement {}

    /// The rows of each head alternate between its two halves.
    ///
    /// Rotary embedding turns pairs of a head's elements: transformers pairs element `i` with `i + headDim/2`,
    /// the original Llama (and GGUF with it) `2i` with `2i + 1`.
    record Interleaved(int heads) implements Arrangement {}

    /// It is a part of the rows of a fused tensor.
    record Rows(long first, long count) implements Arrangement {}

    /// Every element is larger by 1, as Gemma's norms are.
    record OneMore() implements Arrangement {}

    /// The shape that transformers gives it.
    default List<Long> shape(List<Long> stored) {
        if (!(this instanceof Rows rows)) {
            return stored;
        }
        var shape = new ArrayList<>(stored);
        shape.set(0, rows.count);
        return shape;
    }

    /// The tensor as transformers has it; a copy where its data cannot stay as it is.
    ///
    /// @throws CheckpointException if it cannot be arranged so, naming `file` and the tensor
    default HostTensor of(Path file, HostTensor tensor) {
        if (this instanceof OneMore) {
            return oneLess(tensor);
        }
        return new HostTensor(
                tensor.name(),
                tensor.dtype(),
                shape(tensor.shape()),
                rows(file, tensor.name(), tensor.shape(), tensor.data()));
    }

    /// As the other.
    default GgufFile.Blocks of(Path file, GgufFile.Blocks tensor) {
        return new GgufFile.Blocks(
                tensor.name(),
                tensor.type(),
                shape(tensor.shape()),
                rows(file, tensor.name(), tensor.shape(), tensor.data()));
    }

    private MemorySegment rows(Path file, String name, List<Long> shape, MemorySegment data) {
        long rows = shape.getFirst();
        return switch (this) {
            case Same _, OneMore _ -> data;
            case Interleaved(int heads) -> inHalves(file, name, rows, data, heads);
            case Rows(long first, long count) -> {
                if (first + count > rows) {
                    throw new CheckpointException(
                            file,
                            "tensor '"
                                    + name
                                    + "': expected at least "
                                    + (first + count)
                                    + " rows, found "
                                    + rows);
                }
                long rowBytes = data.byteSize() / rows;
                yield data.asSlice(first * rowBytes, count * rowBytes);
            }
        };
    }

    private static MemorySegment inHalves(
            Path file, String name, long rows, MemorySegment data, int heads) {
        if (rows % (2L * heads) != 0) {
            throw new CheckpointException(
                    file,
                    "tensor '"
                            + name
                            + "': expected "
                            + heads
                            + " heads of an even number of rows, found "
                            + rows
                            + " rows");
        }
        long half = rows / heads / 2;
        long rowBytes = data.byteSize() / rows;
        // Automatic: a device that packs its own copy lets go of this one while the next is made.
        var copy = Arena.ofAuto().allocate(data.byteSize(), Long.BYTES);
        for (long row = 0; row < rows; row++) {
            long head = row / (2 * half);
            long inHead = row % (2 * half);
            long from = head * 2 * half + 2 * (inHead % half) + inHead / half;
            MemorySegment.copy(data, from * rowBytes, copy, row * rowBytes, rowBytes);
        }
        return copy;
    }

    private static HostTensor oneLess(HostTensor tensor) {
        float[] values = tensor.floats();
        var copy = MemorySegment.ofArray(new byte[Math.toIntExact(DType.F32.bytes(values.length))]);
        for (int i = 0; i < values.length; i++) {
            copy.setAtIndex(
                    ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                    i,
                    values[i] - 1);
        }
        return new HostTensor(tensor.name(), DType.F32, tensor.shape(), copy);
    }
}
