package dev.ingot.engine.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Writes GGUF files for tests.
public final class GgufWriter {
    private static final int ALIGNMENT = 32;

    private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
    private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private int pairCount;
    private int tensorCount;

    public GgufWriter put(String key, int value) {
        key(key, 4);
        u32(pairs, value);
        return this;
    }

    public GgufWriter put(String key, float value) {
        key(key, 6);
        u32(pairs, Float.floatToIntBits(value));
        return this;
    }

    public GgufWriter put(String key, boolean value) {
        key(key, 7);
        pairs.write(value ? 1 : 0);
        return this;
    }

    public GgufWriter put(String key, String value) {
        key(key, 8);
        string(pairs, value);
        return this;
    }

    public GgufWriter strings(String key, List<String> values) {
        key(key, 9);
        u32(pairs, 8);
        u64(pairs, values.size());
        values.forEach(value -> string(pairs, value));
        return this;
    }

    public GgufWriter ints(String key, int... values) {
        key(key, 9);
        u32(pairs, 5);
        u64(pairs, values.length);
        for (int value : values) {
            u32(pairs, value);
        }
        return this;
    }

    /// Adds a tensor; `dims` innermost first, as in the file.
    public GgufWriter tensor(String name, int type, byte[] bytes, long... dims) {
        tensorCount++;
        string(infos, name);
        u32(infos, dims.length);
        for (long dim : dims) {
            u64(infos, dim);
        }
        u32(infos, type);
        u64(infos, data.size());
        data.writeBytes(bytes);
        pad(data);
        return this;
    }

    public byte[] bytes() {
        var file = new ByteArrayOutputStream();
        file.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        u32(file, 3);
        u64(file, tensorCount);
        u64(file, pairCount);
        file.writeBytes(pairs.toByteArray());
        file.writeBytes(infos.toByteArray());
        pad(file);
        file.writeBytes(data.toByteArray());
        return file.toByteArray();
    }

    public void write(Path file) {
        try {
            Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void key(String key, int type) {
        pairCount++;
        string(pairs, key);
        u32(pairs, type);
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % ALIGNMENT != 0) {
            out.write(0);
        }
    }

    private static void string(ByteArrayOutputStream out, String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        u64(out, utf8.length);
        out.writeBytes(utf8);
    }

    private static void u32(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    private static void u64(ByteArrayOutputStream out, long value) {
        out.writeBytes(
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }
}
