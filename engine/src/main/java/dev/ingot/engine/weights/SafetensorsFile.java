package dev.ingot.engine.weights;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One safetensors file: its header read and checked, its data mapped and untouched.
///
/// ```
/// 8 bytes     N bytes                                                     the rest
/// N, u64 LE │ {"name": {"dtype": …, "shape": […], "data_offsets": [b, e]}} │ data; offsets count from here
/// ```
///
/// [#open] accepts what the format's own implementation accepts: tensors lie end to end from the first
/// byte of data to the last byte of the file, without overlap or hole. So whatever [#tensor] returns
/// is inside of the mapping.
///
/// The mapping lives as long as the [Arena] given to [#open]. The file must not be truncated meanwhile.
public final class SafetensorsFile implements WeightFile {
    /// The longest header that the Hugging Face Hub's code accepts, in bytes.
    static final long MAX_HEADER_BYTES = 25_000_000;

    /// Bytes before the header.
    static final int LENGTH_BYTES = Long.BYTES;

    private static final ValueLayout.OfLong LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final MemorySegment data;
    private final Map<String, SafetensorsHeader.Entry> entries;

    private SafetensorsFile(
            Path file, MemorySegment data, Map<String, SafetensorsHeader.Entry> entries) {
        this.file = file;
        this.data = data;
        this.entries = entries;
    }

    /// Maps a file and checks its header.
    ///
    /// @param arena owns the mapping
    /// @throws CheckpointException if the file cannot be read or is not sound
    public static SafetensorsFile open(Path file, Arena arena) {
        var mapped = MappedFile.of(file, arena);
        if (mapped.byteSize() < LENGTH_BYTES) {
            throw new CheckpointException(
                    file,
                    "bytes 0 to 7: expected the length of a header, found a file of "
                            + mapped.byteSize());
        }
        long headerBytes = mapped.get(LENGTH, 0);
        if (Long.compareUnsigned(headerBytes, MAX_HEADER_BYTES) > 0) {
            throw new CheckpointException(
                    file,
                    "bytes 0 to 7: expected a header of at most "
                            + MAX_HEADER_BYTES
                            + " bytes, found a length of "
                            + Long.toUnsignedString(headerBytes)
                            + "; this is not a safetensors file");
        }
        if (headerBytes > mapped.byteSize() - LENGTH_BYTES) {
            throw new CheckpointException(
                    file,
                    "bytes 0 to 7: expected a header of "
                            + headerBytes
                            + " bytes behind its length, found "
                            + (mapped.byteSize() - LENGTH_BYTES)
                            + ": truncated");
        }
        byte[] header = mapped.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
        var data = mapped.asSlice(LENGTH_BYTES + headerBytes);
        var reader = new SafetensorsHeader(file);
        var entries = reader.read(header);
        reader.requireEndToEnd(entries, data.byteSize());
        return new SafetensorsFile(file, data, entries);
    }

    @Override
    public Path file() {
        return file;
    }

    @Override
    public Set<String> names() {
        return entries.keySet();
    }

    @Override
    public long bytes(String name) {
        var entry = entry(name);
        return entry.end() - entry.begin();
    }

    @Override
    public List<Long> shape(String name) {
        return entry(name).shape();
    }

    /// How the file names the type of a tensor's elements.
    ///
    /// @throws CheckpointException if there is no such tensor
    public String dtype(String name) {
        return entry(name).dtype();
    }

    /// A tensor of real numbers.
    ///
    /// @throws CheckpointException if there is no such tensor, or it is not F32, F16 or BF16
    @Override
    public HostTensor tensor(String name) {
        var entry = entry(name);
        var dtype =
                switch (entry.dtype()) {
                    case "F32" -> DType.F32;
                    case "F16" -> DType.F16;
                    case "BF16" -> DType.BF16;
                    default ->
                            throw new CheckpointException(
                                    file,
                                    "tensor '"
                                            + name
                                            + "': expected dtype F32, F16 or BF16, found "
                                            + entry.dtype());
                };
        return new HostTensor(
                name,
                dtype,
                entry.shape(),
                data.asSlice(entry.begin(), entry.end() - entry.begin()));
    }

    /// The bytes of a tensor that does not hold real numbers: packed levels, exponents.
    ///
    /// @param dtype as the file names it
    /// @throws CheckpointException if there is no such tensor, or it has another dtype or shape
    public MemorySegment bytes(String name, String dtype, List<Long> shape) {
        var entry = entry(name);
        if (!entry.dtype().equals(dtype) || !entry.shape().equals(shape)) {
            throw new CheckpointException(
                    file,
                    "tensor '"
                            + name
                            + "': expected "
                            + dtype
                            + shape
                            + " after config.json, found "
                            + entry.dtype()
                            + entry.shape());
        }
        return data.asSlice(entry.begin(), entry.end() - entry.begin());
    }

    private SafetensorsHeader.Entry entry(String name) {
        var entry = entries.get(name);
        if (entry == null) {
            throw new CheckpointException(file, "no tensor '" + name + "'");
        }
        return entry;
    }
}
