package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.OperatingSystemMXBean;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceException.Kind;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.parity.Data;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CpuDeviceTest {
    private final CpuDevice cpu = CpuDevice.open(2);

    @AfterEach
    void close() {
        cpu.close();
    }

    // ---------------------------------------------------------------- what it is

    @Test
    void saysWhatItIs() {
        var info = cpu.info();
        assertThat(info.kind()).isEqualTo("cpu");
        assertThat(info.name()).isNotBlank();
        assertThat(info.threads()).isEqualTo(2);
        assertThat(info.variant()).isEqualTo(CpuDevice.variants().getFirst());
        assertThat(info.workingSetBytes()).isGreaterThan(1L << 28);
        assertThat(info.numericClass()).startsWith("cpu-" + info.variant() + "-");
    }

    @Test
    void takesAsManyThreadsAsThereAreProcessorsUnlessTold() {
        try (var device = CpuDevice.open(0)) {
            assertThat(device.info().threads())
                    .isEqualTo(Runtime.getRuntime().availableProcessors());
        }
        assertThatThrownBy(() -> CpuDevice.open(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyCpuRunsThePortableVariant() {
        assertThat(CpuDevice.variants()).endsWith("portable");
    }

    @Test
    void theSystemPropertyChoosesTheVariant() {
        String before = System.getProperty(CpuDevice.VARIANT_PROPERTY);
        try {
            System.setProperty(CpuDevice.VARIANT_PROPERTY, "portable");
            try (var device = CpuDevice.open(1)) {
                assertThat(device.info().variant()).isEqualTo("portable");
            }
        } finally {
            if (before == null) {
                System.clearProperty(CpuDevice.VARIANT_PROPERTY);
            } else {
                System.setProperty(CpuDevice.VARIANT_PROPERTY, before);
            }
        }
    }

    @Test
    void aVariantThatTheCpuCannotRunIsRefusedWithThoseThatItCan() {
        assertThatThrownBy(() -> CpuDevice.open(1, "sve9"))
                .isInstanceOfSatisfying(DeviceException.class, e -> hasKind(e, Kind.UNAVAILABLE))
                .hasMessageContaining("sve9")
                .hasMessageContaining("portable");
    }

    // ---------------------------------------------------------------- memory

    @Test
    void memoryIsZeroAndCounted() {
        var buffer = cpu.allocate("scratch", 10_000_001);
        assertThat(buffer.bytes()).isEqualTo(10_000_001);
        assertThat(buffer.contents().mismatch(MemorySegment.ofArray(new byte[10_000_001])))
                .isEqualTo(-1);
        assertThat(cpu.allocatedBytes()).isEqualTo(10_000_001);
    }

    @Test
    void moreThanTheMachineHasIsRefusedByName() {
        assertThatThrownBy(() -> cpu.allocate("all of it", cpu.info().workingSetBytes()))
                .isInstanceOfSatisfying(DeviceException.class, e -> hasKind(e, Kind.OUT_OF_MEMORY))
                .hasMessageContaining("all of it");
        assertThat(cpu.allocatedBytes()).isZero();
        var huge = new KvGeometry(100, 64, 256, 16, 1 << 24, DType.F16);
        assertThatThrownBy(() -> cpu.kvCache(huge))
                .isInstanceOfSatisfying(DeviceException.class, e -> hasKind(e, Kind.OUT_OF_MEMORY))
                .hasMessageContaining("KV cache");
    }

    @Test
    void nothingWorksAfterClose() {
        var tensor = Tensor.allocate(cpu, "x", DType.F32, 1, 8);
        var buffer = cpu.commandBuffer();
        var encoder = buffer.encoder();
        cpu.close();
        cpu.close();
        assertThatThrownBy(() -> cpu.allocate("x", 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(cpu::commandBuffer).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> cpu.matrix("w", List.of(weights(2, 2))))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> encoder.argmax(tensor, tensor))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> buffer.commit(new Told()))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tensor.contents().fill((byte) 1))
                .isInstanceOf(IllegalStateException.class);
    }

    // ---------------------------------------------------------------- command buffers

    private static class Told implements CommandBuffer.Completion {
        private final BlockingQueue<String> what = new LinkedBlockingQueue<>();

        @Override
        public void completed() {
            what.add("completed");
        }

        @Override
        public void failed(DeviceException cause) {
            what.add("failed");
        }

        String next() throws InterruptedException {
            return what.take();
        }
    }

    @Test
    void aStepOfNothingIsCompletedOnce() throws InterruptedException {
        var told = new Told();
        var buffer = cpu.commandBuffer();
        buffer.commit(told);
        assertThat(told.next()).isEqualTo("completed");
        assertThatThrownBy(() -> buffer.commit(told)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(buffer::encoder).isInstanceOf(IllegalStateException.class);
        cpu.close();
        assertThat(told.what).isEmpty();
    }

    @Test
    void twoStepsMayBeCommittedAndRunInOrder() throws InterruptedException {
        var x = Steps.floats(cpu, new float[8]);
        var ones = cpu.vector("ones", new float[] {1, 1, 1, 1, 1, 1, 1, 1});
        var told = new Told();
        float expected = 0;
        for (int round = 0; round < 100; round++) {
            for (float factor : new float[] {0.5f, 0.25f}) {
                var commands = cpu.commandBuffer();
                for (int i = 0; i < 50; i++) {
                    commands.encoder().add(x, ones);
                    expected += 1;
                }
                commands.encoder().scale(x, factor);
                expected *= factor;
                commands.commit(told);
            }
            assertThat(told.next()).isEqualTo("completed");
            assertThat(told.next()).isEqualTo("completed");
            assertThat(Steps.row(x, 0)).containsOnly(expected);
        }
    }

    @Test
    void aThirdStepIsRefusedAndClosingWaitsForTheTwo() throws Exception {
        var held = new CountDownLatch(1);
        var told = new Told();
        cpu.commandBuffer()
                .commit(
                        new Told() {
                            @Override
                            public void completed() {
                                try {
                                    held.await(); // Nothing behind it begins.
                                } catch (InterruptedException e) {
                                    throw new AssertionError(e);
                                }
                                told.completed();
                            }
                        });
        while (!cpu.isIdle()) {
            Thread.onSpinWait();
        }
        cpu.commandBuffer().commit(told);
        cpu.commandBuffer().commit(told);
        assertThatThrownBy(cpu::commandBuffer)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("2 command buffers");
        assertThatThrownBy(() -> cpu.matrix("w", List.of(weights(2, 2))))
                .isInstanceOf(IllegalStateException.class);
        held.countDown();
        cpu.close();
        assertThat(told.what).containsExactly("completed", "completed", "completed");
    }

    @Test
    void aNewCommandBufferDiscardsTheOneBefore() {
        var x = Steps.floats(cpu, Data.rows(1, 1, 8));
        var best = Tensor.allocate(cpu, "best", DType.I32, 1, 1);
        var old = cpu.commandBuffer();
        var encoder = old.encoder();
        encoder.argmax(best, x);
        var recent = cpu.commandBuffer();
        assertThatThrownBy(() -> encoder.argmax(best, x)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> old.commit(new Told())).isInstanceOf(IllegalStateException.class);
        recent.commit(new Told());
    }

    @Test
    void aStepMayBeLongButNotEndless() {
        var x = Steps.floats(cpu, new float[8]);
        var weight = cpu.vector("w", new float[8]);
        var encoder = cpu.commandBuffer().encoder();
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 1_000_000; i++) {
                                encoder.rmsNorm(x, x, weight, 1);
                            }
                        })
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("ops");
    }

    @Test
    void opsSeeWhatOpsBeforeThemDid() {
        try (var three = CpuDevice.open(3)) {
            var weight = three.vector("w", new float[] {2, 2, 2, 2, 2, 2, 2, 2});
            var a = Steps.floats(three, new float[] {3, 3, 3, 3, 3, 3, 3, 3});
            var b = Tensor.allocate(three, "b", DType.F32, 1, 8);
            var zero = three.vector("0", new float[8]);
            for (int round = 0; round < 200; round++) {
                Steps.run(
                        three,
                        enc -> {
                            for (int i = 0; i < 20; i++) {
                                enc.rmsNorm(b, a, weight, 0);
                                enc.rmsNorm(a, b, weight, 0);
                            }
                            enc.rmsNorm(b, a, zero, 0);
                        });
                assertThat(Steps.row(a, 0)).containsOnly(2f);
                assertThat(Steps.row(b, 0)).containsOnly(0f);
            }
        }
    }

    @Test
    void anIdleDeviceUsesNoProcessor() throws InterruptedException {
        var x = Steps.floats(cpu, Data.rows(1, 300, 300));
        var weight = cpu.vector("w", new float[300]);
        Steps.run(cpu, enc -> enc.rmsNorm(x, x, weight, 1));
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        // The least of several looks: the JVM itself is at work now and then.
        long least = Long.MAX_VALUE;
        for (int look = 0; look < 5 && least > 20_000_000; look++) {
            long before = system.getProcessCpuTime();
            Thread.sleep(300);
            least = Math.min(least, system.getProcessCpuTime() - before);
        }
        assertThat(least).as("nanoseconds of 300 ms").isLessThan(100_000_000);
    }

    // ---------------------------------------------------------------- faults inside a step

    private void fails(Consumer<Encoder> step, String... words) {
        assertThatThrownBy(() -> Steps.run(cpu, step))
                .isInstanceOfSatisfying(DeviceException.class, e -> hasKind(e, Kind.PAGE_FAULT))
                .hasMessageContainingAll(words);
        // The device goes on.
        var x = Steps.floats(cpu, new float[] {1, 3, 2});
        var best = Tensor.allocate(cpu, "best", DType.I32, 1, 1);
        Steps.run(cpu, enc -> enc.argmax(best, x));
        assertThat(Steps.intAt(best, 0)).isEqualTo(1);
    }

    @Test
    void tokenIdsOutsideTheTableFailTheStep() {
        var table = cpu.matrix("e", List.of(weights(10, 4)));
        var out = Tensor.allocate(cpu, "out", DType.F32, 3, 4);
        for (int bad : new int[] {10, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            var ids = Steps.column(cpu, 3, bad, 9);
            fails(enc -> enc.embed(out, table, ids), "embed", "" + bad, "row 1", "10");
        }
    }

    @Test
    void rowsOutsideTheTensorFailTheStep() {
        var x = Steps.floats(cpu, Data.rows(1, 5, 4));
        var out = Tensor.allocate(cpu, "out", DType.F32, 2, 4);
        for (int bad : new int[] {5, -1, Integer.MAX_VALUE}) {
            var rows = Steps.column(cpu, 0, bad);
            fails(enc -> enc.gatherRows(out, x, rows), "gatherRows", "" + bad, "5");
        }
        var ids = ints(2);
        for (int bad : new int[] {3, Integer.MAX_VALUE}) {
            var rows = Steps.column(cpu, -1, bad);
            fails(
                    enc -> enc.feedSampled(ids, ints(3), rows),
                    "feedSampled",
                    "" + bad,
                    "index 1",
                    "3");
        }
    }

    @Test
    void blocksOutsideTheCacheFailTheStepThatCopiesThem() {
        var cache = cpu.kvCache(new KvGeometry(2, 2, 8, 4, 3, DType.F16));
        for (int bad : new int[] {3, -1, Integer.MAX_VALUE}) {
            var from = Steps.ints(cpu, new int[][] {{0, 1}, {bad, 2}});
            fails(enc -> enc.copyBlocks(cache, from), "copyBlocks", "" + bad, "3");
            var to = Steps.ints(cpu, new int[][] {{0, 1}, {1, bad}});
            fails(enc -> enc.copyBlocks(cache, to), "copyBlocks", "" + bad, "3");
        }
        refused(e -> e.copyBlocks(cache, ints(2)), "copyBlocks", "[2, 2]");
    }

    @Test
    void slotsOutsideTheCacheFailTheStep() {
        var cache = cpu.kvCache(new KvGeometry(1, 2, 8, 4, 3, DType.F16));
        var k = Steps.floats(cpu, Data.rows(1, 2, 16));
        for (int bad : new int[] {12, -1, Integer.MAX_VALUE}) {
            var slots = Steps.column(cpu, 11, bad);
            fails(enc -> enc.storeKv(cache, 0, k, k, slots), "storeKv", "" + bad, "12");
        }
    }

    @Test
    void brokenTablesFailTheStep() {
        int[] good = {0, 1, 2};
        for (int threads : new int[] {1, 2}) {
            try (var device = CpuDevice.open(threads)) {
                attends(device, new int[] {4}, new int[] {0, 1}, new int[] {5}, good);
                for (int bad : new int[] {3, -1, Integer.MAX_VALUE}) {
                    refuses(
                            device,
                            new int[] {4},
                            new int[] {0, 1},
                            new int[] {5},
                            new int[] {0, bad, 2},
                            "block " + bad);
                }
                // Past its sequence, past its table, before its beginning, out of order.
                refuses(device, new int[] {5}, new int[] {0, 1}, new int[] {5}, good, "position 5");
                refuses(
                        device,
                        new int[] {12},
                        new int[] {0, 1},
                        new int[] {99},
                        good,
                        "position 12");
                refuses(
                        device,
                        new int[] {-1},
                        new int[] {0, 1},
                        new int[] {5},
                        good,
                        "position -1");
                refuses(
                        device,
                        new int[] {3, 3},
                        new int[] {0, 2},
                        new int[] {5},
                        good,
                        "position 3");
                refuses(
                        device,
                        new int[] {4},
                        new int[] {0, 2},
                        new int[] {5},
                        good,
                        "query starts");
                refuses(
                        device,
                        new int[] {4},
                        new int[] {1, 0},
                        new int[] {5},
                        good,
                        "query starts");
                refuses(
                        device,
                        new int[] {4},
                        new int[] {0, Integer.MIN_VALUE},
                        new int[] {5},
                        good,
                        "query starts");
            }
        }
    }

    private static void refuses(
            CpuDevice device,
            int[] positions,
            int[] starts,
            int[] lengths,
            int[] table,
            String why) {
        assertThatThrownBy(() -> attends(device, positions, starts, lengths, table))
                .isInstanceOfSatisfying(DeviceException.class, e -> hasKind(e, Kind.PAGE_FAULT))
                .hasMessageContaining(why);
    }

    private static void attends(
            CpuDevice device, int[] positions, int[] starts, int[] lengths, int[] table) {
        var cache = device.kvCache(new KvGeometry(1, 2, 8, 4, 3, DType.F16));
        var q = Steps.floats(device, Data.rows(1, positions.length, 32));
        var out = Tensor.allocate(device, "out", DType.F32, positions.length, 32);
        var batch = batch(device, positions, starts, lengths, table);
        Steps.run(device, enc -> enc.pagedAttention(out, q, cache, 0, 1, batch));
    }

    private static Batch batch(
            CpuDevice device, int[] positions, int[] starts, int[] lengths, int[] table) {
        var column = Steps.column(device, positions);
        return new Batch(
                column,
                column,
                column,
                Steps.column(device, starts),
                Steps.column(device, lengths),
                Steps.ints(device, table),
                Steps.column(device));
    }

    // ---------------------------------------------------------------- refusals while recording

    private void refused(Consumer<Encoder> op, String... words) {
        var encoder = cpu.commandBuffer().encoder();
        assertThatThrownBy(() -> op.accept(encoder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(words);
    }

    private Tensor floats(int rows, int columns) {
        return Tensor.allocate(cpu, "x", DType.F32, rows, columns);
    }

    private Tensor ints(int rows) {
        return Tensor.allocate(cpu, "i", DType.I32, rows, 1);
    }

    private static HostTensor weights(int out, int in) {
        return Data.weights(1, DType.BF16, out, in);
    }

    @Test
    void shapesThatDoNotFitAreRefusedWithBothShapes() {
        var w = cpu.matrix("w", List.of(weights(6, 4)));
        refused(e -> e.embed(floats(2, 5), w, ints(2)), "embed", "F32[2, 5]", "[2, 4]");
        refused(e -> e.embed(floats(2, 4), w, ints(3)), "embed", "[3, 4]");
        refused(e -> e.rmsNorm(floats(2, 4), floats(3, 4), floats(1, 4), 1), "rmsNorm", "[3, 4]");
        refused(e -> e.rmsNorm(floats(2, 4), floats(2, 4), floats(1, 5), 1), "rmsNorm", "[1, 5]");
        refused(
                e -> e.rmsNormHeads(floats(2, 9), floats(1, 4), 1),
                "rmsNormHeads",
                "multiple of 4");
        refused(e -> e.matmul(floats(2, 6), floats(2, 5), w, null), "matmul", "[2, 5]", "[2, 4]");
        refused(e -> e.matmul(floats(2, 7), floats(2, 4), w, null), "matmul", "[2, 7]", "[2, 6]");
        refused(e -> e.matmulAdd(floats(3, 6), floats(2, 4), w, null), "matmulAdd", "[2, 4]");
        refused(
                e -> e.matmul(floats(2, 6), floats(2, 4), w, floats(1, 4)),
                "matmul",
                "bias",
                "[1, 6]");
        refused(e -> e.rope(floats(2, 9), 4, ints(2), floats(1, 2)), "rope", "multiple of 4");
        refused(e -> e.rope(floats(2, 9), 3, ints(2), floats(1, 1)), "rope", "headDim 3");
        refused(e -> e.rope(floats(2, 8), 4, ints(3), floats(1, 2)), "rope", "positions");
        refused(e -> e.rope(floats(2, 8), 4, ints(2), floats(1, 4)), "rope", "[1, 4]", "[1, 2]");
        refused(e -> e.swiglu(floats(2, 4), floats(2, 4)), "swiglu", "[2, 4]", "[2, 8]");
        refused(e -> e.gatherRows(floats(2, 4), floats(3, 5), ints(2)), "gatherRows", "[2, 5]");
        refused(e -> e.gatherRows(floats(2, 4), floats(3, 4), ints(1)), "gatherRows", "[1, 4]");
        refused(e -> e.feedSampled(ints(2), ints(3), ints(1)), "feedSampled", "[1, 1]");
        refused(e -> e.feedSampled(ints(2), floats(3, 1), ints(2)), "feedSampled", "sampled");
        refused(e -> e.argmax(ints(2), floats(3, 4)), "argmax", "[3, 1]");
    }

    @Test
    void cachesThatDoNotFitAreRefused() {
        var cache = cpu.kvCache(new KvGeometry(2, 2, 8, 4, 3, DType.F16));
        refused(e -> e.storeKv(cache, 2, floats(1, 16), floats(1, 16), ints(1)), "layer 2 of 2");
        refused(
                e -> e.storeKv(cache, 0, floats(1, 8), floats(1, 16), ints(1)),
                "storeKv",
                "[1, 16]");
        refused(e -> e.storeKv(cache, 0, floats(1, 16), floats(1, 16), ints(2)), "storeKv");
        var batch = batch(cpu, new int[] {0}, new int[] {0, 1}, new int[] {1}, new int[] {0});
        var attention = "pagedAttention";
        refused(e -> attention(e, floats(1, 24), floats(1, 24), cache, batch), attention, "16");
        refused(
                e -> attention(e, floats(1, 16), floats(1, 32), cache, batch),
                attention,
                "[1, 32]");
        refused(
                e -> attention(e, floats(2, 32), floats(2, 32), cache, batch),
                attention,
                "positions");
        var starts =
                new Batch(
                        batch.tokenIds(),
                        batch.positions(),
                        batch.slotMapping(),
                        ints(1),
                        batch.sequenceLengths(),
                        batch.blockTables(),
                        batch.logitRows());
        refused(e -> attention(e, floats(1, 32), floats(1, 32), cache, starts), "queryStarts");
        assertThatThrownBy(() -> cpu.kvCache(new KvGeometry(1, 1, 8, 4, 3, DType.I32)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("I32");
        assertThatThrownBy(() -> cpu.kvCache(new KvGeometry(1, 1, 514, 4, 3, DType.F16)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("514");
    }

    private static void attention(Encoder e, Tensor out, Tensor q, KvCache cache, Batch batch) {
        e.pagedAttention(out, q, cache, 0, 1, batch);
    }

    @Test
    void typesAliasesAndStrangersAreRefused() {
        var w = cpu.matrix("w", List.of(weights(4, 4)));
        var x = floats(2, 8);
        refused(e -> e.matmul(x.columns(0, 4), x.columns(2, 4), w, null), "matmul", "overlaps");
        refused(e -> e.swiglu(x.columns(0, 4), x), "swiglu", "overlaps");
        refused(e -> e.gatherRows(x, x, ints(2)), "gatherRows", "overlaps");
        refused(e -> e.argmax(floats(2, 1), x), "argmax", "I32");
        refused(e -> e.rmsNorm(ints(2), floats(2, 1), floats(1, 1), 1), "rmsNorm", "F32");
        // Columns beside each other do not overlap.
        Steps.run(cpu, e -> e.matmul(x.columns(0, 4), x.columns(4, 4), w, null));
        try (var other = CpuDevice.open(1)) {
            var theirs = Tensor.allocate(other, "x", DType.F32, 2, 4);
            var theirW = other.matrix("w", List.of(weights(4, 4)));
            var theirCache = other.kvCache(new KvGeometry(2, 2, 8, 4, 3, DType.F16));
            refused(e -> e.matmul(theirs, floats(2, 4), w, null), "matmul", "another device");
            refused(e -> e.matmul(floats(2, 4), floats(2, 4), theirW, null), "another device");
            refused(
                    e -> e.storeKv(theirCache, 0, floats(1, 16), floats(1, 16), ints(1)),
                    "another device");
        }
    }

    @Test
    void partsThatDoNotStackAreRefusedByName() {
        assertThatThrownBy(() -> cpu.matrix("qkv", List.of(weights(4, 4), weights(4, 5))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("qkv", "[4, 5]", "[4, 4]");
        assertThatThrownBy(() ->
                        cpu.matrix("qkv", List.of(weights(4, 4), Data.weights(2, DType.F32, 4, 4))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("qkv", "F32", "BF16");
        assertThatThrownBy(() -> cpu.matrix("none", List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none");
    }

    // ---------------------------------------------------------------- measuring

    @Test
    void aProfileHasEveryOpOfEveryStep() {
        var profile = cpu.profile();
        var w = cpu.matrix("w", List.of(weights(640, 512)));
        profile.clear();
        var x = Tensor.allocate(cpu, "x", DType.F32, 3, 512);
        var y = Tensor.allocate(cpu, "y", DType.F32, 3, 640);
        for (int i = 0; i < 2; i++) {
            Steps.run(
                    cpu,
                    enc -> {
                        enc.matmul(y, x, w, null);
                        enc.relu(y, y);
                        enc.matmul(y, x, w, null);
                    });
        }
        assertThat(profile.steps()).isEqualTo(2);
        assertThat(profile.entries())
                .extracting(CpuProfile.Entry::op)
                .containsExactly("MATMUL 640×512", "MAP");
        assertThat(profile.entries()).extracting(CpuProfile.Entry::calls).containsExactly(4L, 2L);
        assertThat(profile.entries()).allSatisfy(e -> assertThat(e.nanos()).isPositive());
        assertThat(profile.entries().stream().mapToLong(CpuProfile.Entry::nanos).sum())
                .isEqualTo(profile.stepNanos());
        assertThatThrownBy(cpu::profile).isInstanceOf(IllegalStateException.class);
    }

    private static void hasKind(DeviceException e, Kind kind) {
        assertThat(e.kind()).isEqualTo(kind);
    }
}
