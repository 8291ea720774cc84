package dev.ingot.kernels.metal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.parity.Data;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What the encoder refuses when an op is recorded, and what kernels report when it runs.
final class MetalEncoderTest {
    private final MetalDevice metal = MetalDevice.open();

    @BeforeAll
    static void softMetal() {
        SoftMetal.require();
    }

    @AfterEach
    void close() {
        metal.close();
        SoftMetal.assertClean();
    }

    private Tensor floats(int rows, int columns) {
        return Tensor.allocate(metal, "x", DType.F32, rows, columns);
    }

    private Tensor ints(int rows) {
        return Tensor.allocate(metal, "i", DType.I32, rows, 1);
    }

    private void refused(Consumer<Encoder> op, String... parts) {
        assertThatThrownBy(() -> op.accept(metal.commandBuffer().encoder()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        var w = metal.matrix("w", List.of(Data.weights(1, DType.BF16, 6, 4)));
        refused(e -> e.embed(floats(2, 5), w, ints(2)), "embed", "F32[2, 5]", "[2, 4]");
        refused(e -> e.rmsNorm(floats(2, 4), floats(3, 4), floats(1, 4), 1), "rmsNorm", "[3, 4]");
        refused(e -> e.matmul(floats(2, 6), floats(2, 5), w, null), "matmul", "[2, 5]", "[2, 4]");
        refused(e -> e.matmul(floats(2, 6), floats(2, 4), w, floats(1, 4)), "bias", "[1, 6]");
        refused(e -> e.rope(floats(2, 9), 3, ints(2), floats(1, 1)), "rope", "headDim 3");
        refused(e -> e.swiglu(floats(2, 4), floats(2, 4)), "swiglu", "[2, 4]", "[2, 8]");
        refused(e -> e.argmax(ints(2), floats(3, 4)), "argmax", "[3, 1]");
        refused(e -> e.softcap(floats(1, 1), 0), "softcap", "0.0");
        var x = floats(2, 8);
        refused(e -> e.matmul(x.columns(0, 6), x.columns(2, 4), w, null), "matmul", "overlaps");
        refused(e -> e.rmsNorm(ints(2), floats(2, 1), floats(1, 1), 1), "rmsNorm", "F32");
        try (var other = MetalDevice.open()) {
            var theirs = Tensor.allocate(other, "x", DType.F32, 2, 4);
            refused(e -> e.matmul(floats(2, 6), theirs, w, null), "matmul", "another device");
        }
    }

    @Test
    void cachesAndMatricesWithoutAKernelAreRefusedByName() {
        assertThatThrownBy(() -> metal.kvCache(new KvGeometry(1, 1, 258, 4, 3, DType.F16)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("258");
        assertThatThrownBy(() -> metal.kvCache(new KvGeometry(1, 1, 8, 4, 3, DType.I32)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("I32");
        var bf16 = Data.weights(1, DType.BF16, 4, 4);
        assertThatThrownBy(
                        () -> metal.matrix("qkv", List.of(bf16, Data.weights(2, DType.F32, 4, 4))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("qkv", "F32", "BF16");
        var scales =
                new HostTensor(
                        "scales",
                        DType.F32,
                        List.of(1L, 1L),
                        MemorySegment.ofArray(new byte[Float.BYTES]));
        var odd = new AffineWeights("odd", MemorySegment.ofArray(new byte[24]), 4, scales, scales);
        assertThatThrownBy(() -> metal.matrix("w", List.of(odd)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("w", "odd", "48");
    }

    private void faults(Consumer<Encoder> op, String... parts) {
        assertThatThrownBy(() -> Steps.run(metal, op))
                .isInstanceOfSatisfying(
                        DeviceException.class,
                        e -> assertThat(e.kind()).isEqualTo(DeviceException.Kind.PAGE_FAULT))
                .hasMessageContainingAll(parts);
    }

    @Test
    void indicesOutOfTheirTablesFailTheStepAndTouchNothing() {
        var table = metal.matrix("w", List.of(Data.weights(1, DType.F32, 6, 4)));
        var x = floats(2, 4);
        for (int bad : new int[] {-1, 6, Integer.MAX_VALUE}) {
            var ids = Steps.column(metal, 0, bad);
            faults(e -> e.embed(x, table, ids), "embed", "token id");
            faults(e -> e.gatherRows(x, floats(6, 4), ids), "gatherRows", "row");
        }
        var tokens = Steps.column(metal, 0, 0);
        var three = Steps.column(metal, 1, 2, 3);
        for (int bad : new int[] {3, Integer.MAX_VALUE}) {
            var rows = Steps.column(metal, -1, bad);
            faults(e -> e.feedSampled(tokens, three, rows), "feedSampled", "row");
        }
        var cache = metal.kvCache(new KvGeometry(1, 1, 4, 4, 3, DType.F16));
        for (int bad : new int[] {-1, 12}) {
            var slots = Steps.column(metal, 0, bad);
            faults(e -> e.storeKv(cache, 0, x, floats(2, 4), slots), "storeKv", "slot");
        }
        var qkv = floats(2, 12);
        var turns = floats(1, 2);
        for (int bad : new int[] {-1, 12}) {
            var batch = batch(Steps.column(metal, 3, 0), Steps.column(metal, 0, bad));
            faults(e -> e.ropeAndStoreKv(cache, 0, qkv, batch, turns, 1), "ropeAndStoreKv", "slot");
        }
        var before = batch(Steps.column(metal, -1, 0), Steps.column(metal, 0, 1));
        faults(
                e -> e.ropeAndStoreKv(cache, 0, qkv, before, turns, 1),
                "ropeAndStoreKv",
                "position");
        var pairs = Steps.ints(metal, new int[][] {{0, 1}, {3, 2}});
        faults(e -> e.copyBlocks(cache, pairs), "copyBlocks", "block");
        var groups = new ExpertGroups(ints(4), ints(2), ints(2));
        faults(e -> e.moeGroup(groups, Steps.column(metal, 0, 3)), "moeGroup", "expert");
        // The op that was wrong is named, not one after it, and the next step is not blamed.
        var positions = Steps.column(metal, 0, -1);
        faults(
                e -> {
                    e.relu(x, x);
                    e.rope(x, 4, positions, floats(1, 2), 1);
                    e.embed(x, table, Steps.column(metal, 0, 9));
                },
                "op 1",
                "rope",
                "position");
        Steps.run(metal, e -> e.relu(x, x));
    }

    @Test
    void blocksAndPositionsOutOfTheirTablesFailAttention() {
        var cache = metal.kvCache(new KvGeometry(1, 1, 4, 4, 3, DType.F16));
        var q = floats(1, 4);
        Steps.run(metal, e -> e.storeKv(cache, 0, q, q, Steps.column(metal, 0)));
        for (int block : new int[] {-1, 3}) {
            var batch = batch(0, 1, block);
            faults(e -> e.pagedAttention(floats(1, 4), q, cache, 0, 1, batch), "block");
        }
        var past = batch(4, 5, 0);
        faults(e -> e.pagedAttention(floats(1, 4), q, cache, 0, 1, past), "position");
    }

    private Batch batch(Tensor positions, Tensor slots) {
        return new Batch(ints(1), positions, slots, ints(1), ints(1), ints(1), ints(1));
    }

    private Batch batch(int position, int length, int block) {
        return new Batch(
                ints(1),
                Steps.column(metal, position),
                ints(1),
                Steps.column(metal, 0, 1),
                Steps.column(metal, length),
                Steps.ints(metal, new int[][] {{block}}),
                ints(1));
    }

    @Test
    void activationsOfExtremeValuesNeitherOverflowNorPoisonTheirNeighbours() {
        float[] x = {1e30f, -1e30f, Float.NaN, 60, -60, 0, 1};
        for (var gelu : Gelu.values()) {
            var out = Steps.floats(metal, x);
            Steps.run(metal, enc -> enc.gelu(out, out, gelu));
            float[] y = Steps.row(out, 0);
            assertThat(y[0]).as("%s", gelu).isEqualTo(1e30f);
            assertThat(Math.abs(y[1])).as("%s", gelu).isLessThan(1e-6f);
            assertThat(y[2]).isNaN();
            assertThat(y[3]).isEqualTo(60);
            assertThat(Math.abs(y[4])).isLessThan(1e-6f);
            assertThat(y[5]).isZero();
        }
        var capped = Steps.floats(metal, x);
        Steps.run(metal, enc -> enc.softcap(capped, 30));
        assertThat(Steps.row(capped, 0))
                .startsWith(30, -30, Float.NaN)
                .endsWith(30 * (float) Math.tanh(1 / 30.0));
        var positive = Steps.floats(metal, x);
        Steps.run(metal, enc -> enc.relu(positive, positive));
        assertThat(Steps.row(positive, 0)).containsExactly(1e30f, 0, Float.NaN, 60, 0, 0, 1);
    }

    @Test
    void noRowsAreAStepLikeAnyOther() {
        var none = floats(1, 33).firstRows(0);
        var x = floats(5, 33);
        Steps.run(metal, enc -> enc.gatherRows(none, x, Steps.column(metal)));
        Steps.run(metal, enc -> enc.argmax(ints(1).firstRows(0), none));
    }
}
