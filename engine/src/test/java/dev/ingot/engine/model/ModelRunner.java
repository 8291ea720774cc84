package dev.ingot.engine.model;

import dev.ingot.engine.files.ModelFiles;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.weights.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Serves a checkpoint on the reference device or another, one step after another, with block tables as the test
/// chooses them. Where layers have blocks of their own, those of a group follow those of the one before it.
public final class ModelRunner implements AutoCloseable {
    public static final int BLOCK_SIZE = 4;

    private final Device device;
    private final Checkpoint checkpoint;
    private final Model model;
    private final int maxBlocks;
    private final int groups;

    /// A token timeline in the blocks given to it.
    public static final class Timeline {
        private final int[] blocks;
        private int computed;

        public Timeline(int... blocks) {
            this.blocks = blocks;
        }
    }

    /// What one timeline adds to a step.
    public record Slice(Timeline timeline, boolean wantsLogits, List<Integer> tokens) {
        public static Slice of(Timeline timeline, Integer... tokens) {
            return new Slice(timeline, true, List.of(tokens));
        }
    }

    /// On the reference device, weights as they are stored.
    public ModelRunner(Path path, StepLimits limits, int blockCount, DType kvDtype) {
        this(path, new ReferenceDevice(), WeightLoading.AS_STORED, limits, blockCount, kvDtype);
    }

    /// @param device closed with this
    public ModelRunner(
            Path path,
            Device device,
            WeightLoading loading,
            StepLimits limits,
            int blockCount,
            DType kvDtype) {
        this.device = device;
        var files = ModelFiles.at(path);
        checkpoint = files.weights();
        var config = files.config();
        groups = Models.kvGroups(config).count();
        KvCache cache =
                device.kvCache(Models.kvGeometry(config, BLOCK_SIZE, groups * blockCount, kvDtype));
        model = Models.load(checkpoint, config, loading, device, limits, cache);
        maxBlocks = blockCount;
    }

    public Model model() {
        return model;
    }

    /// Runs one step.
    ///
    /// @return the logits after the last token of each slice that wants them, in order
    public List<float[]> step(Slice... slices) {
        var tokens = new ArrayList<Integer>();
        var positions = new ArrayList<Integer>();
        var slots = new ArrayList<Integer>();
        var starts = new ArrayList<>(List.of(0));
        var lengths = new ArrayList<Integer>();
        var rows = new ArrayList<Integer>();
        var tables = new ArrayList<int[]>();
        for (var slice : slices) {
            var timeline = slice.timeline;
            for (int token : slice.tokens) {
                int position = timeline.computed++;
                tokens.add(token);
                positions.add(position);
                slots.add(
                        timeline.blocks[position / BLOCK_SIZE] * BLOCK_SIZE
                                + position % BLOCK_SIZE);
            }
            starts.add(tokens.size());
            lengths.add(timeline.computed);
            if (slice.wantsLogits) {
                rows.add(tokens.size() - 1);
            }
            // Entries past a sequence's own are undefined: here they are worse than that.
            int[] table = new int[maxBlocks];
            Arrays.fill(table, -1);
            System.arraycopy(timeline.blocks, 0, table, 0, timeline.blocks.length);
            tables.add(table);
        }
        var ids = column(tokens);
        var at = column(positions);
        var queryStarts = column(starts);
        var sequenceLengths = column(lengths);
        var logitRows = column(rows);
        var batches = new ArrayList<Batch>();
        for (int group = groups - 1; group >= 0; group--) {
            int shift = group * maxBlocks;
            batches.addFirst(
                    new Batch(
                            ids,
                            at,
                            column(slots.stream().map(slot -> slot + shift * BLOCK_SIZE).toList()),
                            queryStarts,
                            sequenceLengths,
                            Steps.ints(device, shifted(tables, shift)),
                            logitRows,
                            group == 0 ? List.copyOf(batches) : List.of()));
        }
        var batch = batches.getFirst();
        var logits =
                Tensor.allocate(
                                device,
                                "logits",
                                DType.F32,
                                Math.max(rows.size(), 1),
                                model.config().vocabulary())
                        .firstRows(rows.size());
        Steps.run(device, enc -> model.encode(enc, batch, logits));
        var result = new ArrayList<float[]>();
        for (int row = 0; row < rows.size(); row++) {
            result.add(Steps.row(logits, row));
        }
        return result;
    }

    private static int[][] shifted(List<int[]> tables, int by) {
        return tables.stream()
                .map(table -> Arrays.stream(table).map(b -> b < 0 ? b : b + by).toArray())
                .toArray(int[][]::new);
    }

    private Tensor column(List<Integer> values) {
        return Steps.column(device, values.stream().mapToInt(v -> v).toArray());
    }

    @Override
    public void close() {
        device.close();
        checkpoint.close();
    }
}
