package dev.ingot.engine.weights;

import dev.ingot.engine.ops.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A model's folder as Hugging Face lays it out: `config.json` and the weights, in `model.safetensors`
/// or in shards that `model.safetensors.index.json` lists.
///
/// Owns the mappings: a [HostTensor] must not be touched after [#close]. May be opened, read and closed
/// by different threads.
public final class Checkpoint implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String CONFIG = "config.json";

    private final Path folder;
    private final Arena arena;
    private final List<SafetensorsFile> files;
    private final Map<String, SafetensorsFile> byTensor;

    private Checkpoint(
            Path folder,
            Arena arena,
            List<SafetensorsFile> files,
            Map<String, SafetensorsFile> byTensor) {
        this.folder = folder;
        this.arena = arena;
        this.files = files;
        this.byTensor = byTensor;
    }

    /// Maps every weight file of a folder and checks the headers; no weight is read.
    ///
    /// Where both forms of weights are there, the single file counts, as in transformers.
    ///
    /// @throws CheckpointException if something is missing or not sound
    public static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(
                    folder,
                    "expected a folder with "
                            + CONFIG
                            + " and "
                            + SINGLE
                            + " or "
                            + INDEX
                            + ", found no folder");
        }
        if (!Files.isRegularFile(folder.resolve(CONFIG))) {
            throw new CheckpointException(
                    folder,
                    "expected "
                            + CONFIG
                            + " and "
                            + SINGLE
                            + " or "
                            + INDEX
                            + ", found no "
                            + CONFIG);
        }
        // Not try-with-resources: the arena outlives this method unless something is wrong.
        var arena = Arena.ofShared();
        try {
            return openWeights(folder, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static Checkpoint openWeights(Path folder, Arena arena) {
        if (Files.isRegularFile(folder.resolve(SINGLE))) {
            var file = SafetensorsFile.open(folder.resolve(SINGLE), arena);
            var byTensor = new LinkedHashMap<String, SafetensorsFile>();
            file.names().forEach(name -> byTensor.put(name, file));
            return new Checkpoint(folder, arena, List.of(file), byTensor);
        }
        if (Files.isRegularFile(folder.resolve(INDEX))) {
            return openShards(folder, arena);
        }
        throw new CheckpointException(
                folder, "expected " + SINGLE + " or " + INDEX + ", found neither");
    }

    private static Checkpoint openShards(Path folder, Arena arena) {
        var index = JsonFile.read(folder.resolve(INDEX));
        var weightMap =
                index.object("weight_map")
                        .orElseThrow(() ->
                                index.bad("weight_map", "expected an object, found no such field"));
        var shards = new LinkedHashMap<String, SafetensorsFile>();
        var byTensor = new LinkedHashMap<String, SafetensorsFile>();
        for (var tensor : weightMap.fields()) {
            var shardName =
                    weightMap
                            .optionalString(tensor)
                            .filter(Checkpoint::isPlainFileName)
                            .orElseThrow(() ->
                                    weightMap.bad(
                                            tensor,
                                            "expected the plain name of a .safetensors file"
                                                    + " in the same folder, found "
                                                    + weightMap
                                                            .optionalString(tensor)
                                                            .orElse("null")));
            var shard = shards.get(shardName);
            if (shard == null) {
                shard = SafetensorsFile.open(folder.resolve(shardName), arena);
                shards.put(shardName, shard);
            }
            if (!shard.names().contains(tensor)) {
                throw weightMap.bad(
                        tensor, "expected this tensor in " + shardName + ", found no such tensor");
            }
            byTensor.put(tensor, shard);
        }
        return new Checkpoint(folder, arena, List.copyOf(shards.values()), byTensor);
    }

    private static boolean isPlainFileName(String name) {
        return name.endsWith(".safetensors")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c < ' ');
    }

    /// The folder itself.
    public Path folder() {
        return folder;
    }

    /// The weight files.
    public List<Path> files() {
        return files.stream().map(SafetensorsFile::file).toList();
    }

    /// The tensors of all files.
    public Set<String> names() {
        return Set.copyOf(byTensor.keySet());
    }

    /// Whether there is such a tensor.
    public boolean has(String name) {
        return byTensor.containsKey(name);
    }

    /// Bytes of one tensor's data.
    ///
    /// @throws CheckpointException if there is no such tensor
    public long bytes(String name) {
        return fileOf(name).bytes(name);
    }

    /// Bytes of all tensors' data.
    public long totalBytes() {
        return byTensor.entrySet().stream()
                .mapToLong(entry -> entry.getValue().bytes(entry.getKey()))
                .sum();
    }

    /// A tensor of real numbers, as it lies in its file.
    ///
    /// @throws CheckpointException if there is no such tensor, or it is not F32, F16 or BF16
    public HostTensor tensor(String name) {
        return fileOf(name).tensor(name);
    }

    /// A tensor whose shape is known beforehand.
    ///
    /// @throws CheckpointException as [#tensor(String)], and if its shape is another one
    public HostTensor tensor(String name, long... shape) {
        var tensor = tensor(name);
        var expected = Arrays.stream(shape).boxed().toList();
        if (!tensor.shape().equals(expected)) {
            throw new CheckpointException(
                    fileOf(name).file(),
                    "tensor '"
                            + name
                            + "': expected shape "
                            + expected
                            + " after config.json, found "
                            + tensor.shape());
        }
        return tensor;
    }

    /// The bytes of a tensor that does not hold real numbers: packed levels, exponents.
    ///
    /// @param dtype as the file names it
    /// @throws CheckpointException if there is no such tensor, or it has another dtype or shape
    public MemorySegment bytes(String name, String dtype, long... shape) {
        return fileOf(name).bytes(name, dtype, Arrays.stream(shape).boxed().toList());
    }

    private SafetensorsFile fileOf(String name) {
        var file = byTensor.get(name);
        if (file == null) {
            throw new CheckpointException(
                    folder,
                    "expected tensor '"
                            + name
                            + "', found no such tensor in "
                            + files.stream()
                                    .map(f -> String.valueOf(f.file().getFileName()))
                                    .collect(Collectors.joining(", ")));
        }
        return file;
    }

    /// Unmaps the files. No device may read from them any more.
    @Override
    public void close() {
        arena.close();
    }
}
