package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.metal.objc.AutoreleasePool;
import dev.ingot.kernels.metal.objc.Frameworks;
import dev.ingot.kernels.metal.objc.MtlDevice;
import dev.ingot.kernels.metal.objc.MtlLibrary.MathMode;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The GPU as a device.
///
/// - Used from one platform thread at a time, the worker's; a step is recorded and committed on one.
/// - Owns all memory that it hands out, the compiled kernels and the queue.
public final class MetalDevice implements Device {
    /// `safe` (the default) or `relaxed`: how the kernels' arithmetic is compiled.
    public static final String MATH_PROPERTY = "ingot.metal.math";

    private static final Logger LOG = LoggerFactory.getLogger(MetalDevice.class);

    /// How long [#close] and a check after an error usually wait for a GPU that may never answer.
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /// Splits that do not fit are computed one after another, to the same bits.
    private static final long ATTENTION_SCRATCH_BYTES = 8L << 20;

    private final MemorySegment device;
    private final MetalLimits limits;
    private final DeviceInfo info;
    private final Numerics numerics;
    private final long patienceNanos;
    private final MetalMemory memory;
    private final MetalLibraries libraries;
    private final WorkBudget budget = new WorkBudget();
    private final MetalQueue queue;
    private final MemorySegment sizes;
    private final MetalBuffer canary;

    /// Of steps in turn: two may be under way.
    private final List<MetalFaults> faults;

    private final KernelArguments arguments;
    private final MetalBuffer attentionScratch;

    private int turn;
    private boolean closed;
    private @Nullable MetalResidency residency;
    private @Nullable MetalCommandBuffer current;
    private @Nullable AutoreleasePool pool;

    private MetalDevice(
            MemorySegment device,
            String name,
            MetalLimits limits,
            MathMode mathMode,
            Numerics numerics,
            long patienceNanos) {
        this.device = device;
        this.limits = limits;
        this.patienceNanos = patienceNanos;
        this.numerics = numerics;
        info = info(name, limits, mathMode, numerics);
        libraries = new MetalLibraries(device, mathMode);
        memory = new MetalMemory(this, device, limits);
        try {
            sizes = memory.scratch(ComputePass.SIZES_BYTES);
            canary = memory.allocate("canary", Integer.BYTES);
            faults = List.of(MetalFaults.of(this), MetalFaults.of(this));
            arguments = new KernelArguments(memory.scratch(KernelArguments.MAX_BYTES));
            attentionScratch = memory.allocate("attention scratch", ATTENTION_SCRATCH_BYTES);
            queue = new MetalQueue(device, budget);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    private static DeviceInfo info(
            String name, MetalLimits limits, MathMode mathMode, Numerics numerics) {
        return new DeviceInfo(
                "metal",
                name,
                "apple" + limits.family() + (numerics == Numerics.FAST ? ", fast numerics" : ""),
                1,
                limits.workingSetBytes(),
                String.join(
                        "-",
                        "metal",
                        name.replace(' ', '_'),
                        System.getProperty("os.version"), // the compiler comes with the system
                        MetalLibraries.language(mathMode),
                        MetalSources.digest(),
                        numerics.name().toLowerCase(Locale.ROOT)));
    }

    /// Opens the system's GPU, or the library that stands in for one, with exact numerics.
    ///
    /// @see #open(Numerics)
    public static MetalDevice open() {
        return open(Numerics.EXACT);
    }

    /// Opens the system's GPU, or the library that stands in for one.
    ///
    /// @throws DeviceException of kind `UNAVAILABLE` that says what is missing
    public static MetalDevice open(Numerics numerics) {
        return open(numerics, PATIENCE_NANOS);
    }

    /// @param patienceNanos how long to wait for a GPU that may never answer
    static MetalDevice open(Numerics numerics, long patienceNanos) {
        Frameworks.load();
        MathMode mathMode = mathMode();
        try (var _ = new AutoreleasePool()) {
            MemorySegment device = MtlDevice.createSystemDefault();
            if (ObjectiveC.isNil(device)) {
                throw new DeviceException(
                        DeviceException.Kind.UNAVAILABLE,
                        "no Metal device: this system has no GPU that Metal can use");
            }
            try {
                return open(device, mathMode, numerics, patienceNanos);
            } catch (RuntimeException | Error e) {
                ObjectiveC.release(device);
                throw e;
            }
        }
    }

    private static MetalDevice open(
            MemorySegment device, MathMode mathMode, Numerics numerics, long patienceNanos) {
        String name = MtlDevice.name(device);
        MetalLimits limits = MetalLimits.of(device);
        limits.require(name);
        var opened = new MetalDevice(device, name, limits, mathMode, numerics, patienceNanos);
        try {
            opened.runCanary();
        } catch (RuntimeException | Error e) {
            ObjectiveC.retain(device); // the caller gives it back
            opened.close();
            throw e;
        }
        return opened;
    }

    private static MathMode mathMode() {
        String wanted = System.getProperty(MATH_PROPERTY, "safe");
        return switch (wanted.toLowerCase(Locale.ROOT)) {
            case "safe" -> MathMode.SAFE;
            case "relaxed" -> MathMode.RELAXED;
            default ->
                    throw new IllegalArgumentException(
                            "-D" + MATH_PROPERTY + "=" + wanted + ": it is safe or relaxed");
        };
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public long availableBytes() {
        return limits.workingSetBytes() - memory.allocatedBytes();
    }

    @Override
    public MetalBuffer allocate(String label, long bytes) {
        requireOpen();
        return memory.allocate(label, bytes);
    }

    @Override
    public Matrix matrix(String label, List<? extends WeightSource> rowParts) {
        requireOpen();
        return MetalMatrix.of(this, label, rowParts);
    }

    @Override
    public MatrixBank bank(String label, List<Matrix> matrices) {
        requireOpen();
        return MetalMatrixBank.of(this, label, matrices);
    }

    @Override
    public Tensor vector(String label, float[] values) {
        Tensor vector = Tensor.allocate(this, label, DType.F32, 1, values.length);
        MemorySegment.copy(values, 0, vector.contents(), JAVA_FLOAT, 0, values.length);
        return vector;
    }

    @Override
    public KvCache kvCache(KvGeometry geometry) {
        requireOpen();
        return MetalKvCache.of(this, geometry);
    }

    @Override
    public CommandBuffer commandBuffer() {
        requireOpen();
        discard();
        requireResident();
        if (queue.isBroken()) {
            recover();
        }
        queue.requireRoom();
        turn = (turn + 1) % faults.size();
        faults().clear();
        return begin();
    }

    /// Bytes that buffers, weights and KV caches take together.
    public long allocatedBytes() {
        return memory.allocatedBytes();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        discard();
        closed = true;
        try (var _ = new AutoreleasePool()) {
            queue.close(patienceNanos);
            if (residency != null) {
                residency.close();
            }
            libraries.close();
            memory.close();
            ObjectiveC.release(device);
        }
    }

    /// What the GPU says of itself, for people: names and values in order.
    public Map<String, String> properties() {
        var properties = new LinkedHashMap<String, String>();
        properties.put("family", "Apple" + limits.family());
        properties.put("largest buffer", (limits.maxBufferBytes() >> 20) + " MiB");
        properties.put("threadgroup memory", limits.threadgroupMemoryBytes() + " bytes");
        Pipeline smallest = pipeline("canary", "canary", FunctionConstants.NONE);
        properties.put("threads of a group", smallest.maxThreads() + " at most");
        properties.put("threads of a simdgroup", String.valueOf(smallest.threadExecutionWidth()));
        properties.put("unified memory", String.valueOf(limits.unifiedMemory()));
        return properties;
    }

    /// Whether this is no GPU but the library that stands in for one.
    public boolean isSoftware() {
        return !Frameworks.isMac();
    }

    /// Whether it may take other kernels for many rows than for few.
    Numerics numerics() {
        return numerics;
    }

    /// What the GPU says of itself.
    MetalLimits limits() {
        return limits;
    }

    /// A kernel, compiled on first use.
    Pipeline pipeline(String source, String function, FunctionConstants constants) {
        return libraries.pipeline(source, function, constants);
    }

    /// The kernels' compiler.
    MetalLibraries libraries() {
        return libraries;
    }

    /// Weights as they lie in a file, in place where that is possible.
    MetalSlice weights(String label, MemorySegment data) {
        requireOpen();
        return memory.weights(label, data);
    }

    /// Frees a buffer before the device closes; nothing may use it any more.
    void release(MetalBuffer buffer) {
        memory.release(buffer);
    }

    /// Where an op's arguments are put together.
    KernelArguments arguments() {
        return arguments;
    }

    /// Where attention keeps the states of splits that have simdgroups of their own.
    MetalBuffer attentionScratch() {
        return attentionScratch;
    }

    /// Where the kernels of a step report indices out of their tables.
    MetalFaults faults() {
        return faults.get(turn);
    }

    /// All memory of this device.
    MetalMemory memory() {
        return memory;
    }

    /// How long work takes here.
    WorkBudget budget() {
        return budget;
    }

    void requireCurrent(MetalCommandBuffer buffer) {
        requireOpen();
        if (current != buffer) {
            throw new IllegalStateException(
                    "the command buffer was committed, or a newer one was opened");
        }
    }

    void commit(MetalCommandBuffer buffer, CommandBuffer.Completion completion) {
        requireCurrent(buffer);
        List<ComputePass.Part> parts = end(buffer);
        if (parts.isEmpty()) {
            closePool();
            completion.completed();
            return;
        }
        try {
            queue.submit(parts, faults(), completion);
        } finally {
            closePool();
        }
    }

    private void recover() {
        try (var _ = new AutoreleasePool()) {
            queue.rebuild();
            if (residency != null) {
                residency.attach(queue.id());
            }
        }
        runCanary();
    }

    private MetalCommandBuffer begin() {
        pool = new AutoreleasePool();
        var opened =
                new MetalCommandBuffer(
                        this, new ComputePass(this, limits, budget, queue.id(), sizes));
        current = opened;
        return opened;
    }

    private List<ComputePass.Part> end(MetalCommandBuffer buffer) {
        current = null;
        return buffer.pass().end();
    }

    /// Throws away what was recorded and not committed.
    private void discard() {
        MetalCommandBuffer open = current;
        if (open != null) {
            current = null;
            open.pass().discard();
            closePool();
        }
    }

    private void closePool() {
        if (pool != null) {
            pool.close();
            pool = null;
        }
    }

    /// Has the GPU write one number, to know that it does.
    ///
    /// @throws DeviceException of kind `DEVICE_LOST` if it does not
    private void runCanary() {
        int expected = canary.contents().get(JAVA_INT, 0) + 1;
        var outcome = new CanaryOutcome();
        MetalCommandBuffer step = begin();
        ComputePass pass = step.pass();
        pass.op("canary", Integer.BYTES, 1);
        pass.pipeline(pipeline("canary", "canary", FunctionConstants.NONE));
        pass.buffer(0, canary, 0);
        pass.threadgroups(1, 1, 1, 1, 1, 1);
        Submission submission;
        try {
            submission = queue.probe(end(step), outcome);
        } finally {
            closePool();
        }
        if (!submission.await(patienceNanos)) {
            throw new DeviceException(
                    DeviceException.Kind.DEVICE_LOST,
                    info.name() + " does not finish a kernel that writes one number");
        }
        DeviceException failure = outcome.failure;
        if (failure != null) {
            throw new DeviceException(
                    DeviceException.Kind.DEVICE_LOST,
                    info.name()
                            + " cannot run a kernel that writes one number: "
                            + failure.getMessage(),
                    failure);
        }
        int written = canary.contents().get(JAVA_INT, 0);
        if (written != expected) {
            throw new DeviceException(
                    DeviceException.Kind.DEVICE_LOST,
                    info.name() + " wrote " + written + " where " + expected + " was asked for");
        }
    }

    /// Everything was allocated by now, so the first step is when it can be made resident.
    private void requireResident() {
        if (residency != null) {
            return;
        }
        LOG.info(
                "{} MiB on {}: of the weights {} MiB where they are mapped, {} MiB copied, {} MiB"
                        + " converted in {} ms; {} numerics",
                memory.allocatedBytes() >> 20,
                info.name(),
                memory.inPlaceBytes() >> 20,
                memory.copiedBytes() >> 20,
                memory.convertedBytes() >> 20,
                TimeUnit.NANOSECONDS.toMillis(memory.convertingNanos()),
                numerics.name().toLowerCase(Locale.ROOT));
        try (var _ = new AutoreleasePool()) {
            residency = MetalResidency.of(device, info.name(), memory.buffers());
            residency.attach(queue.id());
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
    }

    /// Hears how the canary ended; read once the submission has been waited for.
    private static final class CanaryOutcome implements CommandBuffer.Completion {
        private volatile @Nullable DeviceException failure;

        @Override
        public void completed() {}

        @Override
        public void failed(DeviceException cause) {
            failure = cause;
        }
    }
}
