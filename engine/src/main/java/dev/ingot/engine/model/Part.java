package dev.ingot.engine.model;

import java.lang.foreign.MemorySegment;

/// A part of a matrix: where it is stored, and as how many rows.
///
/// @param rowsEach of the tensor, or of each expert's matrix in it
/// @param expert which matrix of a tensor `[experts, rows, columns]`; [#ALL] for all of them
/// @param experts 0 for a tensor `[rows, columns]`
record Part(String name, int rowsEach, int expert, int experts) {
    private static final int ALL = -1;

    static Part part(String name, int rows) {
        return new Part(name, rows, 0, 0);
    }

    /// One expert's matrix of a tensor of all experts.
    static Part ofExpert(String name, int rows, int expert, int experts) {
        return new Part(name, rows, expert, experts);
    }

    /// The matrices of all experts, one below the other.
    static Part ofAllExperts(String name, int rowsEach, int experts) {
        return new Part(name, rowsEach, ALL, experts);
    }

    int rows() {
        return expert == ALL ? Math.multiplyExact(rowsEach, experts) : rowsEach;
    }

    /// For messages.
    String label() {
        return experts == 0 || expert == ALL ? name : name + "[" + expert + "]";
    }

    /// The shape of the tensor that it is in.
    long[] shape(long columns) {
        return experts == 0
                ? new long[] {rowsEach, columns}
                : new long[] {experts, rowsEach, columns};
    }

    /// Its data in that of the tensor.
    MemorySegment of(MemorySegment tensor) {
        if (experts == 0 || expert == ALL) {
            return tensor;
        }
        long bytes = tensor.byteSize() / experts;
        return tensor.asSlice(expert * bytes, bytes);
    }
}
