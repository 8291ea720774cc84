package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/// The experts' weights one after another, so that one dispatch reads those of any expert.
///
/// @param slabs with the rows of all experts, those of the first before those of the second
record MetalMatrixBank(MetalDevice owner, int count, int out, int in, List<WeightSlab> slabs)
        implements MatrixBank {
    /// What the kernels keep for each expert.
    static final int MAX_EXPERTS = 1024;

    /// Moves the matrices' weights into memory where they lie together; the matrices are views of it then.
    ///
    /// @throws IllegalArgumentException if they differ in shape or format, or are of another device
    static MetalMatrixBank of(MetalDevice device, String label, List<Matrix> matrices) {
        if (matrices.isEmpty() || matrices.size() > MAX_EXPERTS) {
            throw new IllegalArgumentException(
                    label + ": " + matrices.size() + " matrices, not 1 to " + MAX_EXPERTS);
        }
        List<MetalMatrix> experts = new ArrayList<>();
        for (Matrix matrix : matrices) {
            if (!(matrix instanceof MetalMatrix ours) || ours.owner() != device) {
                throw new IllegalArgumentException(label + ": a matrix of another device");
            }
            experts.add(ours);
        }
        MetalMatrix first = experts.getFirst();
        for (MetalMatrix expert : experts) {
            if (!alike(expert, first)) {
                throw new IllegalArgumentException(
                        label + ": the matrices differ in shape or format");
            }
        }
        Set<MetalBuffer> before = Collections.newSetFromMap(new IdentityHashMap<>());
        List<WeightSlab> slabs = new ArrayList<>();
        for (int s = 0; s < first.slabs().size(); s++) {
            slabs.add(together(device, label, experts, s, before));
        }
        before.forEach(device::release);
        return new MetalMatrixBank(device, experts.size(), first.out(), first.in(), slabs);
    }

    private static boolean alike(MetalMatrix a, MetalMatrix b) {
        if (a.slabs().size() != b.slabs().size() || a.in() != b.in()) {
            return false;
        }
        for (int s = 0; s < a.slabs().size(); s++) {
            WeightSlab one = a.slabs().get(s);
            WeightSlab other = b.slabs().get(s);
            if (one.rows() != other.rows() || !one.format().equals(other.format())) {
                return false;
            }
        }
        return true;
    }

    private static WeightSlab together(
            MetalDevice device,
            String label,
            List<MetalMatrix> experts,
            int index,
            Set<MetalBuffer> before) {
        WeightSlab first = experts.getFirst().slabs().get(index);
        long count = experts.size();
        long levels = first.levelBytes();
        long scales = first.scaleBytes();
        long biases = first.format().hasBiases() ? scales : 0;
        long scalesFrom = aligned(count * levels);
        long biasesFrom = aligned(scalesFrom + count * scales);
        MetalBuffer buffer = device.allocate(label, biasesFrom + count * biases);
        MetalSlice[] to = {
            new MetalSlice(buffer, 0),
            new MetalSlice(buffer, scales == 0 ? 0 : scalesFrom),
            new MetalSlice(buffer, biases == 0 ? 0 : biasesFrom)
        };
        for (int e = 0; e < experts.size(); e++) {
            WeightSlab from = experts.get(e).slabs().get(index);
            move(from.levels(), from.firstRow(), to[0], e, first.rows(), levels, before);
            move(from.scales(), from.firstRow(), to[1], e, first.rows(), scales, before);
            move(from.biases(), from.firstRow(), to[2], e, first.rows(), biases, before);
            int firstRow = Math.multiplyExact(e, first.rows());
            experts.get(e)
                    .move(
                            index,
                            new WeightSlab(
                                    from.format(),
                                    from.rows(),
                                    from.in(),
                                    firstRow,
                                    to[0],
                                    to[1],
                                    to[2]));
        }
        int rows = Math.multiplyExact(first.rows(), experts.size());
        return new WeightSlab(first.format(), rows, first.in(), 0, to[0], to[1], to[2]);
    }

    /// Copies `bytes` of `rows` rows to where those of expert `e` lie.
    private static void move(
            MetalSlice from,
            long firstRow,
            MetalSlice to,
            long e,
            int rows,
            long bytes,
            Set<MetalBuffer> before) {
        if (bytes == 0) {
            return;
        }
        before.add(from.buffer());
        MemorySegment.copy(
                from.buffer().contents(),
                from.offset() + firstRow * (bytes / rows),
                to.buffer().contents(),
                to.offset() + e * bytes,
                bytes);
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, 16) * 16;
    }
}
