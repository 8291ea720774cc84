package dev.ingot.engine.model;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes tensors by name and shape from a checkpoint to a device, and knows at the end what nobody took.
final class Weights {
    private static final Logger LOG = LoggerFactory.getLogger(Weights.class);

    private final Checkpoint checkpoint;
    private final Device device;
    private final Set<String> taken = new HashSet<>();

    Weights(Checkpoint checkpoint, Device device) {
        this.checkpoint = checkpoint;
        this.device = device;
    }

    /// A part of a matrix: where it is stored, and as how many rows.
    record Part(String name, int rows) {}

    static Part part(String name, int rows) {
        return new Part(name, rows);
    }

    /// A matrix `[sum of rows, columns]`, its parts stacked.
    Matrix matrix(String label, int columns, Part... parts) {
        var tensors = new ArrayList<HostTensor>();
        for (var part : parts) {
            tensors.add(take(part.name, part.rows, columns));
        }
        var first = tensors.getFirst();
        for (var tensor : tensors) {
            if (tensor.dtype() != first.dtype()) {
                throw new CheckpointException(
                        checkpoint.folder(),
                        "tensor '"
                                + tensor.name()
                                + "': expected dtype "
                                + first.dtype()
                                + " like '"
                                + first.name()
                                + "', found "
                                + tensor.dtype());
            }
        }
        return device.matrix(label, tensors);
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
        var left = new TreeSet<>(checkpoint.names());
        left.removeAll(taken);
        ignored.forEach(left::remove);
        left.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        for (var name : left) {
            if (name.startsWith(inside)) {
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
