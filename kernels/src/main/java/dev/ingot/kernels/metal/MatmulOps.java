package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Dispatches projections: `matmul.h`, and `gemm.h` for many rows where numerics are fast. A matrix of several
/// slabs takes a dispatch for each, side by side.
final class MatmulOps {
    /// `COLUMNS`: outputs of a row that a simdgroup computes.
    private static final int COLUMNS = 4;

    private static final int LANES = 32;
    private static final int MOST_ROWS = 8;
    private static final int SIMDGROUPS = 4;

    /// `GEMM_ROWS`, `GEMM_COLUMNS`, `GEMM_THREADS`
    private static final int GEMM_ROWS = 32;

    private static final int GEMM_COLUMNS = 64;
    private static final int GEMM_THREADS = 128;

    /// With one row there is little to do in each simdgroup, and small threadgroups spread better.
    private static final int SIMDGROUPS_OF_ONE_ROW = 2;

    private static final int SCALE_TYPE = 0;
    private static final int HAS_BIASES = 1;
    private static final int ZERO = 2;
    private static final int HAS_BIAS = 3;
    private static final int ADDS = 4;
    private static final int GROUPED = 5;

    private final StepOps step;

    MatmulOps(StepOps step) {
        this.step = step;
    }

    /// What every dispatch of an op has in common.
    ///
    /// @param bias of each output, or of each expert and output; or null
    /// @param starts of the experts' rows, or null where there are no experts
    record Operands(
            String op,
            Tensor out,
            Tensor x,
            @Nullable Tensor bias,
            boolean adds,
            @Nullable Tensor starts,
            int experts) {}

    /// The constants that a format of weights is compiled for.
    static FunctionConstants constants(WeightFormat format) {
        return FunctionConstants.NONE
                .with(SCALE_TYPE, format.scale().code())
                .with(HAS_BIASES, format.hasBiases())
                .with(ZERO, Math.max(0, format.zero()));
    }

    /// Writes `MatrixParams`.
    static void matrix(KernelArguments arguments, WeightSlab slab, int rows) {
        arguments
                .put(rows)
                .put(slab.in())
                .put((int) slab.format().kind().rowBytes(slab.in()))
                .put(slab.format().groups(slab.in()))
                .put(slab.format().groupShift())
                .put(slab.firstRow());
    }

    /// `out = x · wᵀ`, cut by rows into ops that the GPU is not kept by for too long.
    void multiply(Operands o, List<WeightSlab> slabs) {
        int rows = o.x.rows();
        if (rows == 0) {
            return;
        }
        long weightBytes = 0;
        long weights = 0;
        for (WeightSlab slab : slabs) {
            weightBytes += slab.bytes();
            weights += (long) slab.rows() * slab.in();
        }
        int experts = Math.max(1, o.experts);
        weightBytes = weightBytes / experts * Math.min(rows, experts);
        long operations = 2L * rows * (weights / experts);
        long bytes = weightBytes + StepOps.bytes(o.x) + StepOps.bytes(o.out);
        long parts = o.experts > 0 ? 1 : step.pass().parts(bytes, operations);
        int unit = step.device().numerics() == Numerics.FAST ? GEMM_ROWS : MOST_ROWS;
        int most = Math.ceilDiv(Math.ceilDiv(rows, (int) Math.min(parts, rows)), unit) * unit;
        for (int from = 0; from < rows; from += most) {
            int count = Math.min(most, rows - from);
            step.begin(o.op, bytes * count / rows, operations * count / rows);
            int column = 0;
            for (WeightSlab slab : slabs) {
                dispatch(o, slab, from, count, column);
                column += slab.rows() / experts;
            }
        }
    }

    private void dispatch(Operands o, WeightSlab slab, int from, int rows, int column) {
        ComputePass pass = step.pass();
        int columns = slab.rows() / Math.max(1, o.experts);
        WeightFormat format = slab.format();
        Tiling tiling =
                tiling(
                        format.kind(),
                        constants(format)
                                .with(HAS_BIAS, o.bias != null)
                                .with(ADDS, o.adds)
                                .with(GROUPED, o.starts != null),
                        o.experts == 0 ? rows : Math.max(1, rows / o.experts));
        pass.pipeline(tiling.pipeline);
        MetalBuffer out = (MetalBuffer) o.out.buffer();
        MetalBuffer x = (MetalBuffer) o.x.buffer();
        pass.buffer(
                0,
                out,
                o.out.byteOffset() + DType.F32.bytes((long) from * o.out.rowStride() + column));
        pass.buffer(1, x, o.x.byteOffset() + DType.F32.bytes((long) from * o.x.rowStride()));
        step.bind(2, slab.levels());
        step.bind(3, slab.scales());
        step.bind(4, slab.biases());
        if (o.bias != null) {
            pass.buffer(
                    5,
                    (MetalBuffer) o.bias.buffer(),
                    o.bias.byteOffset() + DType.F32.bytes(column));
        } else {
            step.bind(5, o.x);
        }
        step.bind(6, o.starts == null ? o.x : o.starts);
        KernelArguments arguments = step.arguments();
        matrix(arguments, slab, columns);
        pass.bytes(7, arguments.bytes());
        pass.bytes(
                8,
                step.arguments()
                        .put(rows)
                        .put(o.x.rowStride())
                        .put(o.out.rowStride())
                        .put(o.experts)
                        .put(o.bias == null ? 0 : o.bias.rowStride())
                        .put(o.starts == null ? 0 : o.starts.rowStride())
                        .bytes());
        // Each expert's last tile may have room left.
        int tiles =
                o.starts == null
                        ? Math.ceilDiv(rows, tiling.rows)
                        : Math.min(rows, rows / tiling.rows + o.experts);
        pass.threadgroups(Math.ceilDiv(columns, tiling.columns), tiles, 1, tiling.threads, 1, 1);
    }

    /// What a threadgroup of a kernel computes.
    ///
    /// @param rows of a tile
    /// @param columns outputs of a tile
    private record Tiling(Pipeline pipeline, int rows, int columns, int threads) {}

    /// @param usual rows, or as many as an expert has on average
    private Tiling tiling(WeightFormat.Kind kind, FunctionConstants constants, int usual) {
        String type = kind.isDense() ? "dense" : "quantized";
        if (step.device().numerics() == Numerics.FAST && usual > MOST_ROWS) {
            Pipeline gemm =
                    step.device().pipeline("gemm_" + type, "gemm_" + kind.suffix(), constants);
            if (gemm.maxThreads() >= GEMM_THREADS) {
                return new Tiling(gemm, GEMM_ROWS, GEMM_COLUMNS, GEMM_THREADS);
            }
        }
        int rows = tileRows(usual);
        Pipeline matmul =
                step.device()
                        .pipeline(
                                "matmul_" + type,
                                "matmul_" + kind.suffix() + "_" + rows,
                                constants);
        int simdgroups =
                Math.min(
                        rows == 1 ? SIMDGROUPS_OF_ONE_ROW : SIMDGROUPS,
                        matmul.maxThreads() / LANES);
        return new Tiling(matmul, rows, COLUMNS * simdgroups, simdgroups * LANES);
    }

    /// Rows of a simdgroup of `matmul.h`. It changes no bit.
    private static int tileRows(int usual) {
        if (usual <= 2) {
            return usual;
        }
        return usual <= 4 ? 4 : MOST_ROWS;
    }
}
