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
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A model's weights by the names that transformers gives them: from a folder as Hugging Face lays it out
/// (`model.safetensors`, or shards that `model.safetensors.index.json` lists), or from GGUF files.
///
/// Owns the mappings: a [HostTensor] must not be touched after [#close]. May be opened, read and closed
/// by different threads.
public final class Checkpoint implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String CONFIG = "config.json";

    private static final Logger LOG = LoggerFactory.getLogger(Checkpoint.class);

    /// Where a tensor is.
    ///
    /// @param name in the file
    /// @param interleavedHeads heads whose rows alternate between their halves; empty where they do not
    private record Stored(WeightFile file, String name, OptionalInt interleavedHeads) {
        static Stored asNamed(WeightFile file, String name) {
            return new Stored(file, name, OptionalInt.empty());
        }
    }

    private final Path path;
    private final Arena arena;
    private final List<? extends WeightFile> files;
    private final Map<String, Stored> byTensor;

    private Checkpoint(
            Path path,
            Arena arena,
            List<? extends WeightFile> files,
            Map<String, Stored> byTensor) {
        this.path = path;
        this.arena = arena;
        this.files = files;
        this.byTensor = byTensor;
    }

    /// Maps every weight file of a folder, or a GGUF file, and checks the headers; no weight is read.
    ///
    /// Where both forms of weights are in a folder, the single file counts, as in transformers.
    ///
    /// @throws CheckpointException if something is missing or not sound
    public static Checkpoint open(Path path) {
        // Not try-with-resources: the arena outlives this method unless something is wrong.
        var arena = Arena.ofShared();
        try {
            return GgufFiles.isNamedSo(path) ? openGguf(path, arena) : openFolder(path, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static Checkpoint openGguf(Path path, Arena arena) {
        var opened = GgufFiles.open(path, arena);
        var names = new GgufTensorNames(opened.metadata());
        var byTensor = new LinkedHashMap<String, Stored>();
        for (var file : opened.files()) {
            for (var name : file.names()) {
                var stored = new Stored(file, name, names.interleavedHeads(name));
                var known = names.ofTransformers(name);
                if (known.isPresent() && byTensor.put(known.get(), stored) != null) {
                    throw new CheckpointException(
                            file.file(), "tensor '" + name + "': expected once, found twice");
                }
            }
        }
        logWhatGrows(path, opened.files());
        return new Checkpoint(path, arena, opened.files(), byTensor);
    }

    private static void logWhatGrows(Path path, List<GgufFile> files) {
        var types = new TreeSet<GgmlType>();
        long stored = 0;
        long held = 0;
        for (var file : files) {
            for (var name : file.names()) {
                if (file.bytes(name) != file.storedBytes(name)) {
                    types.add(file.blocks(name).type());
                    stored += file.storedBytes(name);
                    held += file.bytes(name);
                }
            }
        }
        if (!types.isEmpty()) {
            LOG.warn(
                    "{}: weights of {} are held as F16: {} MiB of memory for {} MiB in the file",
                    path.getFileName(),
                    types,
                    held >> 20,
                    stored >> 20);
        }
    }

    private static Checkpoint openFolder(Path folder, Arena arena) {
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
        return openWeights(folder, arena);
    }

    private static Checkpoint openWeights(Path folder, Arena arena) {
        if (Files.isRegularFile(folder.resolve(SINGLE))) {
            var file = SafetensorsFile.open(folder.resolve(SINGLE), arena);
            var byTensor = new LinkedHashMap<String, Stored>();
            file.names().forEach(name -> byTensor.put(name, Stored.asNamed(file, name)));
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
        var byTensor = new LinkedHashMap<String, Stored>();
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
            byTensor.put(tensor, Stored.asNamed(shard, tensor));
        }
        return new Checkpoint(folder, arena, List.copyOf(shards.values()), byTensor);
    }

    private static boolean isPlainFileName(String name) {
        return name.endsWith(".safetensors")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c < ' ');
    }

    /// Where it lies: a folder or a file.
    public Path path() {
        return path;
    }

    /// The weight files.
    public List<Path> files() {
        return files.stream().map(WeightFile::file).toList();
    }

    /// The tensors of all files.
    public Set<String> names() {
        return Set.copyOf(byTensor.keySet());
    }

    /// Whether there is such a tensor.
    public boolean has(String name) {
        return byTensor.containsKey(name);
    }

    /// Bytes of one tensor as [#tensor] gives it.
    ///
    /// @throws CheckpointException if there is no such tensor
    public long bytes(String name) {
        var stored = stored(name);
        return stored.file.bytes(stored.name);
    }

    /// Bytes of all tensors as [#tensor] gives them.
    public long totalBytes() {
        return byTensor.keySet().stream().mapToLong(this::bytes).sum();
    }

    /// A tensor of real numbers, as it lies in its file.
    ///
    /// @throws CheckpointException if there is no such tensor, or it is not F32, F16 or BF16
    public HostTensor tensor(String name) {
        var stored = stored(name);
        var tensor = stored.file.tensor(stored.name);
        return stored.interleavedHeads.isPresent()
                ? HeadRows.inHalves(stored.file.file(), tensor, stored.interleavedHeads.getAsInt())
                : tensor;
    }

    /// The blocks of a tensor that is quantized in a GGUF file; empty for any other.
    ///
    /// @throws CheckpointException if there is no such tensor
    public Optional<GgufFile.Blocks> blocks(String name) {
        var stored = stored(name);
        if (!(stored.file instanceof GgufFile gguf)) {
            return Optional.empty();
        }
        var blocks = gguf.blocks(stored.name);
        if (blocks.type().blockElements() == 1) {
            return Optional.empty();
        }
        return Optional.of(
                stored.interleavedHeads.isPresent()
                        ? HeadRows.inHalves(gguf.file(), blocks, stored.interleavedHeads.getAsInt())
                        : blocks);
    }

    /// A tensor whose shape is known beforehand.
    ///
    /// @throws CheckpointException as [#tensor(String)], and if its shape is another one
    public HostTensor tensor(String name, long... shape) {
        var tensor = tensor(name);
        var expected = Arrays.stream(shape).boxed().toList();
        if (!tensor.shape().equals(expected)) {
            throw new CheckpointException(
                    stored(name).file.file(),
                    "tensor '"
                            + stored(name).name
                            + "': expected shape "
                            + expected
                            + " after the configuration, found "
                            + tensor.shape());
        }
        return tensor;
    }

    /// The bytes of a tensor that does not hold real numbers: packed levels, exponents.
    ///
    /// @param dtype as the file names it
    /// @throws CheckpointException if there is no such tensor, or it has another dtype or shape
    public MemorySegment bytes(String name, String dtype, long... shape) {
        var stored = stored(name);
        if (!(stored.file instanceof SafetensorsFile file)) {
            throw new CheckpointException(
                    stored.file.file(),
                    "tensor '" + name + "': expected " + dtype + " in safetensors");
        }
        return file.bytes(stored.name, dtype, Arrays.stream(shape).boxed().toList());
    }

    private Stored stored(String name) {
        var stored = byTensor.get(name);
        if (stored == null) {
            throw new CheckpointException(
                    path,
                    "expected tensor '"
                            + name
                            + "', found no such tensor in "
                            + files.stream()
                                    .map(f -> String.valueOf(f.file().getFileName()))
                                    .collect(Collectors.joining(", ")));
        }
        return stored;
    }

    /// Unmaps the files. No device may read from them any more.
    @Override
    public void close() {
        arena.close();
    }
}
