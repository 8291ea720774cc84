package dev.ingot.engine.weights;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One GGUF file (version 2 or 3, little-endian): metadata and tensor infos read and checked, data mapped
/// and untouched.
///
/// ```
/// "GGUF" version │ tensors pairs │ key type value … │ name dims type offset … │ padding │ data
///  u32    u32    │  u64    u64   │                  │ dims innermost first    │         │ offsets count from here
/// ```
///
/// [#open] accepts a file only if every count, length, type and offset in it is possible in a file of its
/// length and no two tensors overlap: whatever [#blocks] returns is inside of the mapping, and a hostile
/// file costs no more memory than its entries.
///
/// The mapping lives as long as the [Arena] given to [#open]. The file must not be truncated meanwhile.
public final class GgufFile implements WeightFile {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final int MAX_DIMENSIONS = 4;
    private static final long MAX_NAME_BYTES = 1024;
    private static final long MAX_TENSORS = 1 << 20;
    private static final long MIN_TENSOR_BYTES = 2 * Long.BYTES + 2 * Integer.BYTES;
    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int MAX_ALIGNMENT = 1 << 20;

    /// A tensor as its blocks.
    ///
    /// @param shape outermost dimension first
    /// @param data exactly the tensor's blocks, row by row; a row is a whole number of them
    public record Blocks(String name, GgmlType type, List<Long> shape, MemorySegment data) {
        public Blocks {
            shape = List.copyOf(shape);
        }
    }

    /// @param begin counted from the start of the data
    private record Entry(GgmlType type, List<Long> shape, long begin, long bytes) {}

    private final Path file;
    private final GgufMetadata metadata;
    private final MemorySegment data;
    private final Map<String, Entry> entries;

    private GgufFile(
            Path file, GgufMetadata metadata, MemorySegment data, Map<String, Entry> entries) {
        this.file = file;
        this.metadata = metadata;
        this.data = data;
        this.entries = entries;
    }

    /// Maps a file and checks all that comes before its data.
    ///
    /// @param arena owns the mapping
    /// @throws CheckpointException if the file cannot be read or is not sound
    public static GgufFile open(Path file, Arena arena) {
        return parse(file, MappedFile.of(file, arena));
    }

    static GgufFile parse(Path file, MemorySegment mapped) {
        var cursor = new GgufCursor(file, mapped, 0);
        int magic = cursor.u32("magic");
        if (magic != MAGIC) {
            throw new CheckpointException(
                    file,
                    "expected a file that begins with 'GGUF', found bytes "
                            + String.format("%08x", Integer.reverseBytes(magic)));
        }
        int version = cursor.u32("version");
        if (version != 2 && version != 3) {
            throw new CheckpointException(
                    file,
                    "expected version 2 or 3, found "
                            + (Integer.reverseBytes(version) == 3
                                    ? "a big-endian file"
                                    : Integer.toUnsignedString(version)));
        }
        long tensors = cursor.count("number of tensors", MIN_TENSOR_BYTES, MAX_TENSORS);
        long pairs = GgufMetadata.count(cursor);
        var metadata = GgufMetadata.read(file, mapped, cursor, pairs);
        int alignment =
                metadata.optionalInt("general.alignment", 1, MAX_ALIGNMENT)
                        .orElse(DEFAULT_ALIGNMENT);
        if (Integer.bitCount(alignment) != 1) {
            throw metadata.bad("general.alignment", "expected a power of two, found " + alignment);
        }
        var entries = readEntries(cursor, tensors, alignment);
        long begin = (cursor.at() + alignment - 1) / alignment * alignment;
        if (tensors > 0 && begin > mapped.byteSize()) {
            throw cursor.bad("data", "expected it at byte " + begin + ", found the file's end");
        }
        var data = mapped.asSlice(Math.min(begin, mapped.byteSize()));
        requireInside(file, entries, data.byteSize());
        return new GgufFile(file, metadata, data, entries);
    }

    private static Map<String, Entry> readEntries(GgufCursor cursor, long count, int alignment) {
        var entries = new LinkedHashMap<String, Entry>();
        for (long i = 0; i < count; i++) {
            var name = cursor.string("tensor " + i, MAX_NAME_BYTES);
            var what = "tensor '" + name + "'";
            int dimensions = cursor.u32(what);
            if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
                throw cursor.bad(
                        what,
                        "expected 1 to "
                                + MAX_DIMENSIONS
                                + " dimensions, found "
                                + Integer.toUnsignedString(dimensions));
            }
            var shape = new ArrayList<Long>();
            for (int d = 0; d < dimensions; d++) {
                shape.addFirst(cursor.u64(what));
            }
            int id = cursor.u32(what);
            var type =
                    GgmlType.ofId(id)
                            .orElseThrow(() ->
                                    cursor.bad(
                                            what,
                                            "expected a type of ggml, found "
                                                    + Integer.toUnsignedString(id)));
            long begin = cursor.u64(what);
            if (begin < 0 || begin % alignment != 0) {
                throw cursor.bad(
                        what,
                        "expected an offset that is a multiple of "
                                + alignment
                                + ", found "
                                + Long.toUnsignedString(begin));
            }
            var entry =
                    new Entry(type, List.copyOf(shape), begin, bytes(cursor, what, type, shape));
            if (entries.put(name, entry) != null) {
                throw cursor.bad(what, "expected once, found twice");
            }
        }
        return entries;
    }

    private static long bytes(GgufCursor cursor, String what, GgmlType type, List<Long> shape) {
        if (shape.getLast() % type.blockElements() != 0) {
            throw cursor.bad(
                    what,
                    "expected rows of a multiple of "
                            + type.blockElements()
                            + " elements for "
                            + type
                            + ", found "
                            + shape);
        }
        try {
            long elements = 1;
            for (long dimension : shape) {
                if (dimension < 1) {
                    throw cursor.bad(what, "expected no empty dimension, found " + shape);
                }
                elements = Math.multiplyExact(elements, dimension);
            }
            return type.bytes(elements);
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    cursor.file(), what + ": expected a shape that fits a file, found " + shape, e);
        }
    }

    private static void requireInside(Path file, Map<String, Entry> entries, long dataBytes) {
        var byOffset = new ArrayList<>(entries.entrySet());
        byOffset.sort(Comparator.comparingLong(e -> e.getValue().begin));
        long end = 0;
        var before = "";
        for (var next : byOffset) {
            var entry = next.getValue();
            if (entry.begin < end) {
                throw new CheckpointException(
                        file,
                        "tensor '"
                                + next.getKey()
                                + "': expected to begin at byte "
                                + end
                                + " of the data or later, where '"
                                + before
                                + "' ends, found "
                                + entry.begin);
            }
            if (entry.begin > dataBytes || entry.bytes > dataBytes - entry.begin) {
                throw new CheckpointException(
                        file,
                        "tensor '"
                                + next.getKey()
                                + "': expected "
                                + entry.bytes
                                + " bytes from byte "
                                + entry.begin
                                + " of the data, found "
                                + dataBytes
                                + " bytes of data: truncated");
            }
            end = entry.begin + entry.bytes;
            before = next.getKey();
        }
    }

    @Override
    public Path file() {
        return file;
    }

    /// The key/value pairs.
    public GgufMetadata metadata() {
        return metadata;
    }

    @Override
    public Set<String> names() {
        return entries.keySet();
    }

    @Override
    public long bytes(String name) {
        return entry(name).bytes;
    }

    @Override
    public List<Long> shape(String name) {
        return entry(name).shape;
    }

    /// How a tensor is stored.
    GgmlType type(String name) {
        return entry(name).type;
    }

    /// A tensor as it is stored.
    ///
    /// @throws CheckpointException if there is no such tensor
    public Blocks blocks(String name) {
        var entry = entry(name);
        return new Blocks(name, entry.type, entry.shape, data.asSlice(entry.begin, entry.bytes));
    }

    /// A tensor of real numbers: F32, F16 and BF16 as they lie in the file, quantized ones as an F16 copy
    /// that lives as long as somebody holds it.
    @Override
    public HostTensor tensor(String name) {
        var blocks = blocks(name);
        return switch (blocks.type) {
            case F32 -> new HostTensor(name, DType.F32, blocks.shape, blocks.data);
            case F16 -> new HostTensor(name, DType.F16, blocks.shape, blocks.data);
            case BF16 -> new HostTensor(name, DType.BF16, blocks.shape, blocks.data);
            default -> {
                if (!GgmlBlocks.canRead(blocks.type)) {
                    throw new CheckpointException(
                            file,
                            "tensor '"
                                    + name
                                    + "': expected "
                                    + GgmlBlocks.readable()
                                    + ", found "
                                    + blocks.type);
                }
                yield GgmlBlocks.toF16(file, blocks);
            }
        };
    }

    private Entry entry(String name) {
        var entry = entries.get(name);
        if (entry == null) {
            throw new CheckpointException(file, "no tensor '" + name + "'");
        }
        return entry;
    }
}
