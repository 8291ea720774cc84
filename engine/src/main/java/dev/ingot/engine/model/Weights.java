package dev.ingot.engine.model;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
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

    /// A part of a matrix: where it is stored, and as how many rows.
    record Part(String name, int rows) {}

    static Part part(String name, int rows) {
        return new Part(name, rows);
    }

    /// Whether the checkpoint has such a tensor.
    boolean has(String name) {
        return checkpoint.has(name);
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

    /// One matrix for each expert.
    ///
    /// @param parts what an expert's matrix is stacked of
    MatrixBank bank(String label, int columns, int experts, IntFunction<Part[]> parts) {
        return device.bank(
                label,
                IntStream.range(0, experts)
                        .mapToObj(e -> matrix(label + "." + e, columns, parts.apply(e)))
                        .toList());
    }

    /// gpt-oss's experts, which are stored as one tensor `[experts, in, out]`.
    ///
    /// @param interleaved gate and up take turns in the tensor's columns; the matrices have the gates first
    MatrixBank gptOssExperts(
            String label, String name, int experts, int out, int in, boolean interleaved) {
        var stacked = take(name, experts, in, out);
        long bytes = stacked.data().byteSize() / experts;
        var matrices = new ArrayList<Matrix>();
        for (int e = 0; e < experts; e++) {
            var one =
                    new HostTensor(
                            name + "." + e,
                            stacked.dtype(),
                            List.of((long) in, (long) out),
                            stacked.data().asSlice(e * bytes, bytes));
            var turned = transposed(one);
            var parts = interleaved ? everyOtherRow(turned) : List.of(turned);
            matrices.add(device.matrix(label + "." + e, parts));
        }
        return device.bank(label, matrices);
    }

    /// The rows 0, 2, 4, … and the rows 1, 3, 5, … of a matrix.
    private static List<HostTensor> everyOtherRow(HostTensor tensor) {
        int rows = tensor.dimension(0) / 2;
        long rowBytes = tensor.data().byteSize() / tensor.dimension(0);
        var halves = new ArrayList<HostTensor>();
        for (int first = 0; first < 2; first++) {
            var half = MemorySegment.ofArray(new byte[Math.toIntExact(rows * rowBytes)]);
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(
                        tensor.data(), (2L * r + first) * rowBytes, half, r * rowBytes, rowBytes);
            }
            halves.add(
                    new HostTensor(
                            tensor.name(),
                            tensor.dtype(),
                            List.of((long) rows, tensor.shape().get(1)),
                            half));
        }
        return halves;
    }

    /// gpt-oss's biases of gate and up, which take turns: `[experts, 2·intermediate]` with the gates first.
    Tensor gateUpBiases(String label, String name, int experts, int intermediate) {
        float[] turns = take(name, experts, 2L * intermediate).floats();
        float[] values = new float[turns.length];
        for (int e = 0; e < experts; e++) {
            int from = e * 2 * intermediate;
            for (int i = 0; i < intermediate; i++) {
                values[from + i] = turns[from + 2 * i];
                values[from + intermediate + i] = turns[from + 2 * i + 1];
            }
        }
        return rows(device.vector(label, values), experts, 2 * intermediate);
    }

    private static Tensor rows(Tensor vector, int rows, int columns) {
        return new Tensor(
                vector.buffer(), vector.byteOffset(), vector.dtype(), rows, columns, columns);
    }

    /// A matrix that is stored the other way round, `[in, out]`, as GPT-2's are.
    Matrix transposed(String label, String name, int out, int in) {
        return device.matrix(label, List.of(transposed(take(name, in, out))));
    }

    private static HostTensor transposed(HostTensor tensor) {
        int rows = tensor.dimension(0);
        int columns = tensor.dimension(1);
        int bytes = tensor.dtype().bits() / Byte.SIZE;
        var turned = MemorySegment.ofArray(new byte[Math.toIntExact(tensor.data().byteSize())]);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                MemorySegment.copy(
                        tensor.data(),
                        ((long) r * columns + c) * bytes,
                        turned,
                        ((long) c * rows + r) * bytes,
                        bytes);
            }
        }
        return new HostTensor(
                tensor.name(), tensor.dtype(), List.of((long) columns, (long) rows), turned);
    }

    /// What a norm multiplies with where `1 + weight` is meant, as Gemma means it: `[1, size]`.
    Tensor onePlus(String label, String name, int size) {
        float[] values = take(name, size).floats();
        for (int i = 0; i < size; i++) {
            values[i] += 1;
        }
        return device.vector(label, values);
    }

    /// Rows to look up and add, `[rows − skipped, columns]` F32: those of the tensor after the first
    /// `skipped`.
    Tensor table(String label, String name, int rows, int columns, int skipped) {
        float[] values = take(name, rows, columns).floats();
        float[] kept = Arrays.copyOfRange(values, skipped * columns, values.length);
        return rows(device.vector(label, kept), rows - skipped, columns);
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
        requireNothingLeft(config, "model.", ignored);
    }

    /// The same for architectures that call the inside of the transformer something else.
    ///
    /// @param inside how the names of all tensors begin that must be known
    void requireNothingLeft(ModelConfig config, String inside, List<String> ignored) {
        LOG.info(
                "{}: {} MiB as stored, {} MiB as packed",
                checkpoint.path().getFileName(),
                checkpoint.totalBytes() >> 20,
                matrixBytes >> 20);
        var left = new TreeSet<>(checkpoint.names());
        left.removeAll(taken);
        ignored.forEach(left::remove);
        left.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        for (var name : left) {
            if (name.startsWith(inside)) {
                throw new CheckpointException(
                        checkpoint.path(),
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
            LOG.warn("{}: tensors that are not used: {}", checkpoint.path(), left);
        }
    }
}
