package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceException.Kind;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.kernels.metal.objc.AutoreleasePool;
import dev.ingot.kernels.metal.objc.Frameworks;
import dev.ingot.kernels.metal.objc.MetalCallException;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.QuantizedWeights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The device below the ops: memory, limits, command buffers, errors. After each test nothing may be left over and no
/// rule of Metal may have been broken.
final class MetalDeviceTest {
    @BeforeAll
    static void requireMetal() {
        SoftMetal.require();
    }

    @AfterEach
    void isClean() {
        SoftMetal.assertClean();
    }

    /// Hears the end of a step, and that it is told only once.
    private static final class Ending implements CommandBuffer.Completion {
        private final BlockingQueue<String> told = new ArrayBlockingQueue<>(8);
        private @Nullable DeviceException failure;

        @Override
        public void completed() {
            told.add("completed");
        }

        @Override
        public void failed(DeviceException cause) {
            failure = cause;
            told.add("failed");
        }

        String await() {
            try {
                String first = told.poll(30, TimeUnit.SECONDS);
                assertThat(first).as("told in time").isNotNull();
                assertThat(told).isEmpty();
                return String.valueOf(first);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        DeviceException failure() {
            assertThat(await()).isEqualTo("failed");
            assertThat(failure).isNotNull();
            return java.util.Objects.requireNonNull(failure);
        }
    }

    private static void assertUnavailable(String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        DeviceException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                .hasMessageContaining(message);
    }

    private static MetalCommandBuffer step(MetalDevice device) {
        return (MetalCommandBuffer) device.commandBuffer();
    }

    /// Adds one to the number in the buffer.
    private static void count(MetalDevice device, ComputePass pass, MetalBuffer counter) {
        count(device, pass, counter, Integer.BYTES);
    }

    private static void count(
            MetalDevice device, ComputePass pass, MetalBuffer counter, long bytes) {
        pass.op("count", bytes, 0);
        pass.pipeline(device.pipeline("canary", "canary", FunctionConstants.NONE));
        pass.buffer(0, counter, 0);
        pass.threadgroups(1, 1, 1, 1, 1, 1);
    }

    private static Ending run(MetalDevice device, MetalBuffer counter) {
        var step = step(device);
        count(device, step.pass(), counter);
        var ending = new Ending();
        step.commit(ending);
        return ending;
    }

    private static int value(MetalBuffer counter) {
        return counter.contents().get(JAVA_INT, 0);
    }

    @Test
    void saysWhatItIs() {
        try (var device = MetalDevice.open()) {
            assertThat(device.info().kind()).isEqualTo("metal");
            assertThat(device.info().workingSetBytes())
                    .isPositive()
                    .isEqualTo(device.limits().workingSetBytes());
            assertThat(device.info().numericClass()).contains("msl3.1").contains("SAFE");
            assertThat(device.limits().threadgroupMemoryBytes()).isGreaterThanOrEqualTo(32 << 10);
        }
    }

    @Test
    void runsAStepAndTellsSoOnce() {
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            for (int i = 1; i <= 3; i++) {
                assertThat(run(device, counter).await()).isEqualTo("completed");
                assertThat(value(counter)).isEqualTo(i);
            }
        }
    }

    @Test
    void aStepWithoutOpsCompletes() {
        try (var device = MetalDevice.open()) {
            var ending = new Ending();
            device.commandBuffer().commit(ending);
            assertThat(ending.await()).isEqualTo("completed");
        }
    }

    @Test
    void aNewCommandBufferDiscardsTheOneBefore() {
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            var old = step(device);
            count(device, old.pass(), counter);
            var encoder = old.encoder();
            assertThat(encoder).isNotNull();
            assertThat(run(device, counter).await()).isEqualTo("completed");
            assertThat(value(counter)).isEqualTo(1);
            assertThatThrownBy(() -> count(device, old.pass(), counter))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> old.commit(new Ending()))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(old::encoder).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aCommittedCommandBufferIsOver() {
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            var step = step(device);
            var ending = new Ending();
            step.commit(ending);
            assertThatThrownBy(() -> step.commit(ending)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> count(device, step.pass(), counter))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(ending.await()).isEqualTo("completed");
        }
    }

    @Test
    void aStepOfMuchWorkIsCutAndRunsInOrder() {
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            var step = step(device);
            long bytesOfAThirdOfTheAim = 50L * WorkBudget.AIM_NANOS / 3;
            for (int i = 0; i < 8; i++) {
                count(device, step.pass(), counter, bytesOfAThirdOfTheAim);
            }
            assertThat(step.pass().partCount()).isEqualTo(4);
            var ending = new Ending();
            step.commit(ending);
            assertThat(ending.await()).isEqualTo("completed");
            assertThat(value(counter)).isEqualTo(8);
        }
    }

    @Test
    void aStepMayBeLongButNotEndless() {
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            var step = step(device);
            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 1000; i++) {
                                    count(device, step.pass(), counter, 1L << 40);
                                }
                            })
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("256 command buffers");
        }
    }

    @Test
    void whatMetalWouldNotTakeIsRefusedBeforeItHearsOfIt() {
        try (var device = MetalDevice.open();
                var other = MetalDevice.open();
                Arena arena = Arena.ofConfined()) {
            var counter = device.allocate("counter", 64);
            var foreign = other.allocate("foreign", 64);
            var pipeline = device.pipeline("canary", "canary", FunctionConstants.NONE);
            var pass = step(device).pass();
            assertThatThrownBy(() -> pass.buffer(0, counter, 0)).hasMessageContaining("no op");
            pass.op("test", 1, 1);
            assertThatThrownBy(() -> pass.threadgroups(1, 1, 1, 1, 1, 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no pipeline");
            pass.pipeline(pipeline);
            refused("index 31", () -> pass.buffer(31, counter, 0));
            refused("index -1", () -> pass.buffer(-1, counter, 0));
            refused("offset 64", () -> pass.buffer(0, counter, 64));
            refused("offset 2", () -> pass.buffer(0, counter, 2));
            refused("another device", () -> pass.buffer(0, foreign, 0));
            refused("0 bytes", () -> pass.bytes(1, MemorySegment.NULL));
            refused("4097 bytes", () -> pass.bytes(1, arena.allocate(4097)));
            refused("8 bytes", () -> pass.bytes(1, MemorySegment.ofArray(new int[2])));
            refused("24 bytes", () -> pass.threadgroupMemory(0, 24));
            long all = device.limits().threadgroupMemoryBytes();
            refused("threadgroup memory", () -> pass.threadgroupMemory(0, all + 16));
            refused("a grid of 0", () -> pass.threadgroups(0, 1, 1, 1, 1, 1));
            refused("1 × 0 × 1 threads", () -> pass.threadgroups(1, 1, 1, 1, 0, 1));
            refused(
                    "at most " + pipeline.maxThreads(),
                    () -> pass.threadgroups(1, 1, 1, pipeline.maxThreads() + 1, 1, 1));
            pass.threadgroupMemory(0, all);
            pass.threadgroupMemory(1, 16);
            refused("would use", () -> pass.threadgroups(1, 1, 1, 1, 1, 1));
        }
    }

    private static void refused(String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void memoryIsZeroAndEndsWithTheDevice() {
        MemorySegment contents;
        try (var device = MetalDevice.open()) {
            var buffer = device.allocate("buffer", 100);
            assertThat(buffer.bytes()).isEqualTo(100);
            contents = buffer.contents();
            assertThat(contents.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsOnly(0);
            assertThat(device.allocate("empty", 0).bytes()).isZero();
            refused("-1 bytes", () -> device.allocate("negative", -1));
        }
        assertThatThrownBy(() -> contents.get(JAVA_INT, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aQueueThatGivesNoCommandBufferIsALostDevice() {
        try (var device = MetalDevice.open();
                var _ = new AutoreleasePool()) {
            MemorySegment sizes = device.memory().scratch(ComputePass.SIZES_BYTES);
            var pass =
                    new ComputePass(
                            device, device.limits(), device.budget(), MemorySegment.NULL, sizes);
            assertThatThrownBy(() -> pass.op("first", 4, 0))
                    .isInstanceOfSatisfying(
                            DeviceException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.DEVICE_LOST));
            pass.discard();
        }
    }

    @Test
    void aReleasedBufferMakesRoom() {
        try (var device = MetalDevice.open()) {
            long before = device.allocatedBytes();
            var buffer = device.allocate("buffer", 1 << 20);
            assertThat(device.allocatedBytes()).isEqualTo(before + (1 << 20));
            device.release(buffer);
            assertThat(device.allocatedBytes()).isEqualTo(before);
            refused("not of this device", () -> device.release(buffer));
        }
    }

    @Test
    void theWorkingSetIsObeyed() {
        assumeThat(Frameworks.isMac()).as("the GPU's limits are as they are").isFalse();
        SoftMetal.set("WORKING_SET", "25M");
        SoftMetal.set("MAX_BUFFER", "8M");
        try (var device = MetalDevice.open()) {
            long workingSet = (25L << 20) / 16 * 15;
            assertThat(device.info().workingSetBytes()).isEqualTo(workingSet);
            device.allocate("first", 8 << 20); // beside what the device holds for itself
            assertThatThrownBy(() -> device.allocate("second", 8 << 20))
                    .isInstanceOfSatisfying(
                            DeviceException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.OUT_OF_MEMORY))
                    .hasMessageContaining("second needs")
                    .hasMessageContaining("working set is " + workingSet);
            assertUnavailable("in one buffer", () -> device.allocate("large", (8 << 20) + 1));
        }
    }

    @Test
    void anAllocationThatFailsIsOutOfMemory() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var device = MetalDevice.open()) {
            SoftMetal.fault("allocation:1");
            assertThatThrownBy(() -> device.allocate("first", 64))
                    .isInstanceOfSatisfying(
                            DeviceException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.OUT_OF_MEMORY))
                    .hasMessageContaining("first");
            assertThat(device.allocate("again", 64).bytes()).isEqualTo(64);
        }
        SoftMetal.fault("allocation:1+");
        assertThatThrownBy(MetalDevice::open).isInstanceOf(DeviceException.class);
    }

    @Test
    void weightsInPlaceAreSeenThroughTheSameMemory() {
        try (Arena arena = Arena.ofShared();
                var device = MetalDevice.open()) {
            MemorySegment pages =
                    arena.allocate(2 * MetalMemory.PAGE_BYTES, MetalMemory.PAGE_BYTES);
            MetalBuffer inPlace = device.memory().inPlace("weights", pages);
            assertThat(inPlace.contents().address()).isEqualTo(pages.address());
            pages.set(JAVA_INT, 0, 41);
            assertThat(run(device, inPlace).await()).isEqualTo("completed");
            assertThat(pages.get(JAVA_INT, 0)).isEqualTo(42);
            refused("whole pages", () -> device.memory().inPlace("odd", pages.asSlice(64)));
        }
    }

    /// As on a Mac, whose pages are as large as Metal wants them: the data begins and ends anywhere in its file.
    @Test
    void mappedWeightsAreReadWhereTheyAre(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("weights");
        int page = (int) MetalMemory.PAGE_BYTES;
        Files.write(file, new byte[6 * page]);
        try (Arena arena = Arena.ofShared();
                var channel =
                        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 6L * page, arena);
            MemorySegment data = mapped.asSlice(page + 36, 2L * page + 100);
            data.set(JAVA_INT, 8, 41);
            try (var device = MetalDevice.open()) {
                long before = device.memory().inPlaceBytes();
                MetalSlice slice = device.memory().weights("weights", data, page);
                assertThat(slice.buffer().contents().address() + slice.offset())
                        .isEqualTo(data.address());
                assertThat(slice.buffer().contents().address() % page).isZero();
                assertThat(slice.buffer().bytes() % page).isZero();
                assertThat(device.memory().inPlaceBytes() - before).isEqualTo(data.byteSize());
                var step = step(device);
                step.pass().op("count", Integer.BYTES, 0);
                step.pass().pipeline(device.pipeline("canary", "canary", FunctionConstants.NONE));
                step.pass().buffer(0, slice.buffer(), slice.offset() + 8);
                step.pass().threadgroups(1, 1, 1, 1, 1, 1);
                var ending = new Ending();
                step.commit(ending);
                assertThat(ending.await()).isEqualTo("completed");
                assertThat(data.get(JAVA_INT, 8)).isEqualTo(42);
            }
        }
    }

    @Test
    void weightsThatAreInNoMappingAreCopied() {
        try (Arena arena = Arena.ofConfined();
                var device = MetalDevice.open()) {
            MemorySegment data = arena.allocate(1000);
            data.set(JAVA_INT, 4, 7);
            MetalSlice slice = device.weights("weights", data);
            assertThat(slice.buffer().contents().get(JAVA_INT, slice.offset() + 4)).isEqualTo(7);
            assertThat(device.memory().copiedBytes()).isEqualTo(1000);
            assertThat(device.memory().inPlaceBytes()).isZero();
        }
    }

    @Test
    void aKernelThatIsNotThereIsNamed() {
        try (var device = MetalDevice.open()) {
            assertUnavailable(
                    "'nothing' of canary.metal",
                    () -> device.pipeline("canary", "nothing", FunctionConstants.NONE));
            assertThatThrownBy(() -> device.pipeline("nothing", "x", FunctionConstants.NONE))
                    .hasMessageContaining("nothing.metal");
        }
    }

    @Test
    void whatDoesNotCompileIsShownWithTheCompilersText() {
        try (var device = MetalDevice.open()) {
            String broken = "kernel void k(device int *x [[buffer(0)]]) { x[0] = nonsense; }";
            try (var _ = new AutoreleasePool()) {
                assertThatThrownBy(() -> device.libraries().library("broken", broken))
                        .isInstanceOfSatisfying(
                                MetalCallException.class,
                                e -> {
                                    assertThat(e.error().domain())
                                            .isEqualTo("MTLLibraryErrorDomain");
                                    assertThat(e.error().code()).isEqualTo(3);
                                })
                        .hasMessageContaining("undeclared identifier 'nonsense'");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "timeout, TIMEOUT",
        "pageFault, PAGE_FAULT",
        "outOfMemory, OUT_OF_MEMORY",
        "interactivity, TIMEOUT",
        "accessRevoked, DEVICE_LOST",
        "notPermitted, UNAVAILABLE",
        "internal, INTERNAL"
    })
    void anErrorIsToldAsWhatItMeansAndTheNextStepRunsOnANewQueue(String fault, Kind kind) {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            assertThat(run(device, counter).await()).isEqualTo("completed");
            SoftMetal.fault("commandBuffer:1=" + fault);
            DeviceException failure = run(device, counter).failure();
            assertThat(failure.kind()).isEqualTo(kind);
            assertThat(failure).hasMessageContaining("MTLCommandBufferErrorDomain");
            int before = value(counter);
            assertThat(run(device, counter).await()).isEqualTo("completed");
            assertThat(value(counter)).isEqualTo(before + 1);
        }
    }

    @Test
    void theFirstErrorOfAStepIsToldOnceAfterTheRestHasEnded() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            var step = step(device);
            for (int i = 0; i < 4; i++) {
                count(device, step.pass(), counter, 50L * WorkBudget.AIM_NANOS);
            }
            SoftMetal.fault("commandBuffer:2=timeout; commandBuffer:3=internal");
            var ending = new Ending();
            step.commit(ending);
            DeviceException failure = ending.failure();
            assertThat(failure.kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(failure).hasMessageContaining("2 of 4");
        }
    }

    @Test
    void stepsThatFailInARowMeanThatTheDeviceIsLost() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            // The canary between the steps has the even numbers.
            SoftMetal.fault(
                    "commandBuffer:1=timeout; commandBuffer:3=timeout; commandBuffer:5=timeout");
            assertThat(run(device, counter).failure().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(run(device, counter).failure().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(run(device, counter).failure().kind()).isEqualTo(Kind.DEVICE_LOST);
        }
    }

    @Test
    void aDeviceThatDoesNotRecoverIsLost() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            SoftMetal.fault("commandBuffer:1+=timeout");
            assertThat(run(device, counter).failure().kind()).isEqualTo(Kind.TIMEOUT);
            assertThatThrownBy(device::commandBuffer)
                    .isInstanceOfSatisfying(
                            DeviceException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.DEVICE_LOST))
                    .hasMessageContaining("one number");
        }
    }

    @Test
    void closingDoesNotWaitForEverForAStepThatNeverEnds() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        var told = new AtomicInteger();
        long before = SoftMetal.counter("live");
        var device = MetalDevice.open(Numerics.EXACT, TimeUnit.SECONDS.toNanos(2));
        var counter = device.allocate("counter", Integer.BYTES);
        SoftMetal.fault("commandBuffer:1=never");
        var step = step(device);
        count(device, step.pass(), counter);
        step.commit(
                new CommandBuffer.Completion() {
                    @Override
                    public void completed() {
                        told.incrementAndGet();
                    }

                    @Override
                    public void failed(DeviceException cause) {
                        told.incrementAndGet();
                    }
                });
        device.close();
        assertThat(told).hasValue(0);
        // The GPU comes back when it is too late: nobody is told, and what Metal kept is freed.
        SoftMetal.fault("");
        for (int i = 0; i < 500 && SoftMetal.counter("live") > before; i++) {
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        assertThat(told).hasValue(0);
    }

    @Test
    void aGpuOfAnOlderFamilyIsRefusedUnlessItIsAssumedToBeNewer() {
        assumeThat(Frameworks.isMac()).as("the GPU's family is as it is").isFalse();
        SoftMetal.set("DEVICE", "paravirtual");
        assertUnavailable("-Dingot.metal.assume-family=7", MetalDevice::open);
        System.setProperty(MetalLimits.FAMILY_PROPERTY, "7");
        try (var device = MetalDevice.open()) {
            var counter = device.allocate("counter", Integer.BYTES);
            assertThat(run(device, counter).await()).isEqualTo("completed");
        } finally {
            System.clearProperty(MetalLimits.FAMILY_PROPERTY);
        }
    }

    @Test
    void aClosedDeviceRefusesEverything() {
        var device = MetalDevice.open();
        device.close();
        device.close();
        assertThatThrownBy(() -> device.allocate("late", 1))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(device::commandBuffer).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aVirtualThreadIsRefused() throws InterruptedException {
        var thrown = new ArrayBlockingQueue<Throwable>(1);
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        MetalDevice.open().close();
                        thrown.add(new AssertionError("opened"));
                    } catch (IllegalStateException e) {
                        thrown.add(e);
                    }
                })
                .join();
        assertThat(thrown.take()).hasMessageContaining("platform thread");
    }

    @Test
    void whatIsConvertedAtLoadIsCounted() {
        try (var metal = MetalDevice.open()) {
            metal.matrix("dense", List.of(Data.weights(1, DType.F16, 4, 32)));
            assertThat(metal.memory().convertedBytes()).isZero();
            metal.matrix("blocks", List.of(QuantizedWeights.GGML_Q8_0.make(1, 4, 32)));
            assertThat(metal.memory().convertedBytes()).isEqualTo(4 * (32 + 2));
            assertThat(metal.memory().convertingNanos()).isPositive();
        }
    }
}
