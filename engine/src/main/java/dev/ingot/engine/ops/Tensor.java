package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;

/// A typed two-dimensional view of a [DeviceBuffer]: `rows × columns`, rows `rowStride` elements apart.
///
/// A handle without arithmetic of its own; views of views share the memory.
///
/// @param byteOffset where row 0, column 0 lies in the buffer
/// @param rowStride distance between two rows, in elements; at least `columns`
public record Tensor(
        DeviceBuffer buffer, long byteOffset, DType dtype, int rows, int columns, int rowStride) {
    public Tensor {
        if (rows < 0 || columns <= 0 || rowStride < columns || byteOffset < 0) {
            throw new IllegalArgumentException(
                    "tensor "
                            + rows
                            + "×"
                            + columns
                            + ", stride "
                            + rowStride
                            + ", offset "
                            + byteOffset);
        }
        long end = byteOffset + (rows == 0 ? 0 : dtype.bytes((rows - 1L) * rowStride + columns));
        if (end > buffer.bytes()) {
            throw new IllegalArgumentException(
                    "tensor ends at byte " + end + " of a buffer of " + buffer.bytes());
        }
    }

    /// A fresh, dense, zero-filled tensor in memory of its own.
    public static Tensor allocate(Device device, String label, DType dtype, int rows, int columns) {
        DeviceBuffer buffer = device.allocate(label, dtype.bytes((long) rows * columns));
        return new Tensor(buffer, 0, dtype, rows, columns, columns);
    }

    /// The first `count` rows.
    public Tensor firstRows(int count) {
        if (count > rows) {
            throw new IllegalArgumentException(count + " rows of a tensor of " + rows);
        }
        return new Tensor(buffer, byteOffset, dtype, count, columns, rowStride);
    }

    /// Row `index` alone.
    public Tensor row(int index) {
        if (index < 0 || index >= rows) {
            throw new IllegalArgumentException("row " + index + " of a tensor of " + rows);
        }
        return new Tensor(
                buffer,
                byteOffset + dtype.bytes((long) index * rowStride),
                dtype,
                1,
                columns,
                rowStride);
    }

    /// Columns `from` (inclusive) to `from + count` (exclusive) of every row.
    public Tensor columns(int from, int count) {
        if (from < 0 || from + count > columns) {
            throw new IllegalArgumentException(
                    "columns " + from + "+" + count + " of a tensor of " + columns);
        }
        return new Tensor(buffer, byteOffset + dtype.bytes(from), dtype, rows, count, rowStride);
    }

    /// Bytes from the first element to the end of the last row.
    public long bytes() {
        return rows == 0 ? 0 : dtype.bytes((rows - 1L) * rowStride + columns);
    }

    /// The host's view of exactly this tensor's span.
    public MemorySegment contents() {
        return buffer.contents().asSlice(byteOffset, bytes());
    }

    @Override
    public String toString() {
        return dtype
                + "["
                + rows
                + ", "
                + columns
                + (rowStride == columns ? "]" : "]/" + rowStride);
    }
}
