package dev.ingot.engine.weights;

import dev.ingot.engine.ops.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// The order of the rows of query and key projections.
///
/// Rotary embedding turns pairs of a head's elements: transformers pairs element `i` with `i + headDim/2`, the
/// original Llama (and GGUF with it) `2i` with `2i + 1`. The weights' rows are stored in the order that fits.
final class HeadRows {
    private HeadRows() {}

    /// A copy of interleaved rows, one half of each head after the other.
    static HostTensor inHalves(Path file, HostTensor tensor, int heads) {
        return new HostTensor(
                tensor.name(),
                tensor.dtype(),
                tensor.shape(),
                inHalves(file, tensor.name(), tensor.shape().getFirst(), tensor.data(), heads));
    }

    /// As the other; a row is a whole number of blocks.
    static GgufFile.Blocks inHalves(Path file, GgufFile.Blocks tensor, int heads) {
        return new GgufFile.Blocks(
                tensor.name(),
                tensor.type(),
                tensor.shape(),
                inHalves(file, tensor.name(), tensor.shape().getFirst(), tensor.data(), heads));
    }

    private static MemorySegment inHalves(
            Path file, String name, long rows, MemorySegment data, int heads) {
        if (rows % (2L * heads) != 0) {
            throw new CheckpointException(
                    file,
                    "tensor '"
                            + name
                            + "': expected "
                            + heads
                            + " heads of an even number of rows, found "
                            + rows
                            + " rows");
        }
        long half = rows / heads / 2;
        long rowBytes = data.byteSize() / rows;
        // Automatic: a device that packs its own copy lets go of this one while the next is made.
        var copy = Arena.ofAuto().allocate(data.byteSize(), Long.BYTES);
        for (long row = 0; row < rows; row++) {
            long head = row / (2 * half);
            long inHead = row % (2 * half);
            long from = head * 2 * half + 2 * (inHead % half) + inHead / half;
            MemorySegment.copy(data, from * rowBytes, copy, row * rowBytes, rowBytes);
        }
        return copy;
    }
}
