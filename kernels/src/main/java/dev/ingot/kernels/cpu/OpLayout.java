package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/// `ingot_op` and what it is made of, as the header declares them; the sizes are checked at load.
final class OpLayout {
    private static final StructLayout TENSOR =
            MemoryLayout.structLayout(
                    ADDRESS.withName("data"),
                    JAVA_LONG.withName("stride"),
                    JAVA_INT.withName("rows"),
                    JAVA_INT.withName("columns"));

    private static final StructLayout MATRIX =
            MemoryLayout.structLayout(
                    ADDRESS.withName("data"),
                    JAVA_INT.withName("format"),
                    JAVA_INT.withName("out"),
                    JAVA_INT.withName("in"),
                    JAVA_INT.withName("group"),
                    JAVA_INT.withName("scale_format"),
                    JAVA_INT.withName("zero"),
                    JAVA_INT.withName("levels"),
                    JAVA_INT.withName("reserved"));

    private static final StructLayout CACHE =
            MemoryLayout.structLayout(
                    ADDRESS.withName("data"),
                    JAVA_INT.withName("format"),
                    JAVA_INT.withName("kv_heads"),
                    JAVA_INT.withName("head_dim"),
                    JAVA_INT.withName("block_size"),
                    JAVA_INT.withName("block_count"),
                    JAVA_INT.withName("reserved"));

    /// `INGOT_MAX_TENSORS`
    static final int MAX_TENSORS = 7;

    private static final StructLayout OP =
            MemoryLayout.structLayout(
                    JAVA_INT.withName("code"),
                    JAVA_FLOAT.withName("scalar"),
                    JAVA_INT.withName("count"),
                    JAVA_INT.withName("source"),
                    JAVA_FLOAT.withName("limit"),
                    MemoryLayout.paddingLayout(4),
                    MemoryLayout.unionLayout(MATRIX, CACHE).withName("object"),
                    MemoryLayout.sequenceLayout(MAX_TENSORS, TENSOR).withName("t"));

    static final long BYTES = OP.byteSize();
    static final long TENSOR_BYTES = TENSOR.byteSize();
    static final long MATRIX_BYTES = MATRIX.byteSize();

    static final long CODE = offset(OP, "code");
    static final long SCALAR = offset(OP, "scalar");
    static final long COUNT = offset(OP, "count");
    static final long SOURCE = offset(OP, "source");
    static final long LIMIT = offset(OP, "limit");
    static final long OBJECT = offset(OP, "object");
    static final long TENSORS = offset(OP, "t");

    static final long TENSOR_DATA = offset(TENSOR, "data");
    static final long TENSOR_STRIDE = offset(TENSOR, "stride");
    static final long TENSOR_ROWS = offset(TENSOR, "rows");
    static final long TENSOR_COLUMNS = offset(TENSOR, "columns");

    static final long MATRIX_DATA = offset(MATRIX, "data");
    private static final long MATRIX_FORMAT = offset(MATRIX, "format");
    private static final long MATRIX_OUT = offset(MATRIX, "out");
    private static final long MATRIX_IN = offset(MATRIX, "in");
    private static final long MATRIX_GROUP = offset(MATRIX, "group");
    private static final long MATRIX_SCALE_FORMAT = offset(MATRIX, "scale_format");
    private static final long MATRIX_ZERO = offset(MATRIX, "zero");
    private static final long MATRIX_LEVELS = offset(MATRIX, "levels");

    static final long MATRIX_OUT_OF_OP = OBJECT + MATRIX_OUT;
    static final long MATRIX_IN_OF_OP = OBJECT + MATRIX_IN;

    static final long CACHE_DATA = OBJECT + offset(CACHE, "data");
    static final long CACHE_FORMAT = OBJECT + offset(CACHE, "format");
    static final long CACHE_KV_HEADS = OBJECT + offset(CACHE, "kv_heads");
    static final long CACHE_HEAD_DIM = OBJECT + offset(CACHE, "head_dim");
    static final long CACHE_BLOCK_SIZE = OBJECT + offset(CACHE, "block_size");
    static final long CACHE_BLOCK_COUNT = OBJECT + offset(CACHE, "block_count");

    private OpLayout() {}

    /// Writes everything of an `ingot_matrix` but its data.
    static void setShape(MemorySegment memory, long matrix, int out, int in, PackedFormat format) {
        memory.set(JAVA_INT, matrix + MATRIX_FORMAT, format.code());
        memory.set(JAVA_INT, matrix + MATRIX_OUT, out);
        memory.set(JAVA_INT, matrix + MATRIX_IN, in);
        memory.set(JAVA_INT, matrix + MATRIX_GROUP, format.group());
        memory.set(JAVA_INT, matrix + MATRIX_SCALE_FORMAT, format.scaleFormat());
        memory.set(JAVA_INT, matrix + MATRIX_ZERO, format.zero());
        memory.set(JAVA_INT, matrix + MATRIX_LEVELS, format.levels());
    }

    private static long offset(StructLayout struct, String field) {
        return struct.byteOffset(PathElement.groupElement(field));
    }
}
