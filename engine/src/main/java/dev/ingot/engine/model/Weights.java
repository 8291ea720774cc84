package dev.ingot.engine.model;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes tensors by name and shape from a checkpoint to a device, and knows at the end what nobody took.
final class Weights {
    private static final Logger LOG = LoggerFactory.getLogger(Weights.class);

    /// A matrix that is quantized at load has rows of whole groups of so many inputs.
    static final int SMALLEST_GROUP = 32;

    private static final String WEIGHT = ".weight";

    private final Checkpoint checkpoint;
    private final WeightLoading loading;
    private final Optional<QuantizationConfig> quantization;
    private final Device device;
    private final Set<String> taken = new HashSet<>();
    private long matrixBytes;

    Weights(Checkpoint checkpoint, WeightLoading loading, Device device) {
        this.checkpoint = checkpoint;
        this.loading = loading;
        this.device = device;
        quantization = HfConfig.quantization(checkpoint.folder());
        if (quantization.isPresent() && loading != WeightLoading.AS_STORED) {
            throw new CheckpointException(
                    checkpoint.folder(),
                    "expected weights in full to quantize, found a checkpoint that is quantized"
                            + " already");
        }
    }

    /// A part of a matrix: where it is stored, and as how many rows.
    record Part(String name, int rows) {}

    static Part part(String name, int rows) {
        return new Part(name, rows);
    }

    /// A matrix `[sum of rows, columns]`, its parts stacked.
    Matrix matrix(String label, int columns, Part... parts) {
        var sources = new ArrayList<WeightSource>();
        for (var part : parts) {
            sources.add(source(part, columns));
        }
        requireAlike(sources);
        var matrix = device.matrix(label, sources);
        matrixBytes += matrix.bytes();
        return matrix;
    }

    /// A matrix as it is stored, or with what is to be done to it.
    private WeightSource source(Part part, int columns) {
        var path = part.name.substring(0, part.name.length() - WEIGHT.length());
        if (quantization.isPresent() && checkpoint.has(path + ".scales")) {
            return quantized(path, quantization.get().of(path), part.rows, columns);
        }
        var full = take(part.name, part.rows, columns);
        if (loading == WeightLoading.AS_STORED || columns % SMALLEST_GROUP != 0) {
            return full;
        }
        return new QuantizedAtLoad(full, loading.bits(), group(columns));
    }

    /// Inputs that share a scale in a matrix that is quantized at load.
    private static int group(int columns) {
        return columns % 64 == 0 ? 64 : SMALLEST_GROUP;
    }

    /// What such a matrix takes: levels, and a scale and a bias for every group.
    static long quantizedBytes(HostTensor full, int bits) {
        long elements = (long) full.out() * full.in();
        return elements * bits / Byte.SIZE + 2 * full.dtype().bytes(elements / group(full.in()));
    }

    private WeightSource quantized(
            String path, QuantizationConfig.Scheme scheme, int rows, int columns) {
        if (columns % scheme.group() != 0) {
            throw new CheckpointException(
                    checkpoint.folder(),
                    "tensor '"
                            + path
                            + WEIGHT
                            + "': expected rows of whole groups of "
                            + scheme.group()
                            + ", found "
                            + columns
                            + " columns");
        }
        long words = (long) columns * scheme.bits() / Integer.SIZE;
        int groups = columns / scheme.group();
        taken.add(path + WEIGHT);
        var levels = checkpoint.bytes(path + WEIGHT, "U32", rows, words);
        return switch (scheme.mode()) {
            case AFFINE ->
                    new AffineWeights(
                            path + WEIGHT,
                            levels,
                            scheme.bits(),
                            take(path + ".scales", rows, groups),
                            take(path + ".biases", rows, groups));
            case MXFP4 -> {
                taken.add(path + ".scales");
                yield new Mxfp4Weights(
                        path + WEIGHT,
                        rows,
                        columns,
                        levels,
                        checkpoint.bytes(path + ".scales", "U8", rows, groups));
            }
        };
    }

    /// Parts in full have one dtype; parts in full and quantized parts do not go together.
    private void requireAlike(List<WeightSource> parts) {
        var first = parts.getFirst();
        for (var part : parts) {
            if (!kind(part).equals(kind(first))) {
                throw new CheckpointException(
                        checkpoint.folder(),
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
            case QuantizedAtLoad full -> full.full().dtype().name();
            case Mxfp4Weights ignored -> "MXFP4";
            case AffineWeights ignored -> "affine";
            case BlockWeights blocks -> blocks.type().name();
        };
    }

    /// A vector `[1, sum of rows]`, its parts one after the other.
    Tensor vector(String label, Part... parts) {
        float[] values = new float[Arrays.stream(parts).mapToInt(Part::rows).sum()];
        int at = 0;
        for (var part : parts) {
            System.arraycopy(take(part.name, part.rows).floats(), 0, values, at, part.rows);
            at += part.rows;
        }
        return device.vector(label, values);
    }

    private HostTensor take(String name, long... shape) {
        taken.add(name);
        return checkpoint.tensor(name, shape);
    }

    /// Ends the loading. What is left over must be known to change nothing.
    ///
    /// A tensor inside of the transformer (`model.…`) that the architecture does not use means that the
    /// checkpoint is another model than its configuration says (a bias, a quantization scale, an
    /// adapter): it is refused. One outside of it (a value head, say) does not touch the logits and
    /// is logged.
    ///
    /// @param ignored names without effect, besides the `inv_freq` tables that old checkpoints carry
    void requireNothingLeft(ModelConfig config, List<String> ignored) {
        LOG.info(
                "{}: {} MiB as stored, {} MiB as packed",
                checkpoint.folder().getFileName(),
                checkpoint.totalBytes() >> 20,
                matrixBytes >> 20);
        var left = new TreeSet<>(checkpoint.names());
        left.removeAll(taken);
        ignored.forEach(left::remove);
        left.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        for (var name : left) {
            if (name.startsWith("model.")) {
                throw new CheckpointException(
                        checkpoint.folder(),
                        "tensor '"
                                + name
                                + "': expected no such tensor in a "
                                + config.architecture().className()
                                + " of this configuration; "
                                + left.size()
                                + " in all are not used");
            }
        }
        if (!left.isEmpty()) {
            LOG.warn("{}: tensors that are not used: {}", checkpoint.folder(), left);
        }
    }
}
