package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A layer of experts, of Qwen3-30B-A3B's sizes in 4 bits: who is chosen, their products, and what they add up to.
///
/// Each op chooses other experts than the one before it, as one layer does after another.
final class ExpertBench {
    private static final int HIDDEN = 2048;
    private static final int GATE_AND_UP = 2 * 768;
    private static final int EXPERTS = 128;
    private static final int CHOSEN = 8;
    private static final int LAYERS = 16;
    private static final int[] TOKENS = {1, 16, 128};

    private final CpuDevice device;
    private final BenchData data;
    private final KernelClock clock;

    ExpertBench(CpuDevice device, BenchData data, KernelClock clock) {
        this.device = device;
        this.data = data;
        this.clock = clock;
    }

    void measure(Consumer<KernelFigure> figures) {
        var source = new QuantizedAtLoad(BenchData.weights(DType.BF16, GATE_AND_UP, HIDDEN), 4, 64);
        var matrices = new ArrayList<Matrix>();
        for (int i = 0; i < EXPERTS; i++) {
            matrices.add(device.matrix("expert", List.of(source)));
        }
        long bytes = matrices.getFirst().bytes();
        var arithmetic = PackedFormat.of("benchmark", List.of(source)).arithmetic();
        var bank = device.bank("experts", matrices);
        for (int tokens : TOKENS) {
            var layers = new ArrayList<ExpertGroups>();
            var weights = data.floats(tokens, CHOSEN);
            int distinct = 0;
            for (int i = 0; i < LAYERS; i++) {
                var logits = data.floats(tokens, EXPERTS);
                var ids = data.ints(tokens, CHOSEN);
                var groups =
                        new ExpertGroups(
                                data.ints(EXPERTS + 1, 1),
                                data.ints(tokens * CHOSEN, 1),
                                data.ints(tokens, CHOSEN));
                var commands = device.newCommands();
                commands.encoder().moeRoute(ids, weights, logits, true);
                commands.encoder().moeGroup(groups, ids);
                commands.runNow();
                distinct += chosen(groups);
                layers.add(groups);
                if (i == 0) {
                    figures.accept(
                            clock.ofCaches(
                                    "8 of 128 experts chosen and sorted",
                                    tokens,
                                    EXPERTS,
                                    enc -> {
                                        enc.moeRoute(ids, weights, logits, true);
                                        enc.moeGroup(groups, ids);
                                    }));
                }
            }
            int pairs = tokens * CHOSEN;
            var x = data.floats(pairs, HIDDEN);
            var out = Tensor.allocate(device, "out", DType.F32, pairs, GATE_AND_UP);
            figures.accept(
                    clock.ofMemory(
                            "their products with 1536×2048, 4 bits by 64",
                            tokens,
                            LAYERS,
                            (double) bytes * distinct / LAYERS,
                            2.0 * pairs * GATE_AND_UP * HIDDEN,
                            arithmetic,
                            enc ->
                                    layers.forEach(groups ->
                                            enc.moeMatmul(out, x, bank, groups.starts(), null))));
            var sum = data.floats(tokens, HIDDEN);
            figures.accept(
                    clock.ofCaches(
                            "8 experts added up, 2048",
                            tokens,
                            (CHOSEN + 2L) * HIDDEN,
                            enc -> enc.moeCombine(sum, x, layers.getFirst().places(), weights)));
        }
    }

    /// How many experts have any rows.
    private static int chosen(ExpertGroups groups) {
        var starts = groups.starts().contents();
        int count = 0;
        for (int e = 0; e < EXPERTS; e++) {
            int begin = starts.getAtIndex(ValueLayout.JAVA_INT, e);
            count += starts.getAtIndex(ValueLayout.JAVA_INT, e + 1) > begin ? 1 : 0;
        }
        return count;
    }
}
