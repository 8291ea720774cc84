package dev.ingot.engine.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ingot.engine.ops.DType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Writes safetensors files for tests: sound ones tensor by tensor, unsound ones byte by byte.
public final class SafetensorsWriter {
    private final List<String> entries = new ArrayList<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    /// Adds a tensor, its values rounded to `dtype`.
    public SafetensorsWriter add(String name, DType dtype, List<Integer> shape, float... values) {
        var bytes =
                ByteBuffer.allocate(Math.toIntExact(dtype.bytes(values.length)))
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            switch (dtype) {
                case F32 -> bytes.putFloat(value);
                case F16 -> bytes.putShort(Float.floatToFloat16(value));
                // Cut off, not rounded: tests use values that need no rounding.
                case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                case I32 -> bytes.putInt((int) value);
                case I8 -> bytes.put((byte) value);
            }
        }
        return addRaw(name, dtype.name(), shape.toString(), bytes.array());
    }

    /// Adds a tensor of any dtype.
    public SafetensorsWriter addRaw(String name, String dtype, String shape, byte[] bytes) {
        int begin = data.size();
        data.writeBytes(bytes);
        entries.add(entry(name, dtype, shape, "[" + begin + "," + data.size() + "]"));
        return this;
    }

    /// One entry of a header, as it is told.
    static String entry(String name, String dtype, String shape, String offsets) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}"
                .formatted(name, dtype, shape, offsets);
    }

    /// The whole file.
    byte[] bytes() {
        return file("{" + String.join(",", entries) + "}", data.toByteArray());
    }

    /// Writes the whole file.
    public void write(Path file) {
        try {
            Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A file with this header and data, however wrong.
    static byte[] file(String header, byte[] data) {
        return file(header.getBytes(UTF_8).length, header, data);
    }

    /// A file whose header length may lie.
    static byte[] file(long headerBytes, String header, byte[] data) {
        byte[] json = header.getBytes(UTF_8);
        var file =
                ByteBuffer.allocate(Long.BYTES + json.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        return file.putLong(headerBytes).put(json).put(data).array();
    }

    /// The first `count` bytes.
    static byte[] cut(byte[] file, int count) {
        return Arrays.copyOf(file, count);
    }
}
