package dev.ingot.engine.model;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
                        checkpoint.path(),
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
        var left = new TreeSet<>(checkpoint.names());
        left.removeAll(taken);
        ignored.forEach(left::remove);
        left.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        for (var name : left) {
            if (name.startsWith("model.")) {
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
