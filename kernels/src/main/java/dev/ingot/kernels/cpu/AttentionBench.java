package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Attention over a paged cache, with Qwen3-0.6B's 16 heads of 128 and 8 of keys and values: sequences that decode, and
/// chunks of a prompt.
///
/// Each op reads another layer, many times what caches hold together, as a model's do.
final class AttentionBench {
    private static final int HEADS = 16;
    private static final int KV_HEADS = 8;
    private static final int HEAD_DIM = 128;
    private static final int BLOCK_SIZE = 16;
    private static final long CACHE_BYTES = 256L << 20;
    private static final int CHUNK = 256;
    private static final float SCALE = 0.088f;

    private final CpuDevice device;
    private final BenchData data;
    private final KernelClock clock;

    AttentionBench(CpuDevice device, BenchData data, KernelClock clock) {
        this.device = device;
        this.data = data;
        this.clock = clock;
    }

    void measure(Consumer<KernelFigure> figures) {
        figures.accept(measure(1, 1, 512, DType.F16));
        figures.accept(measure(1, 1, 4096, DType.F16));
        figures.accept(measure(1, 1, 4096, DType.I8));
        figures.accept(measure(16, 1, 512, DType.F16));
        figures.accept(measure(1, CHUNK, CHUNK, DType.F16));
        figures.accept(measure(1, CHUNK, 4096, DType.F16));
        figures.accept(measure(1, CHUNK, 4096, DType.I8));
    }

    /// @param tokens of each sequence, its last ones
    /// @param length of each sequence, these included
    private KernelFigure measure(int sequences, int tokens, int length, DType type) {
        int blocks = sequences * length / BLOCK_SIZE;
        var one = new KvGeometry(1, KV_HEADS, HEAD_DIM, BLOCK_SIZE, blocks, type);
        int layers = (int) Math.max(2, Math.ceilDiv(CACHE_BYTES, one.bytes()));
        var cache =
                device.kvCache(
                        new KvGeometry(layers, KV_HEADS, HEAD_DIM, BLOCK_SIZE, blocks, type));
        int rows = sequences * tokens;
        var batch = batch(sequences, tokens, length);
        fill(cache, layers, sequences * length);
        var q = data.floats(rows, HEADS * HEAD_DIM);
        var out = Tensor.allocate(device, "out", DType.F32, rows, HEADS * HEAD_DIM);
        double attended = sequences * (tokens * (double) length - tokens * (tokens - 1) / 2.0);
        return clock.ofMemory(
                (tokens == 1 ? "attention at " : "attention of a chunk up to ")
                        + length
                        + ", "
                        + type,
                rows,
                layers,
                (double) one.bytes(),
                4 * attended * HEADS * HEAD_DIM,
                Arithmetic.FLOAT,
                enc -> {
                    for (int layer = 0; layer < layers; layer++) {
                        enc.pagedAttention(out, q, cache, layer, SCALE, batch);
                    }
                });
    }

    /// Memory that nobody wrote to is one page of zeros, which the caches hold.
    private void fill(KvCache cache, int layers, int positions) {
        var k = data.floats(positions, KV_HEADS * HEAD_DIM);
        var all = data.column(IntStream.range(0, positions).toArray());
        var commands = device.newCommands();
        for (int layer = 0; layer < layers; layer++) {
            commands.encoder().storeKv(cache, layer, k, k, all);
        }
        commands.runNow();
    }

    /// Sequences whose blocks lie between each other's.
    private Batch batch(int sequences, int tokens, int length) {
        int blocks = length / BLOCK_SIZE;
        var tables = data.ints(sequences, blocks);
        int[] positions = new int[sequences * tokens];
        int[] slots = new int[sequences * tokens];
        for (int s = 0; s < sequences; s++) {
            for (int b = 0; b < blocks; b++) {
                tables.contents()
                        .setAtIndex(ValueLayout.JAVA_INT, (long) s * blocks + b, b * sequences + s);
            }
            for (int t = 0; t < tokens; t++) {
                int position = length - tokens + t;
                positions[s * tokens + t] = position;
                slots[s * tokens + t] =
                        (position / BLOCK_SIZE * sequences + s) * BLOCK_SIZE
                                + position % BLOCK_SIZE;
            }
        }
        int[] lengths = new int[sequences];
        Arrays.fill(lengths, length);
        var at = data.column(positions);
        return new Batch(
                at,
                at,
                data.column(slots),
                data.column(IntStream.rangeClosed(0, sequences).map(s -> s * tokens).toArray()),
                data.column(lengths),
                tables,
                at);
    }
}
