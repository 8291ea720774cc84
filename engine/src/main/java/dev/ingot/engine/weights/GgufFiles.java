package dev.ingot.engine.weights;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// A model in GGUF: one file, or all parts of a split one (`NAME-00001-of-00003.gguf`), of which the first has the
/// metadata.
public record GgufFiles(List<GgufFile> files) {
    private static final Pattern PART = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final int MAX_PARTS = 4096;

    public GgufFiles {
        files = List.copyOf(files);
    }

    /// Whether a path is named as a GGUF file is.
    public static boolean isNamedSo(Path path) {
        return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    /// The file with the metadata: the first part of a split model, else the file itself.
    public static Path firstPart(Path file) {
        var part = PART.matcher(String.valueOf(file.getFileName()));
        return part.matches()
                ? file.resolveSibling(part.group(1) + "-00001-of-" + part.group(3) + ".gguf")
                : file;
    }

    /// A file's name without what says that it is GGUF, or a part of one.
    public static String modelName(Path file) {
        var name = String.valueOf(file.getFileName());
        var part = PART.matcher(name);
        return part.matches() ? part.group(1) : name.replaceFirst("(?i)\\.gguf$", "");
    }

    /// Maps and checks all files of a model.
    ///
    /// @param file the only one, or any part
    /// @param arena owns the mappings
    /// @throws CheckpointException if one is missing or not sound, or they are not parts of one model
    public static GgufFiles open(Path file, Arena arena) {
        var part = PART.matcher(String.valueOf(file.getFileName()));
        if (!part.matches()) {
            var only = GgufFile.open(file, arena);
            requireSplit(only, 0, 1);
            return new GgufFiles(List.of(only));
        }
        int count = Integer.parseInt(part.group(3));
        if (count < 1 || count > MAX_PARTS) {
            throw new CheckpointException(
                    file, "expected 1 to " + MAX_PARTS + " parts, found " + count);
        }
        var files = new ArrayList<GgufFile>();
        for (int i = 0; i < count; i++) {
            var name =
                    String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", part.group(1), i + 1, count);
            var each = GgufFile.open(file.resolveSibling(name), arena);
            requireSplit(each, i, count);
            files.add(each);
        }
        var opened = new GgufFiles(files);
        opened.requireAllTensors();
        return opened;
    }

    private static void requireSplit(GgufFile file, int number, int count) {
        var metadata = file.metadata();
        int found = metadata.optionalInt("split.count", 0, MAX_PARTS).orElse(count);
        if (Math.max(found, 1) != count) {
            throw metadata.bad(
                    "split.count",
                    "expected "
                            + count
                            + " as the file's name says, found "
                            + found
                            + "; parts are named NAME-00001-of-0000N.gguf");
        }
        int foundNumber = metadata.optionalInt("split.no", 0, MAX_PARTS).orElse(number);
        if (foundNumber != number) {
            throw metadata.bad("split.no", "expected " + number + ", found " + foundNumber);
        }
    }

    private void requireAllTensors() {
        int found = files.stream().mapToInt(file -> file.names().size()).sum();
        int expected =
                metadata().optionalInt("split.tensors.count", 0, Integer.MAX_VALUE).orElse(found);
        if (found != expected) {
            throw metadata()
                    .bad(
                            "split.tensors.count",
                            "expected " + expected + " tensors in all parts, found " + found);
        }
    }

    /// Of the whole model.
    public GgufMetadata metadata() {
        return files.getFirst().metadata();
    }

    /// The file that holds a tensor.
    public Optional<GgufFile> holding(String tensor) {
        return files.stream().filter(file -> file.names().contains(tensor)).findFirst();
    }
}
