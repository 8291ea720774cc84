package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A step's op descriptors in native memory of a fixed size, written anew for every step.
///
/// Owned by its device; its memory belongs to the arena that it was made with.
final class OpList {
    private final MemorySegment memory;
    private final int capacity;
    private int count;

    OpList(Arena arena, int capacity) {
        this.memory = arena.allocate(OpLayout.BYTES * capacity, Long.BYTES);
        this.capacity = capacity;
    }

    MemorySegment memory() {
        return memory;
    }

    int count() {
        return count;
    }

    void clear() {
        count = 0;
    }

    /// Begins the next op: everything but its code is zero.
    ///
    /// @throws IllegalStateException if the step is longer than a step may be
    OpList add(OpCode code) {
        if (count == capacity) {
            throw new IllegalStateException("a step of more than " + capacity + " ops");
        }
        memory.asSlice(count * OpLayout.BYTES, OpLayout.BYTES).fill((byte) 0);
        count++;
        memory.set(JAVA_INT, at(OpLayout.CODE), code.code());
        return this;
    }

    OpList scalar(float value) {
        memory.set(JAVA_FLOAT, at(OpLayout.SCALAR), value);
        return this;
    }

    OpList count(int value) {
        memory.set(JAVA_INT, at(OpLayout.COUNT), value);
        return this;
    }

    OpList source(int value) {
        memory.set(JAVA_INT, at(OpLayout.SOURCE), value);
        return this;
    }

    OpList limit(float value) {
        memory.set(JAVA_FLOAT, at(OpLayout.LIMIT), value);
        return this;
    }

    OpList matrix(CpuMatrix matrix) {
        describe(matrix, memory, at(OpLayout.OBJECT));
        return this;
    }

    OpList bank(CpuMatrixBank bank) {
        memory.set(ADDRESS, at(OpLayout.OBJECT + OpLayout.MATRIX_DATA), bank.memory());
        return count(bank.count());
    }

    /// Writes an `ingot_matrix` at `offset`.
    static void describe(CpuMatrix matrix, MemorySegment memory, long offset) {
        memory.set(ADDRESS, offset + OpLayout.MATRIX_DATA, matrix.memory());
        OpLayout.setShape(memory, offset, matrix.out(), matrix.in(), matrix.format());
    }

    OpList cache(CpuKvCache cache, int layer) {
        KvGeometry geometry = cache.geometry();
        memory.set(ADDRESS, at(OpLayout.CACHE_DATA), cache.layer(layer));
        memory.set(JAVA_INT, at(OpLayout.CACHE_FORMAT), Formats.code(geometry.dtype()));
        memory.set(JAVA_INT, at(OpLayout.CACHE_KV_HEADS), geometry.kvHeads());
        memory.set(JAVA_INT, at(OpLayout.CACHE_HEAD_DIM), geometry.headDim());
        memory.set(JAVA_INT, at(OpLayout.CACHE_BLOCK_SIZE), geometry.blockSize());
        memory.set(JAVA_INT, at(OpLayout.CACHE_BLOCK_COUNT), geometry.blockCount());
        return this;
    }

    OpList tensor(int index, Tensor tensor) {
        MemorySegment data = tensor.buffer().contents().asSlice(tensor.byteOffset());
        return tensor(index, data, tensor.rowStride(), tensor.rows(), tensor.columns());
    }

    OpList tensor(int index, MemorySegment data, long stride, int rows, int columns) {
        long tensor = at(OpLayout.TENSORS) + index * OpLayout.TENSOR_BYTES;
        memory.set(ADDRESS, tensor + OpLayout.TENSOR_DATA, data);
        memory.set(JAVA_LONG, tensor + OpLayout.TENSOR_STRIDE, stride);
        memory.set(JAVA_INT, tensor + OpLayout.TENSOR_ROWS, rows);
        memory.set(JAVA_INT, tensor + OpLayout.TENSOR_COLUMNS, columns);
        return this;
    }

    private long at(long field) {
        return (count - 1) * OpLayout.BYTES + field;
    }
}
