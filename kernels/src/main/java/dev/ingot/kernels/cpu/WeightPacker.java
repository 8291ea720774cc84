package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Records the op that packs one source into a matrix: `INGOT_OP_PACK` and what it reads.
final class WeightPacker {
    private static final int FROM_AFFINE = 0;
    private static final int FROM_MXFP4 = 1;
    private static final int FROM_DENSE = 2;

    private final OpList ops;
    private final Arena arena;

    /// @param arena holds copies of what is not native memory, until the op has run
    WeightPacker(OpList ops, Arena arena) {
        this.ops = ops;
        this.arena = arena;
    }

    /// How many rows parts have that are stacked.
    ///
    /// @throws IllegalArgumentException if they do not stack, naming `label` and the part
    static int rows(String label, List<? extends WeightSource> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException(label + ": no parts");
        }
        WeightSource first = parts.getFirst();
        long out = 0;
        for (WeightSource part : parts) {
            if (part instanceof HostTensor tensor && tensor.shape().size() != 2) {
                throw new IllegalArgumentException(
                        label + ": " + tensor.name() + tensor.shape() + " is no matrix");
            }
            if (part.in() != first.in()) {
                throw new IllegalArgumentException(
                        label
                                + ": "
                                + PackedFormat.describe(part)
                                + " does not stack on "
                                + PackedFormat.describe(first));
            }
            out += part.out();
        }
        // Panels round up; a matrix near the limit would overflow the kernels' 32-bit row numbers.
        if (out < 1
                || first.in() < 1
                || out > Integer.MAX_VALUE - 64
                || first.in() > Integer.MAX_VALUE / 64) {
            throw new IllegalArgumentException(label + ": a matrix of " + out + " × " + first.in());
        }
        return (int) out;
    }

    /// @param firstRow the row of the matrix that the source's first row becomes
    void add(CpuMatrix matrix, WeightSource source, int firstRow) {
        ops.add(OpCode.PACK).count(firstRow).matrix(matrix);
        int out = source.out();
        int in = source.in();
        switch (source) {
            case HostTensor dense -> ops.tensor(0, memory(dense.data()), in, out, in);
            case QuantizedAtLoad(HostTensor full, int bits, int group) ->
                    ops.source(FROM_DENSE)
                            .tensor(0, memory(full.data()), in, out, Formats.code(full.dtype()));
            case AffineWeights affine -> {
                ops.source(FROM_AFFINE)
                        .tensor(
                                0,
                                memory(affine.levels()),
                                affine.levels().byteSize() / out,
                                out,
                                affine.bits());
                perGroup(1, affine.scales());
                perGroup(2, affine.biases());
            }
            case Mxfp4Weights mxfp4 ->
                    ops.source(FROM_MXFP4)
                            .tensor(0, memory(mxfp4.levels()), in / 2, out, in)
                            .tensor(1, memory(mxfp4.exponents()), in / Mxfp4Weights.GROUP, out, in);
            case BlockWeights blocks ->
                    ops.source(code(blocks.type()))
                            .tensor(
                                    0,
                                    memory(blocks.blocks()),
                                    blocks.blocks().byteSize() / out,
                                    out,
                                    in);
        }
    }

    private void perGroup(int index, HostTensor tensor) {
        ops.tensor(
                index,
                memory(tensor.data()),
                tensor.in(),
                tensor.out(),
                Formats.code(tensor.dtype()));
    }

    /// `INGOT_FROM_GGML_…`
    private static int code(BlockWeights.Type type) {
        return switch (type) {
            case Q4_0 -> 3;
            case Q8_0 -> 4;
            case Q4_K -> 5;
            case Q6_K -> 6;
            case MXFP4 -> 7;
            case Q4_1 -> 8;
            case Q5_0 -> 9;
            case Q5_1 -> 10;
            case Q5_K -> 11;
            case Q2_K -> 12;
            case Q3_K -> 13;
            case IQ4_NL -> 14;
            case IQ4_XS -> 15;
            case NVFP4 -> 16;
        };
    }

    private MemorySegment memory(MemorySegment data) {
        return data.isNative() ? data : arena.allocate(data.byteSize()).copyFrom(data);
    }
}
