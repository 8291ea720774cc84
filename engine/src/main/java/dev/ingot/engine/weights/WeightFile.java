package dev.ingot.engine.weights;

import dev.ingot.engine.ops.HostTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// A file of named tensors, mapped and checked.
public sealed interface WeightFile permits SafetensorsFile, GgufFile {
    /// Where it lies.
    Path file();

    /// The tensors it holds, in the file's order.
    Set<String> names();

    /// Bytes of data of a tensor that it holds.
    ///
    /// @throws CheckpointException if there is no such tensor
    long bytes(String name);

    /// A tensor's shape, outermost dimension first.
    ///
    /// @throws CheckpointException if there is no such tensor
    List<Long> shape(String name);

    /// A tensor of real numbers, its shape outermost dimension first.
    ///
    /// @throws CheckpointException if there is no such tensor, or it is stored in a way that is not read
    HostTensor tensor(String name);
}
