package dev.ingot.engine.model;

import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.engine.weights.CheckpointException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a checkpoint's weights will take once they are loaded, from the headers of its files alone.
record ForetoldWeights(StoredMatrices stored) {
    /// What all weights take on a device; none is read.
    ///
    /// Projections that models stack (q, k and v; gate and up) are counted as one matrix: on some devices the widest
    /// decides.
    long bytesOn(Device device) {
        Map<String, List<WeightSource>> matrices = new LinkedHashMap<>();
        long bytes = 0;
        for (var name : stored.checkpoint().names()) {
            var shape = stored.checkpoint().shape(name);
            if (shape.size() < 2 || isTable(name)) {
                bytes += DType.F32.bytes(StoredMatrices.elements(shape));
            } else if (stored.checkpoint().blockType(name).isPresent()
                    && stored.blockType(name).isEmpty()) {
                bytes += DType.F16.bytes(StoredMatrices.elements(shape));
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
                        stored.checkpoint().path(),
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
            throw new CheckpointException(
                    stored.checkpoint().path(), String.valueOf(e.getMessage()), e);
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
        var path = StoredMatrices.pathOf(name);
        if (stored.quantization().isPresent() && stored.checkpoint().has(path + ".scales")) {
            var scales = stored.checkpoint().shape(path + ".scales");
            var scheme = stored.quantization().get().of(path);
            int columns = Math.toIntExact(scales.getLast() * scheme.group());
            int rows = Math.toIntExact(scales.get(scales.size() - 2));
            var part =
                    scales.size() == 3
                            ? Part.ofAllExperts(name, rows, Math.toIntExact(scales.getFirst()))
                            : Part.part(name, rows);
            return Optional.of(stored.quantized(path, scheme, part, columns));
        }
        boolean ofAnother =
                stored.quantization().isPresent()
                        && (name.endsWith(".scales") || name.endsWith(".biases"));
        if (ofAnother || name.endsWith(StoredMatrices.EXPONENTS)) {
            return Optional.empty();
        }
        int columns = Math.toIntExact(shape.getLast());
        int rows = Math.toIntExact(StoredMatrices.elements(shape) / columns);
        if (name.endsWith(StoredMatrices.BLOCKS)) {
            int in = columns * 2 * Math.toIntExact(shape.get(shape.size() - 2));
            int out = Math.toIntExact(StoredMatrices.elements(shape) * 2 / in);
            var data = stored.checkpoint().bytes(name, "U8", longs(shape));
            return Optional.of(
                    new Mxfp4Weights(
                            name,
                            out,
                            in,
                            data,
                            data.asSlice(0, (long) out * in / Mxfp4Weights.GROUP)));
        }
        if (stored.checkpoint().safetensorsType(name).filter(t -> !t.contains("F")).isPresent()) {
            return Optional.empty(); // a mask, say: refused or ignored where the model is loaded
        }
        var type = stored.blockType(name);
        if (type.isPresent()) {
            long bytes = (long) rows * columns / type.get().elements() * type.get().bytes();
            var blocks = stored.checkpoint().unarrangedBlocks(name).data().asSlice(0, bytes);
            return Optional.of(new BlockWeights(name, type.get(), rows, columns, blocks));
        }
        var full = stored.checkpoint().unarranged(name);
        long bytes = full.dtype().bytes((long) rows * columns);
        return Optional.of(
                stored.asLoaded(
                        new HostTensor(
                                name,
                                full.dtype(),
                                List.of((long) rows, (long) columns),
                                full.data().asSlice(0, bytes))));
    }

    private static long[] longs(List<Long> shape) {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }
}
