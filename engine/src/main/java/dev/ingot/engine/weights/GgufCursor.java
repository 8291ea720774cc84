package dev.ingot.engine.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Reads a mapped GGUF file from front to back, and never past its end: a length that the file does not
/// have is refused before anything is allocated for it.
final class GgufCursor {
    static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final MemorySegment data;
    private long at;

    GgufCursor(Path file, MemorySegment data, long at) {
        this.file = file;
        this.data = data;
        this.at = at;
    }

    Path file() {
        return file;
    }

    long at() {
        return at;
    }

    /// Bytes up to the end of the file.
    long left() {
        return data.byteSize() - at;
    }

    /// Steps over bytes that must be there.
    ///
    /// @param what names them in an error
    /// @return where they begin
    long take(long bytes, String what) {
        if (bytes < 0 || bytes > left()) {
            throw bad(
                    what,
                    "expected "
                            + Long.toUnsignedString(bytes)
                            + " bytes, found "
                            + left()
                            + " up to the end of the file");
        }
        long begin = at;
        at += bytes;
        return begin;
    }

    int u32(String what) {
        return data.get(INT, take(Integer.BYTES, what));
    }

    long u64(String what) {
        return data.get(LONG, take(Long.BYTES, what));
    }

    /// A count of things that take at least `minBytes` each.
    long count(String what, long minBytes, long limit) {
        long begin = at;
        long count = u64(what);
        if (count < 0 || count > limit || count > left() / minBytes) {
            at = begin;
            throw bad(
                    what,
                    "expected at most "
                            + Math.min(limit, Math.max(0, left() - Long.BYTES) / minBytes)
                            + " in a file of this length, found "
                            + Long.toUnsignedString(count));
        }
        return count;
    }

    /// @param limitBytes a longer one is refused
    String string(String what, long limitBytes) {
        long length = u64(what);
        if (length < 0 || length > limitBytes) {
            throw bad(
                    what,
                    "expected a string of at most "
                            + limitBytes
                            + " bytes, found a length of "
                            + Long.toUnsignedString(length));
        }
        long begin = take(length, what);
        byte[] bytes = data.asSlice(begin, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    void skipString(String what) {
        long length = u64(what);
        take(length, what);
    }

    GgufValue type(String what) {
        int id = u32(what);
        if (!GgufValue.isKnown(id)) {
            throw bad(what, "expected a type from 0 to 12, found " + Integer.toUnsignedString(id));
        }
        return GgufValue.of(id);
    }

    CheckpointException bad(String what, String problem) {
        return new CheckpointException(file, what + " at byte " + at + ": " + problem);
    }
}
