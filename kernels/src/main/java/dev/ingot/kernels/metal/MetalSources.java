package dev.ingot.kernels.metal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The kernels' source texts, which travel in the jar and are compiled where they run.
final class MetalSources {
    /// Every source file, without `.metal`.
    static final List<String> NAMES =
            List.of(
                    "canary",
                    "embedding",
                    "norm",
                    "matmul_dense",
                    "matmul_quantized",
                    "gemm_dense",
                    "gemm_quantized",
                    "rope",
                    "kv_cache",
                    "attention_f32",
                    "attention_f16",
                    "attention_bf16",
                    "attention_i8",
                    "attention_merge",
                    "flash_f32",
                    "flash_f16",
                    "flash_bf16",
                    "flash_i8",
                    "elementwise",
                    "rows",
                    "experts",
                    "select",
                    "sample");

    private static final Pattern INCLUDE =
            Pattern.compile("^#include \"([^\"]+)\"\\s*$", Pattern.MULTILINE);

    private MetalSources() {}

    /// A source with the headers that it includes written into it, each once: a compiler that is given
    /// text has no folder to look for them.
    ///
    /// @param name the file's, without `.metal`
    static String text(String name) {
        return expanded(read(name + ".metal"), new LinkedHashSet<>());
    }

    private static String expanded(String text, Set<String> included) {
        Matcher include = INCLUDE.matcher(text);
        var result = new StringBuilder();
        while (include.find()) {
            String header = include.group(1);
            String replacement = included.add(header) ? expanded(read(header), included) : "";
            include.appendReplacement(result, Matcher.quoteReplacement(replacement));
        }
        return include.appendTail(result).toString();
    }

    /// Tells one build of the kernels from another.
    static String digest() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String name : NAMES) {
                digest.update(text(name).getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static String read(String file) {
        try (InputStream source = MetalSources.class.getResourceAsStream(file)) {
            if (source == null) {
                throw new IllegalArgumentException("this build has no kernel source " + file);
            }
            return new String(source.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("kernel source " + file, e);
        }
    }
}
