package dev.ingot.kernels.parity;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Steps of attention over a paged cache, the same for every device: what is stored and attended to by
/// which slice of which sequence.
public final class AttentionSteps {
    private AttentionSteps() {}

    /// Heads of a layer, and how its cache is laid out.
    public record Shape(
            int heads,
            int kvHeads,
            int headDim,
            int blockSize,
            DType format,
            int window,
            float softcap,
            boolean sinks) {
        /// To all positions, without soft cap and sinks.
        public Shape(int heads, int kvHeads, int headDim, int blockSize, DType format) {
            this(heads, kvHeads, headDim, blockSize, format, 0, 0, false);
        }

        public Attention attention(Device device) {
            var sinkScores = Data.rows(77, 1, heads)[0];
            return new Attention(
                    (float) (1 / Math.sqrt(headDim)),
                    window,
                    softcap,
                    sinks ? device.vector("sinks", sinkScores) : null);
        }

        public KvGeometry geometry(int layers, int blocks) {
            return new KvGeometry(layers, kvHeads, headDim, blockSize, blocks, format);
        }

        public int columns() {
            return (heads + 2 * kvHeads) * headDim;
        }
    }

    /// Some new tokens of a sequence: the positions `from` to `to`, exclusive.
    public record Slice(int sequence, int from, int to) {}

    /// A device with a cache, and the sequences' q, k and v as one fused tensor per step.
    public static final class Run {
        private static final int LAYERS = 2;
        private static final int LAYER = 1;
        private static final float MAGNITUDE = 1.2f;

        private final Device device;
        private final Shape shape;
        private final KvCache cache;
        private final Attention attention;
        private final int[][] tables;
        private final float[][][] qkv;
        private final @Nullable Tensor frequencies;

        /// @param tables the blocks of each sequence
        /// @param qkv of each sequence, `[positions, (heads + 2 · kvHeads) · headDim]`
        public Run(Device device, Shape shape, int[][] tables, float[][][] qkv) {
            this(device, shape, tables, qkv, null);
        }

        /// @param frequencies by which q and k are turned, or null if they are not
        Run(
                Device device,
                Shape shape,
                int[][] tables,
                float[][][] qkv,
                float @Nullable [] frequencies) {
            this.frequencies = frequencies == null ? null : device.vector("rope", frequencies);
            this.device = device;
            this.shape = shape;
            this.tables = tables;
            this.qkv = qkv;
            int blocks = Arrays.stream(tables).flatMapToInt(Arrays::stream).max().orElseThrow() + 1;
            cache = device.kvCache(shape.geometry(LAYERS, blocks));
            attention = shape.attention(device);
        }

        /// One step; the rows of each slice, one after another.
        public float[][] step(Slice... slices) {
            List<float[]> rows = new ArrayList<>();
            List<Integer> positions = new ArrayList<>();
            List<Integer> slots = new ArrayList<>();
            List<Integer> starts = new ArrayList<>(List.of(0));
            List<Integer> lengths = new ArrayList<>();
            int[][] stepTables = new int[slices.length][];
            int width = Arrays.stream(tables).mapToInt(t -> t.length).max().orElseThrow();
            for (int s = 0; s < slices.length; s++) {
                var slice = slices[s];
                int[] table = tables[slice.sequence];
                for (int p = slice.from; p < slice.to; p++) {
                    rows.add(qkv[slice.sequence][p]);
                    positions.add(p);
                    slots.add(table[p / shape.blockSize] * shape.blockSize + p % shape.blockSize);
                }
                starts.add(rows.size());
                lengths.add(slice.to);
                // Entries past the sequence's end are undefined: a block that does not exist.
                stepTables[s] = Arrays.copyOf(table, width + 1);
                Arrays.fill(stepTables[s], table.length, width + 1, 1 << 30);
            }
            var fused = Data.strided(device, rows.toArray(float[][]::new), 3);
            int q = shape.heads * shape.headDim;
            int kv = shape.kvHeads * shape.headDim;
            var out = Data.strided(device, new float[rows.size()][q], 5);
            var batch =
                    new Batch(
                            column(positions),
                            column(positions),
                            column(slots),
                            column(starts),
                            column(lengths),
                            Steps.ints(device, stepTables),
                            column(List.of()));
            Steps.run(
                    device,
                    enc -> {
                        if (frequencies != null) {
                            enc.ropeAndStoreKv(cache, LAYER, fused, batch, frequencies, MAGNITUDE);
                        } else {
                            enc.storeKv(
                                    cache,
                                    LAYER,
                                    fused.columns(q, kv),
                                    fused.columns(q + kv, kv),
                                    batch.slotMapping());
                        }
                        enc.pagedAttention(
                                out, fused.columns(0, q), cache, LAYER, attention, batch);
                    });
            return Data.read(out);
        }

        public void copyBlocks(int[][] pairs) {
            Steps.run(device, enc -> enc.copyBlocks(cache, Steps.ints(device, pairs)));
        }

        private Tensor column(List<Integer> values) {
            return Steps.column(device, values.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    /// Tables of sequences of these lengths, their blocks shuffled among each other.
    public static int[][] tables(long seed, int blockSize, int... lengths) {
        int[][] tables = new int[lengths.length][];
        int blocks = 1;
        for (int s = 0; s < lengths.length; s++) {
            tables[s] = new int[(lengths[s] + blockSize - 1) / blockSize];
            blocks += tables[s].length;
        }
        List<Integer> shuffled = new ArrayList<>();
        for (int b = 0; b < blocks; b++) {
            shuffled.add(b);
        }
        Collections.shuffle(shuffled, new Random(seed));
        int next = 0;
        for (int[] table : tables) {
            for (int i = 0; i < table.length; i++) {
                table[i] = shuffled.get(next++);
            }
        }
        return tables;
    }

    /// Queries, keys and values of sequences of these lengths.
    public static float[][][] qkv(Shape shape, int... lengths) {
        float[][][] values = new float[lengths.length][][];
        for (int s = 0; s < lengths.length; s++) {
            values[s] = Data.rows(100 + s, lengths[s], shape.columns());
        }
        return values;
    }
}
