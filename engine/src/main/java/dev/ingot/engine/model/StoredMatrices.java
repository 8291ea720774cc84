package dev.ingot.engine.model;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgmlType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The matrices of a checkpoint as a device takes them, however they are stored: in full, quantized by MLX, by gpt-oss
/// or by GGUF, or to be quantized now.
final class StoredMatrices {
    /// A matrix that is quantized at load has rows of whole groups of so many inputs.
    private static final int SMALLEST_GROUP = 32;

    static final String WEIGHT = ".weight";
    private static final String BLOCKS = "_blocks";
    private static final String EXPONENTS = "_scales";

    private static final Map<String, BlockWeights.Type> BLOCK_TYPES =
            Arrays.stream(BlockWeights.Type.values())
                    .collect(Collectors.toUnmodifiableMap(Enum::name, type -> type));

    private final Checkpoint checkpoint;
    private final WeightLoading loading;
    private final Optional<QuantizationConfig> quantization;
    private final Set<String> taken = new HashSet<>();

    StoredMatrices(Checkpoint checkpoint, WeightLoading loading) {
        this.checkpoint = checkpoint;
        this.loading = loading;
        quantization =
                Files.isDirectory(checkpoint.path())
                        ? HfConfig.quantization(checkpoint.path())
                        : Optional.empty();
        if (quantization.isPresent() && loading != WeightLoading.AS_STORED) {
            throw new CheckpointException(
                    checkpoint.path(),
                    "expected weights in full to quantize, found a checkpoint that is quantized"
                            + " already");
        }
    }

    Checkpoint checkpoint() {
        return checkpoint;
    }

    /// Tensors that somebody asked for.
    Set<String> taken() {
        return taken;
    }

    /// Types of blocks that are held as F16, with the bytes in the file and in memory; empty for none.
    Optional<String> held() {
        var types = new TreeSet<GgmlType>();
        long stored = 0;
        long held = 0;
        for (var name : checkpoint.names()) {
            var type = checkpoint.blockType(name);
            if (type.isPresent() && !BLOCK_TYPES.containsKey(type.get().name())) {
                types.add(type.get());
                long elements = elements(checkpoint.shape(name));
                stored += type.get().bytes(elements);
                held += DType.F16.bytes(elements);
            }
        }
        return types.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "weights of "
                                + types
                                + " are held as F16: "
                                + (held >> 20)
                                + " MiB of memory for "
                                + (stored >> 20)
                                + " MiB in the file");
    }

    /// The parts of a matrix. Where blocks and weights in full are stacked, all are in full.
    ///
    /// @throws CheckpointException if a tensor is missing or of another shape, or the parts do not go together
    List<WeightSource> sources(int columns, Part... parts) {
        var sources = new ArrayList<WeightSource>();
        for (var part : parts) {
            sources.add(source(part, columns));
        }
        boolean someInFull = sources.stream().anyMatch(HostTensor.class::isInstance);
        for (int i = 0; someInFull && i < parts.length; i++) {
            if (sources.get(i) instanceof BlockWeights) {
                sources.set(i, full(parts[i], columns));
            }
        }
        requireAlike(sources);
        return sources;
    }

    /// A matrix as it is stored, or with what is to be done to it.
    private WeightSource source(Part part, int columns) {
        var path = pathOf(part.name());
        if (quantization.isPresent() && checkpoint.has(path + ".scales")) {
            return quantized(path, quantization.get().of(path), part, columns);
        }
        var type = blockType(part.name());
        if (type.isPresent()) {
            taken.add(part.name());
            var blocks = checkpoint.blocks(part.name(), part.shape(columns));
            return new BlockWeights(
                    part.label(), type.get(), part.rows(), columns, part.of(blocks.data()));
        }
        return asLoaded(full(part, columns));
    }

    private static String pathOf(String name) {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    }

    /// Empty for a tensor that is not in blocks, or in such as are held as F16.
    private Optional<BlockWeights.Type> blockType(String name) {
        return checkpoint.has(name)
                ? checkpoint.blockType(name).map(type -> BLOCK_TYPES.get(type.name()))
                : Optional.empty();
    }

    private HostTensor full(Part part, int columns) {
        var tensor = take(part.name(), part.shape(columns));
        return new HostTensor(
                part.label(),
                tensor.dtype(),
                List.of((long) part.rows(), (long) columns),
                part.of(tensor.data()));
    }

    /// A tensor of real numbers.
    HostTensor take(String name, long... shape) {
        taken.add(name);
        return checkpoint.tensor(name, shape);
    }

    /// A matrix in full, or what is to be quantized of it.
    WeightSource asLoaded(HostTensor full) {
        if (loading == WeightLoading.AS_STORED || full.in() % SMALLEST_GROUP != 0) {
            return full;
        }
        return new QuantizedAtLoad(full, loading.bits(), full.in() % 64 == 0 ? 64 : SMALLEST_GROUP);
    }

    private WeightSource quantized(
            String path, QuantizationConfig.Scheme scheme, Part part, int columns) {
        if (columns % scheme.group() != 0) {
            throw new CheckpointException(
                    checkpoint.path(),
                    "tensor '"
                            + path
                            + WEIGHT
                            + "': expected rows of whole groups of "
                            + scheme.group()
                            + ", found "
                            + columns
                            + " columns");
        }
        int words = Math.toIntExact((long) columns * scheme.bits() / Integer.SIZE);
        int groups = columns / scheme.group();
        taken.add(path + WEIGHT);
        taken.add(path + ".scales");
        var levels = part.of(checkpoint.bytes(path + WEIGHT, "U32", part.shape(words)));
        return switch (scheme.mode()) {
            case AFFINE ->
                    new AffineWeights(
                            part.label(),
                            levels,
                            scheme.bits(),
                            perGroup(path + ".scales", part, groups),
                            perGroup(path + ".biases", part, groups));
            case MXFP4 ->
                    new Mxfp4Weights(
                            part.label(),
                            part.rows(),
                            columns,
                            levels,
                            part.of(checkpoint.bytes(path + ".scales", "U8", part.shape(groups))));
        };
    }

    private HostTensor perGroup(String name, Part part, int groups) {
        var tensor = take(name, part.shape(groups));
        return new HostTensor(
                name,
                tensor.dtype(),
                List.of((long) part.rows(), (long) groups),
                part.of(tensor.data()));
    }

    /// Whether gpt-oss's experts are stored under this name in blocks of 4-bit floats.
    boolean hasMxfp4Blocks(String name) {
        return checkpoint.has(name + BLOCKS);
    }

    /// One expert's matrix as gpt-oss's own checkpoints store it: `…_blocks [experts, out, in / 32, 16]` and
    /// `…_scales [experts, out, in / 32]`.
    Mxfp4Weights mxfp4Blocks(Part part, int columns) {
        int groups = columns / Mxfp4Weights.GROUP;
        if (columns % Mxfp4Weights.GROUP != 0) {
            throw new CheckpointException(
                    checkpoint.path(),
                    "tensor '"
                            + part.name()
                            + BLOCKS
                            + "': expected rows of whole groups of 32, found "
                            + columns
                            + " columns");
        }
        taken.add(part.name() + BLOCKS);
        taken.add(part.name() + EXPONENTS);
        var levels =
                checkpoint.bytes(
                        part.name() + BLOCKS,
                        "U8",
                        part.experts(),
                        part.rows(),
                        groups,
                        Mxfp4Weights.GROUP / 2);
        var exponents = checkpoint.bytes(part.name() + EXPONENTS, "U8", part.shape(groups));
        return new Mxfp4Weights(
                part.label(), part.rows(), columns, part.of(levels), part.of(exponents));
    }

    /// Parts in full have one dtype; parts in full and quantized parts do not go together.
    private void requireAlike(List<WeightSource> parts) {
        var first = parts.getFirst();
        for (var part : parts) {
            if (!kind(part).equals(kind(first))) {
                throw new CheckpointException(
                        checkpoint.path(),
                        "tensor '"
                                + part.name()
                                + "': expected dtype "
                                + kind(first)
                                + " like '"
                                + first.name()
                                + "', found "
                                + kind(part));
            }
        }
    }

    private static String kind(WeightSource source) {
        return switch (source) {
            case HostTensor full -> full.dtype().name();
            case Mxfp4Weights _ -> "MXFP4";
            case BlockWeights blocks when blocks.type() == BlockWeights.Type.MXFP4 -> "MXFP4";
            case AffineWeights _, BlockWeights _, QuantizedAtLoad _ -> "quantized";
        };
    }

    /// What all weights take on a device; none is read.
    ///
    /// Projections that models stack (q, k and v; gate and up) are counted as one matrix: on some devices the widest
    /// decides.
    long bytesOn(Device device) {
        Map<String, List<WeightSource>> matrices = new LinkedHashMap<>();
        long bytes = 0;
        for (var name : checkpoint.names()) {
            var shape = checkpoint.shape(name);
            if (shape.size() < 2 || isTable(name)) {
                bytes += DType.F32.bytes(elements(shape));
            } else if (checkpoint.blockType(name).isPresent() && blockType(name).isEmpty()) {
                bytes += DType.F16.bytes(elements(shape));
            } else {
                whole(name, shape)
                        .ifPresent(source ->
                                matrices.computeIfAbsent(stack(name), _ -> new ArrayList<>())
                                        .add(source));
            }
        }
        for (var sources : matrices.values()) {
            boolean inFull = sources.stream().anyMatch(HostTensor.class::isInstance);
            boolean inBlocks = sources.stream().anyMatch(BlockWeights.class::isInstance);
            bytes +=
                    inFull && inBlocks
                            ? sources.stream()
                                    .mapToLong(s -> DType.F16.bytes((long) s.out() * s.in()))
                                    .sum()
                            : bytesOfOne(device, sources);
        }
        return bytes;
    }

    private long bytesOfOne(Device device, List<WeightSource> parts) {
        var first = parts.getFirst();
        for (var part : parts) {
            if (part.in() != first.in()) {
                throw new CheckpointException(
                        checkpoint.path(),
                        "tensor '"
                                + part.name()
                                + "': expected rows of "
                                + first.in()
                                + " like those of '"
                                + first.name()
                                + "', found "
                                + part.in());
            }
        }
        try {
            return device.matrixBytes(parts);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(checkpoint.path(), String.valueOf(e.getMessage()), e);
        }
    }

    /// Whether rows are looked up and added, which is done in F32: positions, and the experts' biases.
    private static boolean isTable(String name) {
        return name.endsWith("bias")
                || name.endsWith("wpe.weight")
                || name.endsWith("embed_positions.weight");
    }

    private static String stack(String name) {
        return name.replaceFirst("\\.[qkv]_proj\\.weight$", ".qkv")
                .replaceFirst("\\.(gate|up)_proj\\.weight$", ".gateUp")
                .replaceFirst("\\.w[13]\\.weight$", ".gateUp");
    }

    /// A tensor as one matrix; empty for what belongs to another.
    private Optional<WeightSource> whole(String name, List<Long> shape) {
        var path = pathOf(name);
        if (quantization.isPresent() && checkpoint.has(path + ".scales")) {
            var scales = checkpoint.shape(path + ".scales");
            var scheme = quantization.get().of(path);
            int columns = Math.toIntExact(scales.getLast() * scheme.group());
            int rows = Math.toIntExact(scales.get(scales.size() - 2));
            var part =
                    scales.size() == 3
                            ? Part.ofAllExperts(name, rows, Math.toIntExact(scales.getFirst()))
                            : Part.part(name, rows);
            return Optional.of(quantized(path, scheme, part, columns));
        }
        boolean ofAnother =
                quantization.isPresent() && (name.endsWith(".scales") || name.endsWith(".biases"));
        if (ofAnother || name.endsWith(EXPONENTS)) {
            return Optional.empty();
        }
        int columns = Math.toIntExact(shape.getLast());
        int rows = Math.toIntExact(elements(shape) / columns);
        if (name.endsWith(BLOCKS)) {
            int in = columns * 2 * Math.toIntExact(shape.get(shape.size() - 2));
            int out = Math.toIntExact(elements(shape) * 2 / in);
            var data = checkpoint.bytes(name, "U8", longs(shape));
            return Optional.of(
                    new Mxfp4Weights(
                            name,
                            out,
                            in,
                            data,
                            data.asSlice(0, (long) out * in / Mxfp4Weights.GROUP)));
        }
        if (checkpoint.safetensorsType(name).filter(t -> !t.contains("F")).isPresent()) {
            return Optional.empty(); // a mask, say: refused or ignored where the model is loaded
        }
        var type = blockType(name);
        if (type.isPresent()) {
            long bytes = (long) rows * columns / type.get().elements() * type.get().bytes();
            var blocks = checkpoint.unarrangedBlocks(name).data().asSlice(0, bytes);
            return Optional.of(new BlockWeights(name, type.get(), rows, columns, blocks));
        }
        var full = checkpoint.unarranged(name);
        long bytes = full.dtype().bytes((long) rows * columns);
        return Optional.of(
                asLoaded(
                        new HostTensor(
                                name,
                                full.dtype(),
                                List.of((long) rows, (long) columns),
                                full.data().asSlice(0, bytes))));
    }

    private static long[] longs(List<Long> shape) {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    private static long elements(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /// Every second row of a matrix of equal rows, from row `first` on.
    static MemorySegment everyOtherRow(MemorySegment data, int rows, int first) {
        long rowBytes = data.byteSize() / rows;
        var half = MemorySegment.ofArray(new byte[Math.toIntExact(rows / 2 * rowBytes)]);
        for (int r = 0; r < rows / 2; r++) {
            MemorySegment.copy(data, (2L * r + first) * rowBytes, half, r * rowBytes, rowBytes);
        }
        return half;
    }
}
