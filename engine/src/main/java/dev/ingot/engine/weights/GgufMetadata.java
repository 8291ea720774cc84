package dev.ingot.engine.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/// The key/value pairs of a GGUF file. Values stay in the mapping until somebody asks for one, and whatever
/// is missing or of the wrong type is refused by file and key.
///
/// Valid as long as the arena of the file.
public final class GgufMetadata {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final long MAX_KEY_BYTES = 65_535;
    private static final long MAX_PAIRS = 65_536;
    private static final int MAX_INTEGERS = 65_536;
    private static final long MIN_PAIR_BYTES = Long.BYTES + Integer.BYTES + 1;

    /// A template, say; a vocabulary is an array of strings.
    private static final long MAX_STRING_BYTES = 16 << 20;

    /// Where a value lies.
    ///
    /// @param element of an array, else the value's own type
    /// @param count of an array's elements, else 1
    /// @param begin of the first element
    private record Entry(boolean isArray, GgufValue element, int count, long begin) {
        String kind() {
            return isArray ? "an array of " + count + " " + element : "a value of type " + element;
        }
    }

    private final Path file;
    private final MemorySegment data;
    private final Map<String, Entry> entries;

    private GgufMetadata(Path file, MemorySegment data, Map<String, Entry> entries) {
        this.file = file;
        this.data = data;
        this.entries = entries;
    }

    /// Steps over all pairs, each of them checked.
    static GgufMetadata read(Path file, MemorySegment data, GgufCursor cursor, long pairs) {
        var entries = new LinkedHashMap<String, Entry>();
        for (long i = 0; i < pairs; i++) {
            var key = cursor.string("key " + i, MAX_KEY_BYTES);
            if (entries.put(key, entry(cursor, "key '" + key + "'")) != null) {
                throw cursor.bad("key '" + key + "'", "expected once, found twice");
            }
        }
        return new GgufMetadata(file, data, entries);
    }

    static long count(GgufCursor cursor) {
        return cursor.count("number of keys", MIN_PAIR_BYTES, MAX_PAIRS);
    }

    private static Entry entry(GgufCursor cursor, String what) {
        var type = cursor.type(what);
        if (type != GgufValue.ARRAY) {
            long begin = cursor.at();
            skip(cursor, type, what);
            return new Entry(false, type, 1, begin);
        }
        var element = cursor.type(what);
        if (element == GgufValue.ARRAY) {
            throw cursor.bad(what, "expected no array of arrays, found one");
        }
        int count = (int) cursor.count(what, element.minBytes(), Integer.MAX_VALUE);
        long begin = cursor.at();
        if (element.isFixed()) {
            cursor.take((long) count * element.minBytes(), what);
        } else {
            for (int i = 0; i < count; i++) {
                skip(cursor, element, what);
            }
        }
        return new Entry(true, element, count, begin);
    }

    private static void skip(GgufCursor cursor, GgufValue type, String what) {
        if (type.isFixed()) {
            cursor.take(type.minBytes(), what);
        } else {
            cursor.skipString(what);
        }
    }

    /// Where it lies.
    public Path file() {
        return file;
    }

    public Set<String> keys() {
        return entries.keySet();
    }

    public boolean has(String key) {
        return entries.containsKey(key);
    }

    /// An integer in `[low, high]`.
    public OptionalInt optionalInt(String key, int low, int high) {
        var entry = scalar(key, "an integer");
        if (entry.isEmpty()) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(integer(key, entry.get(), 0, low, high));
    }

    /// An integer that must be there, in `[low, high]`.
    public int integer(String key, int low, int high) {
        return optionalInt(key, low, high)
                .orElseThrow(() -> bad(key, "expected an integer, found no such key"));
    }

    /// One integer or an array of at most 65,536 of them, each in `[low, high]`; absent is an empty list.
    public List<Integer> integers(String key, int low, int high) {
        var entry = entries.get(key);
        if (entry == null) {
            return List.of();
        }
        if (entry.count > MAX_INTEGERS) {
            throw bad(key, "expected at most " + MAX_INTEGERS + " integers, found " + entry.kind());
        }
        var values = new Integer[entry.count];
        for (int i = 0; i < entry.count; i++) {
            values[i] = integer(key, entry, i, low, high);
        }
        return List.of(values);
    }

    /// A finite number.
    public OptionalDouble optionalNumber(String key) {
        var entry = scalar(key, "a number");
        if (entry.isEmpty()) {
            return OptionalDouble.empty();
        }
        double number = number(key, entry.get(), 0);
        if (!Double.isFinite(number)) {
            throw bad(key, "expected a finite number, found " + number);
        }
        return OptionalDouble.of(number);
    }

    public Optional<Boolean> optionalBoolean(String key) {
        return scalar(key, "a boolean")
                .map(entry -> {
                    if (entry.element != GgufValue.BOOL) {
                        throw bad(key, "expected a boolean, found " + entry.kind());
                    }
                    return data.get(ValueLayout.JAVA_BYTE, entry.begin) != 0;
                });
    }

    public Optional<String> optionalString(String key) {
        return scalar(key, "a string")
                .map(entry -> {
                    if (entry.element != GgufValue.STRING) {
                        throw bad(key, "expected a string, found " + entry.kind());
                    }
                    return new GgufCursor(file, data, entry.begin)
                            .string("key '" + key + "'", MAX_STRING_BYTES);
                });
    }

    /// A string that must be there.
    public String string(String key) {
        return optionalString(key)
                .orElseThrow(() -> bad(key, "expected a string, found no such key"));
    }

    /// An array of strings; absent is an empty list.
    ///
    /// @param maxElements more are refused
    /// @param maxBytes a longer string is refused
    public List<String> strings(String key, int maxElements, int maxBytes) {
        var entry = entries.get(key);
        if (entry == null) {
            return List.of();
        }
        requireArray(key, entry, "strings", maxElements, entry.element == GgufValue.STRING);
        var cursor = new GgufCursor(file, data, entry.begin);
        var values = new String[entry.count];
        for (int i = 0; i < values.length; i++) {
            values[i] = cursor.string("key '" + key + "'[" + i + "]", maxBytes);
        }
        return List.of(values);
    }

    /// An array of numbers; absent is an empty one.
    ///
    /// @param maxElements more are refused
    public float[] floats(String key, int maxElements) {
        var entry = entries.get(key);
        if (entry == null) {
            return new float[0];
        }
        requireArray(key, entry, "numbers", maxElements, entry.element != GgufValue.STRING);
        float[] values = new float[entry.count];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) number(key, entry, i);
        }
        return values;
    }

    private void requireArray(
            String key, Entry entry, String of, int maxElements, boolean rightElements) {
        if (!entry.isArray || !rightElements || entry.count > maxElements) {
            throw bad(
                    key,
                    "expected an array of at most "
                            + maxElements
                            + " "
                            + of
                            + ", found "
                            + entry.kind());
        }
    }

    /// A refusal that names this file and the key.
    public CheckpointException bad(String key, String problem) {
        return new CheckpointException(file, "key '" + key + "': " + problem);
    }

    private Optional<Entry> scalar(String key, String expected) {
        var entry = entries.get(key);
        if (entry != null && entry.isArray) {
            throw bad(key, "expected " + expected + ", found " + entry.kind());
        }
        return Optional.ofNullable(entry);
    }

    private int integer(String key, Entry entry, int index, int low, int high) {
        long at = entry.begin + (long) index * entry.element.minBytes();
        long value =
                switch (entry.element) {
                    case U8 -> Byte.toUnsignedLong(data.get(ValueLayout.JAVA_BYTE, at));
                    case I8 -> data.get(ValueLayout.JAVA_BYTE, at);
                    case U16 -> Short.toUnsignedLong(data.get(SHORT, at));
                    case I16 -> data.get(SHORT, at);
                    case U32 -> Integer.toUnsignedLong(data.get(GgufCursor.INT, at));
                    case I32 -> data.get(GgufCursor.INT, at);
                    case U64, I64 -> data.get(GgufCursor.LONG, at);
                    case F32, F64, BOOL, STRING, ARRAY ->
                            throw bad(key, "expected an integer, found " + entry.kind());
                };
        if (value < low || value > high) {
            throw bad(key, "expected an integer from " + low + " to " + high + ", found " + value);
        }
        return (int) value;
    }

    private double number(String key, Entry entry, int index) {
        long at = entry.begin + (long) index * entry.element.minBytes();
        return switch (entry.element) {
            case F32 -> data.get(FLOAT, at);
            case F64 -> data.get(DOUBLE, at);
            default -> integer(key, entry, index, Integer.MIN_VALUE, Integer.MAX_VALUE);
        };
    }
}
