package dev.ingot.engine.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/// Reads the header of a safetensors file as a stream: a hostile one costs no more memory than its entries.
///
/// @param file for messages
record SafetensorsHeader(Path file) {
    private static final int MAX_DIMENSIONS = 16;

    /// Element sizes in bits, for the check of lengths. A dtype that is newer than this list passes
    /// unchecked until somebody asks for the tensor, and is refused then.
    private static final Map<String, Integer> BITS =
            Map.ofEntries(
                    Map.entry("F4", 4),
                    Map.entry("F6_E2M3", 6),
                    Map.entry("F6_E3M2", 6),
                    Map.entry("BOOL", 8),
                    Map.entry("U8", 8),
                    Map.entry("I8", 8),
                    Map.entry("F8_E4M3", 8),
                    Map.entry("F8_E5M2", 8),
                    Map.entry("F8_E8M0", 8),
                    Map.entry("U16", 16),
                    Map.entry("I16", 16),
                    Map.entry("F16", 16),
                    Map.entry("BF16", 16),
                    Map.entry("U32", 32),
                    Map.entry("I32", 32),
                    Map.entry("F32", 32),
                    Map.entry("U64", 64),
                    Map.entry("I64", 64),
                    Map.entry("F64", 64),
                    Map.entry("C64", 64));

    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(16)
                                    .maxNameLength(4096)
                                    .maxNumberLength(32)
                                    .maxDocumentLength(SafetensorsFile.MAX_HEADER_BYTES)
                                    .build())
                    .build();

    /// A tensor as the header describes it.
    ///
    /// @param begin first byte, counted from the start of the data
    /// @param end one past the last byte
    record Entry(String dtype, List<Long> shape, long begin, long end) {}

    /// The tensors by their names.
    ///
    /// @throws CheckpointException if it is no header, or a tensor's length is not what its type and shape make
    Map<String, Entry> read(byte[] header) {
        var entries = new LinkedHashMap<String, Entry>();
        if (header.length == 0 || header[0] != '{') {
            throw new CheckpointException(
                    file,
                    "byte "
                            + SafetensorsFile.LENGTH_BYTES
                            + ": expected a header that begins with '{', found "
                            + preview(header));
        }
        try (var json = JSON.createParser(ObjectReadContext.empty(), header)) {
            json.nextToken();
            for (var name = json.nextName(); name != null; name = json.nextName()) {
                boolean isObject = json.nextToken() == JsonToken.START_OBJECT;
                if (!isObject) {
                    throw bad(name, "expected an object, found " + json.currentToken());
                }
                if (name.equals("__metadata__")) {
                    json.skipChildren();
                } else if (entries.put(name, entry(name, json)) != null) {
                    throw bad(name, "expected once, found twice in the header");
                }
            }
            if (json.nextToken() != null) {
                throw new CheckpointException(
                        file,
                        at(json) + "expected the end of the header, found " + json.currentToken());
            }
        } catch (JacksonException e) {
            throw new CheckpointException(
                    file,
                    at(e.getLocation()) + "the header is not valid JSON: " + e.getOriginalMessage(),
                    e);
        }
        return entries;
    }

    private Entry entry(String name, JsonParser json) {
        String dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        for (var key = json.nextName(); key != null; key = json.nextName()) {
            json.nextToken();
            switch (key) {
                case "dtype" -> dtype = requireString(name, json);
                case "shape" -> shape = naturals(name, "shape", json);
                case "data_offsets" -> offsets = naturals(name, "data_offsets", json);
                default -> json.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            throw bad(name, "expected dtype, shape and data_offsets, found not all of them");
        }
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
            throw bad(name, "expected data_offsets [begin, end], found " + offsets);
        }
        var entry = new Entry(dtype, List.copyOf(shape), offsets.get(0), offsets.get(1));
        requireLength(name, entry);
        return entry;
    }

    private void requireLength(String name, Entry entry) {
        var bits = BITS.get(entry.dtype);
        if (bits == null) {
            return;
        }
        long found = entry.end - entry.begin;
        long expectedBits = bits;
        try {
            for (long dimension : entry.shape) {
                expectedBits = Math.multiplyExact(expectedBits, dimension);
            }
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    file,
                    "tensor '"
                            + name
                            + "': expected a shape that fits a file, found "
                            + entry.dtype
                            + entry.shape,
                    e);
        }
        if (expectedBits % Byte.SIZE != 0 || expectedBits / Byte.SIZE != found) {
            throw bad(
                    name,
                    "expected "
                            + expectedBits / Byte.SIZE
                            + " bytes for "
                            + entry.dtype
                            + entry.shape
                            + ", found "
                            + found);
        }
    }

    private String requireString(String name, JsonParser json) {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw bad(name, "expected dtype to be a string, found " + json.currentToken());
        }
        return json.getString();
    }

    /// An array of integers of at least 0.
    private List<Long> naturals(String name, String key, JsonParser json) {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw bad(name, "expected " + key + " to be an array, found " + json.currentToken());
        }
        var values = new ArrayList<Long>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                throw bad(name, "expected integers in " + key + ", found " + json.currentToken());
            }
            long value = json.getLongValue();
            if (value < 0) {
                throw bad(name, "expected no negative number in " + key + ", found " + value);
            }
            if (values.size() == MAX_DIMENSIONS) {
                throw bad(name, "expected at most " + MAX_DIMENSIONS + " numbers in " + key);
            }
            values.add(value);
        }
        return values;
    }

    private static String at(JsonParser json) {
        return at(json.currentLocation());
    }

    /// Where in the file that is.
    private static String at(@Nullable TokenStreamLocation location) {
        return location == null || location.getByteOffset() < 0
                ? ""
                : "byte "
                        + (SafetensorsFile.LENGTH_BYTES + location.getByteOffset())
                        + " (in the header): ";
    }

    private CheckpointException bad(String name, String problem) {
        return new CheckpointException(file, "tensor '" + name + "': " + problem);
    }

    private static String preview(byte[] header) {
        return header.length == 0
                ? "nothing"
                : "'" + new String(header, 0, Math.min(header.length, 8), UTF_8) + "'";
    }

    /// @throws CheckpointException if tensors do not lie end to end from the first byte to the last
    void requireEndToEnd(Map<String, Entry> entries, long dataBytes) {
        var byOffset = new ArrayList<>(entries.entrySet());
        byOffset.sort(
                Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin)
                        .thenComparingLong(e -> e.getValue().end));
        long end = 0;
        for (var next : byOffset) {
            var entry = next.getValue();
            if (entry.end > dataBytes) {
                throw new CheckpointException(
                        file,
                        "tensor '"
                                + next.getKey()
                                + "': expected data up to byte "
                                + entry.end
                                + ", found "
                                + dataBytes
                                + " bytes of data: truncated");
            }
            if (entry.begin != end) {
                throw new CheckpointException(
                        file,
                        "tensor '"
                                + next.getKey()
                                + "': expected to begin at byte "
                                + end
                                + " of the data, where the one before it ends, found "
                                + entry.begin);
            }
            end = entry.end;
        }
        if (end != dataBytes) {
            throw new CheckpointException(
                    file,
                    "byte "
                            + end
                            + " of the data: expected its end as the header says, found "
                            + dataBytes
                            + " bytes of data");
        }
    }
}
