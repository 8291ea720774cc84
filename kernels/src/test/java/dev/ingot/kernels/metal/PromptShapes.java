package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.parity.AttentionSteps;
import dev.ingot.kernels.parity.Data;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/// Runs what a prompt of a Qwen3-0.6B is computed with, by the kernels of either [Numerics], on the software device: to be
/// recorded (`SOFTMETAL_RECORD`) and timed where there is a GPU, as `src/softmetal/nvptx/LOG.md` tells.
///
/// What is multiplied repeats itself, so that a recording compresses well; a GPU's time does not depend on it.
final class PromptShapes {
    private static final int HIDDEN = 1024;
    private static final int FEED_FORWARD = 3072;
    private static final int[] ROWS = {1, 16, 64, 256, 512};
    private static final int HEADS = 16;
    private static final int KV_HEADS = 8;
    private static final int HEAD_DIM = 128;
    private static final int BLOCK = 16;
    private static final int PROMPT = 256;

    /// Of these many rows all are copies.
    private static final int DIFFERENT = 16;

    private PromptShapes() {}

    public static void main(String[] args) {
        SoftMetal.require();
        HostTensor dense = repeated();
        List<WeightSource> formats =
                List.of(
                        dense,
                        new QuantizedAtLoad(dense, 8, 64),
                        new QuantizedAtLoad(dense, 4, 64));
        for (Numerics numerics : Numerics.values()) {
            for (WeightSource format : formats) {
                for (int rows : ROWS) {
                    run(numerics, metal -> projection(metal, format, rows));
                }
            }
            run(numerics, PromptShapes::attention);
        }
    }

    /// On a device of its own, which has not learnt how slow the software one is: work is cut as on a GPU.
    private static void run(Numerics numerics, Consumer<MetalDevice> step) {
        try (var metal = MetalDevice.open(numerics)) {
            step.accept(metal);
        }
    }

    private static void projection(MetalDevice metal, WeightSource format, int rows) {
        var matrix = metal.matrix("up", List.of(format));
        Tensor x = Steps.floats(metal, copies(1, rows, HIDDEN));
        Tensor out = Tensor.allocate(metal, "out", DType.F32, rows, FEED_FORWARD);
        Steps.run(metal, enc -> enc.matmul(out, x, matrix, null));
    }

    private static void attention(MetalDevice metal) {
        var shape = new AttentionSteps.Shape(HEADS, KV_HEADS, HEAD_DIM, BLOCK, DType.F16);
        int[] blocks = new int[PROMPT / BLOCK];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = i;
        }
        float[][] qkv = copies(2, PROMPT, shape.columns());
        new AttentionSteps.Run(metal, shape, new int[][] {blocks}, new float[][][] {qkv})
                .step(new AttentionSteps.Slice(0, 0, PROMPT));
    }

    private static float[][] copies(long seed, int rows, int columns) {
        float[][] different = Data.rows(seed, DIFFERENT, columns);
        float[][] all = new float[rows][];
        for (int r = 0; r < rows; r++) {
            all[r] = different[r % DIFFERENT];
        }
        return all;
    }

    private static HostTensor repeated() {
        MemorySegment different = Data.weights(3, DType.BF16, DIFFERENT, HIDDEN).data();
        var all = MemorySegment.ofArray(new byte[(int) DType.BF16.bytes(FEED_FORWARD * HIDDEN)]);
        for (long at = 0; at < all.byteSize(); at += different.byteSize()) {
            MemorySegment.copy(different, 0, all, at, different.byteSize());
        }
        return new HostTensor(
                "up", DType.BF16, List.of((long) FEED_FORWARD, (long) HIDDEN), all.asReadOnly());
    }
}
