package dev.ingot.api.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What belongs to a model among the files of a repository.
final class Snapshots {
    private static final Pattern PART = Pattern.compile("(.+)-\\d{5}-of-(\\d{5})\\.gguf");
    private static final String INDEX = "model.safetensors.index.json";

    private Snapshots() {}

    /// The model in a snapshot, if all of its weights are there.
    static Optional<Path> complete(Path snapshot, Optional<String> quantization)
            throws IOException {
        if (quantization.isPresent()) {
            return completeGguf(snapshot, quantization.get());
        }
        boolean complete =
                Files.isRegularFile(snapshot.resolve("config.json"))
                        && (Files.isRegularFile(snapshot.resolve("model.safetensors"))
                                || hasAllShards(snapshot));
        return complete ? Optional.of(snapshot) : Optional.empty();
    }

    private static boolean hasAllShards(Path snapshot) throws IOException {
        var index = snapshot.resolve(INDEX);
        if (!Files.isRegularFile(index)) {
            return false;
        }
        try {
            for (var shard :
                    JsonMapper.shared().readTree(Files.readAllBytes(index)).path("weight_map")) {
                if (!Files.isRegularFile(snapshot.resolve(shard.asString("?")))) {
                    return false;
                }
            }
            return true;
        } catch (JacksonException e) {
            throw new IOException(index + " is damaged: " + e.getOriginalMessage(), e);
        }
    }

    private static Optional<Path> completeGguf(Path snapshot, String quantization)
            throws IOException {
        List<String> files;
        try (var tree = Files.walk(snapshot)) {
            files =
                    tree.filter(Files::isRegularFile)
                            .map(file -> snapshot.relativize(file).toString().replace('\\', '/'))
                            .toList();
        }
        var models = named(files, quantization);
        if (models.size() != 1) {
            return Optional.empty();
        }
        var parts = models.getFirst();
        var part = PART.matcher(parts.getFirst());
        boolean complete = !part.matches() || Integer.parseInt(part.group(2)) == parts.size();
        return complete ? Optional.of(snapshot.resolve(parts.getFirst())) : Optional.empty();
    }

    /// The GGUF file that is meant, or all of its parts in order.
    static List<String> ggufParts(Repository repository, List<String> files) throws HubException {
        var models = named(files, repository.quantization().orElseThrow());
        if (models.size() == 1) {
            return models.getFirst();
        }
        var ggufs = files.stream().filter(Snapshots::isGguf).sorted().toList();
        throw new HubException(
                repository
                        + ": expected one GGUF file with '"
                        + repository.quantization().orElseThrow()
                        + "' in its name, found "
                        + models.size()
                        + " among "
                        + (ggufs.isEmpty() ? "none" : String.join(", ", ggufs)));
    }

    /// Models whose name has the word in it; each is its files in order.
    private static List<List<String>> named(List<String> files, String word) {
        var whole =
                Pattern.compile("(?i)(?<![A-Za-z0-9])" + Pattern.quote(word) + "(?![A-Za-z0-9_])");
        var models = new ArrayList<List<String>>();
        for (var file : new TreeSet<>(files)) {
            if (!isGguf(file) || !whole.matcher(file).find()) {
                continue;
            }
            var name = modelName(file);
            if (!models.isEmpty() && modelName(models.getLast().getFirst()).equals(name)) {
                models.getLast().add(file);
            } else {
                models.add(new ArrayList<>(List.of(file)));
            }
        }
        return models;
    }

    private static String modelName(String file) {
        var part = PART.matcher(file);
        return part.matches() ? part.group(1) : file;
    }

    private static boolean isGguf(String file) {
        return file.toLowerCase(Locale.ROOT).endsWith(".gguf");
    }
}
