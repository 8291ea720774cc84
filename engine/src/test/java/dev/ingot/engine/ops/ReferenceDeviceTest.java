package dev.ingot.engine.ops;

import static dev.ingot.engine.ops.Steps.column;
import static dev.ingot.engine.ops.Steps.floats;
import static dev.ingot.engine.ops.Steps.intAt;
import static dev.ingot.engine.ops.Steps.ints;
import static dev.ingot.engine.ops.Steps.row;
import static dev.ingot.engine.ops.Steps.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReferenceDeviceTest {
    private final ReferenceDevice device = new ReferenceDevice();

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void embedsRowsOfAStackedMatrix() {
        var table =
                device.matrix("table", List.of(matrix(1, 2, 1f, 2f), matrix(2, 2, 3f, 4f, 5f, 6f)));
        var out = floats(device, new float[2], new float[2]);
        run(device, enc -> enc.embed(out, table, column(device, 2, 0)));
        assertThat(table.out()).isEqualTo(3);
        assertThat(row(out, 0)).containsExactly(5f, 6f);
        assertThat(row(out, 1)).containsExactly(1f, 2f);
    }

    @Test
    void normsARowToUnitRootMeanSquareTimesItsWeight() {
        var x = floats(device, new float[] {3, 4});
        run(device, enc -> enc.rmsNorm(x, x, device.vector("w", new float[] {1, 2}), 0f));
        double rms = Math.sqrt(12.5);
        assertThat(row(x, 0)).containsExactly((float) (3 / rms), (float) (8 / rms));
    }

    @Test
    void normsEachHeadOnItsOwn() {
        var x = floats(device, new float[] {3, 4, 30, 40});
        run(device, enc -> enc.rmsNormHeads(x, device.vector("w", new float[] {1, 1}), 0f));
        assertThat(row(x, 0)[2]).isEqualTo(row(x, 0)[0]);
        assertThat(row(x, 0)[3]).isEqualTo(row(x, 0)[1]);
    }

    @Test
    void addsAProjectionWithBiasIntoTheResidual() {
        var out = floats(device, new float[] {100, 200});
        var x = floats(device, new float[] {1, 2});
        var w = device.matrix("w", List.of(matrix(2, 2, 1, 10, 2, 20)));
        var bias = device.vector("b", new float[] {0.5f, 0.25f});
        run(device, enc -> enc.matmulAdd(out, x, w, bias));
        assertThat(row(out, 0)).containsExactly(121.5f, 242.25f);
        run(device, enc -> enc.matmul(out, x, w, null));
        assertThat(row(out, 0)).containsExactly(21f, 42f);
    }

    @Test
    void rotatesTheHalvesOfAHeadAgainstEachOther() {
        var x = floats(device, new float[] {1, 0, 0, 1});
        var frequencies = device.vector("f", new float[] {(float) (Math.PI / 6), 0.1f});
        run(device, enc -> enc.rope(x, 4, column(device, 3), frequencies));
        // The first pair is a quarter turn; the second is (0, 1) turned by 0.3.
        assertThat(row(x, 0)[0]).isCloseTo(0, within(1e-6f));
        assertThat(row(x, 0)[2]).isCloseTo(1, within(1e-6f));
        assertThat(row(x, 0)[1]).isCloseTo((float) -Math.sin(0.3), within(1e-6f));
        assertThat(row(x, 0)[3]).isCloseTo((float) Math.cos(0.3), within(1e-6f));
    }

    @Test
    void attendsThroughTheBlockTableToItsOwnPastOnly() {
        var cache = device.kvCache(new KvGeometry(1, 1, 2, 2, 4, DType.F32));
        var k = floats(device, new float[] {1, 0}, new float[] {1, 0}, new float[] {9, 9});
        var v = floats(device, new float[] {2, 0}, new float[] {4, 0}, new float[] {8, 8});
        var q = floats(device, new float[] {1, 0, 5, 0});
        var out = floats(device, new float[4]);
        // Positions 0, 1, 2 in block 3 (slots 6, 7) and block 1 (slot 2); the token asks at
        // position 1.
        var batch = batch(column(device, 1), ints(device, new int[] {3, 1}), 3);
        run(
                device,
                enc -> {
                    enc.storeKv(cache, 0, k, v, column(device, 6, 7, 2));
                    enc.pagedAttention(out, q, cache, 0, 1f, batch);
                });
        assertThat(row(out, 0)).containsExactly(3f, 0f, 3f, 0f);
    }

    @Test
    void storesKvAsTheCacheRoundsIt() {
        var cache = device.kvCache(new KvGeometry(1, 1, 1, 1, 1, DType.BF16));
        var kv = floats(device, new float[] {1 + 0x1.1p-8f});
        var out = floats(device, new float[1]);
        var batch = batch(column(device, 0), ints(device, new int[] {0}), 1);
        run(
                device,
                enc -> {
                    enc.storeKv(cache, 0, kv, kv, column(device, 0));
                    enc.pagedAttention(out, floats(device, new float[1]), cache, 0, 1f, batch);
                });
        assertThat(row(out, 0)).containsExactly(1.0078125f);
    }

    @Test
    void memoryOfTheCacheThatWasNeverWrittenIsNotANumber() {
        var cache = device.kvCache(new KvGeometry(1, 1, 1, 1, 1, DType.F16));
        var out = floats(device, new float[1]);
        var batch = batch(column(device, 0), ints(device, new int[] {0}), 1);
        var q = floats(device, new float[] {1});
        run(device, enc -> enc.pagedAttention(out, q, cache, 0, 1f, batch));
        assertThat(row(out, 0)).containsExactly(Float.NaN);
    }

    @Test
    void gatesWithSilu() {
        var out = floats(device, new float[2]);
        var gateUp = floats(device, new float[] {0, 1, 7, 2});
        run(device, enc -> enc.swiglu(out, gateUp));
        assertThat(row(out, 0)).containsExactly(0f, (float) (2 / (1 + Math.exp(-1))));
    }

    @Test
    void argmaxTakesTheLowestOfEqualsAndRefusesABrokenRow() {
        var x =
                floats(
                        device,
                        new float[] {1, 3, 3},
                        new float[] {-2, -1, -3},
                        new float[] {1, Float.NaN, 2},
                        new float[] {1, 2, Float.NEGATIVE_INFINITY},
                        new float[] {Float.POSITIVE_INFINITY, 2, 1},
                        new float[] {
                            Float.NEGATIVE_INFINITY,
                            Float.NEGATIVE_INFINITY,
                            Float.NEGATIVE_INFINITY
                        });
        var out = column(device, 9, 9, 9, 9, 9, 9);
        run(device, enc -> enc.argmax(out, x));
        assertThat(IntStream.range(0, 6).map(row -> intAt(out, row)))
                .containsExactly(1, 1, -1, 1, -1, -1);
    }

    @Test
    void gathersRowsInTheOrderAsked() {
        var x = floats(device, new float[] {1}, new float[] {2}, new float[] {3});
        var out = floats(device, new float[1], new float[1]);
        run(device, enc -> enc.gatherRows(out, x, column(device, 2, 0)));
        assertThat(List.of(row(out, 0)[0], row(out, 1)[0])).containsExactly(3f, 1f);
    }

    @Test
    void aTokenOutsideOfTheVocabularyFailsTheStepAndNotTheDevice() {
        var table = device.matrix("table", List.of(matrix(2, 1, 1f, 2f)));
        var out = floats(device, new float[1]);
        assertThatThrownBy(() -> run(device, enc -> enc.embed(out, table, column(device, 2))))
                .isInstanceOfSatisfying(
                        DeviceException.class,
                        e -> assertThat(e.kind()).isEqualTo(DeviceException.Kind.PAGE_FAULT))
                .hasMessage("token id 2 is outside of 0 … 1");
        run(device, enc -> enc.embed(out, table, column(device, 1)));
        assertThat(row(out, 0)).containsExactly(2f);
    }

    @Test
    void shapesAndAliasesAreRefusedWhenTheyAreRecorded() {
        var x = floats(device, new float[4]);
        var buffer = device.commandBuffer();
        var enc = buffer.encoder();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> enc.swiglu(x.columns(0, 2), x))
                .withMessageContaining("share memory");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> enc.rmsNorm(x, x, device.vector("w", new float[3]), 0f))
                .withMessageContaining("not F32[1, 4]");
    }

    @Test
    void aNewCommandBufferDiscardsTheOneBefore() {
        var x = floats(device, new float[] {1, 3, 2, 0});
        var best = Tensor.allocate(device, "best", DType.I32, 1, 1);
        var old = device.commandBuffer();
        var stale = old.encoder();
        stale.argmax(best, x);
        run(device, _ -> {});
        assertThat(best.contents().get(java.lang.foreign.ValueLayout.JAVA_INT, 0)).isZero();
        assertThatThrownBy(() -> stale.argmax(best, x)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(old::encoder).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anAllocationPastTheWorkingSetIsOutOfMemory() {
        try (var small = new ReferenceDevice(100)) {
            small.allocate("first", 60);
            assertThatThrownBy(() -> small.allocate("second", 60))
                    .isInstanceOfSatisfying(
                            DeviceException.class,
                            e -> assertThat(e.kind()).isEqualTo(DeviceException.Kind.OUT_OF_MEMORY))
                    .hasMessage("second: 60 bytes of 40 left");
        }
    }

    @Test
    void bf16RoundsToNearestEvenAndKeepsNaN() {
        assertThat(ReferenceOps.rounded(1 + 0x1p-8f, DType.BF16)).isEqualTo(1f);
        assertThat(ReferenceOps.rounded(1 + 0x3p-8f, DType.BF16)).isEqualTo(1 + 0x1p-6f);
        assertThat(ReferenceOps.rounded(Float.NaN, DType.BF16)).isNaN();
        assertThat(ReferenceOps.rounded(Float.MAX_VALUE, DType.BF16)).isInfinite();
    }

    private Batch batch(Tensor positions, Tensor blockTables, int length) {
        return new Batch(
                column(device, 0),
                positions,
                column(device, 0),
                column(device, 0, 1),
                column(device, length),
                blockTables,
                column(device));
    }

    private static HostTensor matrix(long rows, long columns, float... values) {
        var data = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return new HostTensor("m", DType.F32, List.of(rows, columns), MemorySegment.ofBuffer(data));
    }
}
