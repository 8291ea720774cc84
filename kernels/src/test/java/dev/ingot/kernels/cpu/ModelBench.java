package dev.ingot.kernels.cpu;

import dev.ingot.engine.model.HfConfig;
import dev.ingot.engine.model.Model;
import dev.ingot.engine.model.Models;
import dev.ingot.engine.model.StepLimits;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/// How long a model's steps take, beside what memory gives in the same minute.
///
/// Compiled and started as [KernelBench] is:
///
/// ```
/// java … dev.ingot.kernels.cpu.ModelBench <folder | random:folder> <threads> [4bit | 8bit]
/// ```
///
/// `random:folder` writes a Qwen3-0.6B of random weights there if there is nothing yet.
public final class ModelBench {
    private static final int MAX_TOKENS = 256;
    private static final int BLOCK_SIZE = 16;
    private static final int SEQUENCES = 16;
    private static final int BLOCKS_A_SEQUENCE = 40;
    private static final long NANOS_PER_FIGURE = 2_000_000_000;

    private final CpuDevice cpu;
    private final Model model;
    private final Tensor logits;

    private ModelBench(CpuDevice cpu, Model model) {
        this.cpu = cpu;
        this.model = model;
        logits = Tensor.allocate(cpu, "logits", DType.F32, SEQUENCES, model.config().vocabulary());
    }

    public static void main(String[] arguments) throws IOException {
        boolean random = arguments[0].startsWith("random:");
        var folder = Path.of(random ? arguments[0].substring("random:".length()) : arguments[0]);
        if (random) {
            RandomQwen3.write(folder);
        }
        try (var cpu = CpuDevice.open(Integer.parseInt(arguments[1]));
                var checkpoint = Checkpoint.open(folder)) {
            var config = HfConfig.read(folder);
            var cache =
                    cpu.kvCache(
                            Models.kvGeometry(
                                    config, BLOCK_SIZE, SEQUENCES * BLOCKS_A_SEQUENCE, DType.F16));
            var limits = new StepLimits(MAX_TOKENS, SEQUENCES);
            var loading =
                    switch (arguments.length > 2 ? arguments[2] : "") {
                        case "4bit" -> WeightLoading.QUANTIZE_4BIT;
                        case "8bit" -> WeightLoading.QUANTIZE_8BIT;
                        default -> WeightLoading.AS_STORED;
                    };
            long before = cpu.allocatedBytes();
            var model = Models.load(checkpoint, config, loading, cpu, limits, cache);
            long bytes = cpu.allocatedBytes() - before;
            var bench = new ModelBench(cpu, model);
            System.out.println(cpu.info() + ", " + loading + ", " + (bytes >> 20) + " MiB");
            bench.read();
            bench.step("decode, 1 sequence at 16", 1, 1, 16);
            bench.step("decode, 1 sequence at 528", 1, 1, 528);
            bench.step("decode, 16 sequences at 16", 16, 1, 16);
            bench.step("prefill, 128 tokens at 0", 1, 128, 0);
            bench.step("prefill, 256 tokens at 256", 1, 256, 256);
            bench.read();
        }
    }

    private void read() {
        int floats = 1 << 25;
        var x = Tensor.allocate(cpu, "calibration", DType.F32, 1, floats);
        var out = Tensor.allocate(cpu, "sum", DType.F32, 1, 1);
        double seconds = times(() -> cpu.readForCalibration(out, x))[0];
        System.out.printf(Locale.ROOT, "%-28s %9.1f GB/s%n", "read", 4e-9 * floats / seconds);
    }

    private void step(String what, int sequences, int tokens, int from) {
        int rows = sequences * tokens;
        int[] positions = IntStream.range(0, rows).map(r -> from + r % tokens).toArray();
        int[][] tables = new int[sequences][BLOCKS_A_SEQUENCE];
        for (int s = 0; s < sequences; s++) {
            for (int b = 0; b < BLOCKS_A_SEQUENCE; b++) {
                tables[s][b] = b * SEQUENCES + s;
            }
        }
        int[] slots = new int[rows];
        for (int r = 0; r < rows; r++) {
            int block = tables[r / tokens][positions[r] / BLOCK_SIZE];
            slots[r] = block * BLOCK_SIZE + positions[r] % BLOCK_SIZE;
        }
        int[] lengths = new int[sequences];
        Arrays.fill(lengths, from + tokens);
        int[] last = IntStream.range(0, sequences).map(s -> (s + 1) * tokens - 1).toArray();
        var batch =
                new Batch(
                        Steps.column(
                                cpu, IntStream.range(0, rows).map(r -> r * 7 % 4000).toArray()),
                        Steps.column(cpu, positions),
                        Steps.column(cpu, slots),
                        Steps.column(
                                cpu,
                                IntStream.rangeClosed(0, sequences).map(s -> s * tokens).toArray()),
                        Steps.column(cpu, lengths),
                        Steps.ints(cpu, tables),
                        Steps.column(cpu, last));
        var out = logits.firstRows(sequences);
        double[] seconds = times(() -> Steps.run(cpu, enc -> model.encode(enc, batch, out)));
        System.out.printf(
                Locale.ROOT,
                "%-28s %9.3f ms best %9.3f ms median %9.1f tokens/s%n",
                what,
                1e3 * seconds[0],
                1e3 * seconds[1],
                rows / seconds[1]);
    }

    /// Seconds of the fastest and of the median round.
    private static double[] times(Runnable work) {
        work.run();
        var rounds = new java.util.ArrayList<Long>();
        long end = System.nanoTime() + NANOS_PER_FIGURE;
        while (System.nanoTime() < end || rounds.size() < 3) {
            long start = System.nanoTime();
            work.run();
            rounds.add(System.nanoTime() - start);
        }
        rounds.sort(null);
        return new double[] {rounds.getFirst() / 1e9, rounds.get(rounds.size() / 2) / 1e9};
    }
}
