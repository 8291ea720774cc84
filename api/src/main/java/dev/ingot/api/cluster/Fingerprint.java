package dev.ingot.api.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// Tells whether two nodes have the same model.
public final class Fingerprint {
    private static final int SAMPLES = 64;
    private static final int SAMPLE_BYTES = 64 << 10;
    private static final int HEX_DIGITS = 12;

    private Fingerprint() {}

    /// Of what requests are made with: configuration, tokenizer, template. A router has these and may lack the weights.
    ///
    /// @param model a folder or a GGUF file
    /// @throws UncheckedIOException if a file cannot be read
    public static String ofText(Path model) {
        return of(files(model, false));
    }

    /// Of the weights: of each file its length and 64 stretches of 64 KiB all over it, which is enough to tell
    /// two models apart, and takes no time.
    ///
    /// @param model a folder or a GGUF file
    /// @throws UncheckedIOException if a file cannot be read
    public static String ofWeights(Path model) {
        return of(files(model, true));
    }

    private static List<Path> files(Path model, boolean weights) {
        if (Files.isRegularFile(model)) {
            return List.of(model); // Both in one.
        }
        try (var all = Files.list(model)) {
            return all.filter(Files::isRegularFile)
                    .filter(file -> weights ? isWeights(file) : isText(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isWeights(Path file) {
        return file.toString().endsWith(".safetensors");
    }

    private static boolean isText(Path file) {
        var name = String.valueOf(file.getFileName());
        return (name.endsWith(".json") && !name.endsWith(".index.json"))
                || name.endsWith(".jinja")
                || name.endsWith(".model")
                || name.endsWith(".tiktoken");
    }

    private static String of(List<Path> files) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            for (var file : files) {
                add(digest, file);
            }
            return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void add(MessageDigest digest, Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
            long stride = Math.max(SAMPLE_BYTES, size / SAMPLES);
            var buffer = ByteBuffer.allocate(SAMPLE_BYTES);
            for (long at = 0; at < size; at += stride) {
                buffer.clear();
                channel.read(buffer, at);
                digest.update(buffer.flip());
            }
        }
    }
}
