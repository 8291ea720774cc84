package dev.ingot.engine.model;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes tensors by name and shape from a checkpoint to a device, and knows at the end what nobody took.
final class Weights {
    private static final Logger LOG = LoggerFactory.getLogger(Weights.class);

    private final Checkpoint checkpoint;
    private final StoredMatrices matrices;
    private final Device device;
    private final LoadProgress progress;
    private long matrixBytes;

    Weights(Checkpoint checkpoint, WeightLoading loading, Device device, LoadProgress progress) {
        this.checkpoint = checkpoint;
        this.device = device;
        this.progress = progress;
        matrices = new StoredMatrices(checkpoint, loading);
        matrices.held()
                .ifPresent(what -> LOG.warn("{}: {}", checkpoint.path().getFileName(), what));
    }

    static Part part(String name, int rows) {
        return Part.part(name, rows);
    }

    /// Whether the checkpoint has such a tensor.
    boolean has(String name) {
        return checkpoint.has(name);
    }

    /// Columns of a matrix whose width no configuration says.
    ///
    /// @throws CheckpointException if there are more than `most`
    int columns(String name, int most) {
        var shape = checkpoint.shape(name);
        if (shape.getLast() > most) {
            throw new CheckpointException(
                    checkpoint.path(),
                    "tensor '" + name + "': expected at most " + most + " columns, found " + shape);
        }
        return Math.toIntExact(shape.getLast());
    }

    /// The matrices as they are stored.
    StoredMatrices matrices() {
        return matrices;
    }

    /// A matrix `[sum of rows, columns]`, its parts stacked.
    Matrix matrix(String label, int columns, Part... parts) {
        return matrix(label, matrices.sources(columns, parts));
    }

    /// A matrix of parts that somebody took from [#matrices].
    Matrix matrix(String label, List<? extends WeightSource> parts) {
        var matrix = device.matrix(label, parts);
        matrixBytes += matrix.bytes();
        parts.forEach(part -> progress.loaded(part.storedBytes()));
        return matrix;
    }

    /// A vector `[1, sum of rows]`, its parts one after the other.
    Tensor vector(String label, Part... parts) {
        float[] values = new float[Arrays.stream(parts).mapToInt(Part::rows).sum()];
        int at = 0;
        for (var part : parts) {
            System.arraycopy(
                    matrices.take(part.name(), part.rows()).floats(), 0, values, at, part.rows());
            at += part.rows();
        }
        return device.vector(label, values);
    }

    /// Where an expert's matrix is: in a tensor of its own, or in one of all experts, as MLX and GGUF have it.
    ///
    /// @param prefix of the mixture's tensors
    /// @param name of a tensor of its own: `experts.<expert>.<name>.weight`
    /// @param stackedName of one of all: `switch_mlp.<stackedName>.weight`
    Part expert(String prefix, String name, String stackedName, int rows, int expert, int experts) {
        var stacked = prefix + "switch_mlp." + stackedName + ".weight";
        return has(stacked)
                ? Part.ofExpert(stacked, rows, expert, experts)
                : part(prefix + "experts." + expert + "." + name + ".weight", rows);
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

    /// One matrix for each expert, of parts that somebody took from [#matrices].
    MatrixBank bank(
            String label, int experts, IntFunction<List<? extends WeightSource>> partsOfExpert) {
        return device.bank(
                label,
                IntStream.range(0, experts)
                        .mapToObj(e -> matrix(label + "." + e, partsOfExpert.apply(e)))
                        .toList());
    }

    /// `[rows, columns]` F32.
    Tensor rows(String label, float[] values, int rows, int columns) {
        return rows(device.vector(label, values), rows, columns);
    }

    private static Tensor rows(Tensor vector, int rows, int columns) {
        return new Tensor(
                vector.buffer(), vector.byteOffset(), vector.dtype(), rows, columns, columns);
    }

    /// A matrix that is stored the other way round, `[in, out]`, as GPT-2's are; in GGUF it is not.
    Matrix transposed(String label, String name, int out, int in) {
        if (checkpoint.isGguf()) {
            return matrix(label, in, part(name, out));
        }
        var turned = transposed(matrices.take(name, in, out));
        return matrix(label, List.of(matrices.asLoaded(turned)));
    }

    static HostTensor transposed(HostTensor tensor) {
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
        float[] values = matrices.take(name, size).floats();
        for (int i = 0; i < size; i++) {
            values[i] += 1;
        }
        return device.vector(label, values);
    }

    /// Rows to look up and add, `[rows − skipped, columns]` F32: those of the tensor after the first
    /// `skipped`.
    Tensor table(String label, String name, int rows, int columns, int skipped) {
        float[] values = matrices.take(name, rows, columns).floats();
        float[] kept = Arrays.copyOfRange(values, skipped * columns, values.length);
        return rows(device.vector(label, kept), rows - skipped, columns);
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
        left.removeAll(matrices.taken());
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
