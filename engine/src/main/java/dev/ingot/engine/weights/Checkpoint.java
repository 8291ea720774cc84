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
import java.util.Set;
import java.util.stream.Collectors;

/// A model's weights by the names that transformers gives them: from a folder as Hugging Face lays it out
/// (`model.safetensors`, or shards that `model.safetensors.index.json` lists), or from GGUF files.
///
/// Owns the mappings: a [HostTensor] must not be touched after [#close]. May be opened, read and closed
/// by different threads.
public final class Checkpoint implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String CONFIG = "config.json";

    /// Where a tensor is.
    ///
    /// @param name in the file
    private record Stored(WeightFile file, String name, Arrangement arrangement) {
        static Stored asNamed(WeightFile file, String name) {
            return new Stored(file, name, new Arrangement.Same());
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
                for (var known : names.ofTransformers(name)) {
                    var stored = new Stored(file, name, known.arrangement());
                    if (byTensor.put(known.name(), stored) != null) {
                        throw new CheckpointException(
                                file.file(), "tensor '" + name + "': expected once, found twice");
                    }
                }
            }
        }
        return new Checkpoint(path, arena, opened.files(), byTensor);
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
            file.names()
                    .forEach(name ->
                            nameInLanguagePart(name)
                                    .ifPresent(known ->
                                            byTensor.put(known, Stored.asNamed(file, name))));
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
            var stored = Stored.asNamed(shard, tensor);
            nameInLanguagePart(tensor).ifPresent(known -> byTensor.put(known, stored));
        }
        return new Checkpoint(folder, arena, List.copyOf(shards.values()), byTensor);
    }

    /// How a model that also sees names a tensor of its language model, without what says so: `language_model.model.norm`
    /// or `model.language_model.norm` is `model.norm`. Empty for what reads images.
    public static Optional<String> nameInLanguagePart(String name) {
        if (name.matches("(model\\.)?(vision_tower|multi_modal_projector)\\..*")) {
            return Optional.empty();
        }
        return Optional.of(name.replaceFirst("^(model\\.)?language_model\\.", "$1"));
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

    /// Whether this is a GGUF file: some architectures' matrices lie the other way round there.
    public boolean isGguf() {
        return files.getFirst() instanceof GgufFile;
    }

    /// A tensor's shape, outermost dimension first.
    ///
    /// @throws CheckpointException if there is no such tensor
    public List<Long> shape(String name) {
        var stored = stored(name);
        return stored.arrangement.shape(stored.file.shape(stored.name));
    }

    /// Bytes of all tensors as they are stored.
    public long totalBytes() {
        return byTensor.values().stream()
                .map(stored -> Stored.asNamed(stored.file, stored.name)) // a fused one counts once
                .distinct()
                .mapToLong(stored -> stored.file.bytes(stored.name))
                .sum();
    }

    /// A tensor of real numbers, as it lies in its file; a quantized one of a GGUF file as an F16 copy.
    ///
    /// @throws CheckpointException if there is no such tensor, or it is not F32, F16 or BF16
    public HostTensor tensor(String name) {
        var stored = stored(name);
        return stored.arrangement.of(stored.file.file(), stored.file.tensor(stored.name));
    }

    /// A tensor of real numbers with its rows in the file's order: enough to know what it takes.
    ///
    /// @throws CheckpointException as [#tensor]
    public HostTensor unarranged(String name) {
        var stored = stored(name);
        return stored.file.tensor(stored.name);
    }

    /// How a tensor that is quantized in a GGUF file is stored; empty for any other.
    ///
    /// @throws CheckpointException if there is no such tensor
    public Optional<GgmlType> blockType(String name) {
        var stored = stored(name);
        return stored.file instanceof GgufFile gguf
                ? Optional.of(gguf.type(stored.name)).filter(type -> type.blockElements() > 1)
                : Optional.empty();
    }

    /// How the file names the type of a tensor's elements; empty for a GGUF file.
    ///
    /// @throws CheckpointException if there is no such tensor
    public Optional<String> safetensorsType(String name) {
        var stored = stored(name);
        return stored.file instanceof SafetensorsFile file
                ? Optional.of(file.dtype(stored.name))
                : Optional.empty();
    }

    /// The blocks of a tensor that is quantized in a GGUF file.
    ///
    /// @throws CheckpointException if there is no such tensor, or its shape is another one
    public GgufFile.Blocks blocks(String name, long... shape) {
        var stored = stored(name);
        var blocks = stored.arrangement.of(stored.file.file(), unarrangedBlocks(name));
        requireShape(name, blocks.shape(), shape);
        return blocks;
    }

    /// The blocks of a tensor with its rows in the file's order: enough to know what they take.
    ///
    /// @throws CheckpointException if there is no such tensor
    public GgufFile.Blocks unarrangedBlocks(String name) {
        var stored = stored(name);
        if (!(stored.file instanceof GgufFile gguf)) {
            throw new CheckpointException(
                    stored.file.file(), "tensor '" + name + "': expected blocks of a GGUF file");
        }
        return gguf.blocks(stored.name);
    }

    /// A tensor whose shape is known beforehand.
    ///
    /// @throws CheckpointException as [#tensor(String)], and if its shape is another one
    public HostTensor tensor(String name, long... shape) {
        var tensor = tensor(name);
        requireShape(name, tensor.shape(), shape);
        return tensor;
    }

    private void requireShape(String name, List<Long> found, long... shape) {
        var expected = Arrays.stream(shape).boxed().toList();
        if (!found.equals(expected)) {
            throw new CheckpointException(
                    stored(name).file.file(),
                    "tensor '"
                            + stored(name).name
                            + "': expected shape "
                            + expected
                            + " after the configuration, found "
                            + found);
        }
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
