package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceBuffer;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// This machine's cores as a device.
///
/// - Used from one thread at a time, the worker's. Steps run on the queue's thread, as the first of the team; what is done
///   outside of steps (weights packed, limits measured) runs on the caller's.
/// - Owns all memory that it hands out, its thread team and the ops of the step being recorded.
public final class CpuDevice implements Device {
    /// Names the variant of the kernels to use instead of the best that the CPU can run.
    public static final String VARIANT_PROPERTY = "ingot.cpu.variant";

    /// Ops of the longest step: a model of 300 layers stays below.
    private static final int MAX_OPS = 4096;

    private static final int MAX_THREADS = 1024;

    /// `INGOT_MAX_HEAD_DIM`
    private static final int MAX_HEAD_DIM = 512;

    /// Weights share areas of this size: only large ones get huge pages, which reading them fast takes. Memory
    /// of an area that no weights lie in is never touched.
    private static final long WEIGHT_AREA_BYTES = 256L << 20;

    private static final long WEIGHT_ALIGNMENT = 64;

    /// `INGOT_MAX_EXPERTS`
    static final int MAX_EXPERTS = 1024;

    private final CpuKernels kernels;
    private final DeviceInfo info;
    private final MemorySegment team;
    private final Arena arena;
    private final CpuQueue queue;

    /// Of the steps in the queue's slots.
    private final List<OpList> ops;

    private final MemorySegment failure;

    /// Weights packed so far, by the arithmetic that multiplies them.
    private final Map<Arithmetic, Long> packedWeights = new EnumMap<>(Arithmetic.class);

    private MemorySegment weightArea = MemorySegment.NULL;
    private long packedBytes;
    private long allocatedBytes;
    private @Nullable CpuProfile profile;
    private boolean closed;
    private @Nullable CpuCommandBuffer current;

    private CpuDevice(CpuKernels kernels, DeviceInfo info) {
        this.kernels = kernels;
        this.info = info;
        queue = new CpuQueue();
        try {
            team = queue.call(() -> kernels.teamOpen(info.threads()));
        } catch (RuntimeException e) {
            queue.close();
            throw e;
        }
        arena = Arena.ofShared();
        ops = List.of(new OpList(arena, MAX_OPS), new OpList(arena, MAX_OPS));
        failure = arena.allocate(CpuKernels.Failure.BYTES, Long.BYTES);
    }

    /// Opens the CPU with exact numerics.
    ///
    /// @see #open(int, Numerics)
    public static CpuDevice open(int threads) {
        return open(threads, Numerics.EXACT);
    }

    /// Opens the CPU with the best variant of the kernels that it can run, or the one that the system
    /// property `ingot.cpu.variant` names.
    ///
    /// Fast numerics round activations to BF16 for weights in BF16, where the processor multiplies pairs of those;
    /// elsewhere they are the exact ones. A row's bits depend on the row alone in both.
    ///
    /// @param threads threads that compute, the caller's included; 0 for one per available processor
    /// @throws DeviceException of kind `UNAVAILABLE` if the variant is not for this CPU or not built
    public static CpuDevice open(int threads, Numerics numerics) {
        String wanted = System.getProperty(VARIANT_PROPERTY);
        return open(threads, wanted == null ? CpuFeatures.probe().best(numerics) : wanted);
    }

    /// Opens the CPU with a certain variant of the kernels.
    ///
    /// @throws DeviceException of kind `UNAVAILABLE` if the variant is not for this CPU or not built
    public static CpuDevice open(int threads, String variant) {
        if (threads < 0 || threads > MAX_THREADS) {
            throw new IllegalArgumentException(
                    threads + " threads: it is 0 (one per processor) to " + MAX_THREADS);
        }
        CpuFeatures features = CpuFeatures.probe();
        if (!features.variants().contains(variant)) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    "this CPU cannot run the kernels '"
                            + variant
                            + "'; it can run "
                            + String.join(", ", features.variants()));
        }
        int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        CpuKernels kernels = CpuKernels.load(variant);
        DeviceInfo info =
                new DeviceInfo(
                        "cpu",
                        features.name(),
                        variant,
                        count,
                        HostMemory.totalBytes(),
                        "cpu-" + variant + "-" + kernels.version());
        return new CpuDevice(kernels, info);
    }

    /// The variants of the kernels that this CPU can run, best first.
    public static List<String> variants() {
        return CpuFeatures.probe().variants();
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public DeviceBuffer allocate(String label, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException(label + ": " + bytes + " bytes");
        }
        return new CpuBuffer(this, memory(label, bytes));
    }

    @Override
    public long availableBytes() {
        return HostMemory.availableBytes();
    }

    @Override
    public long matrixBytes(List<? extends WeightSource> rowParts) {
        String label = rowParts.getFirst().name();
        int out = WeightPacker.rows(label, rowParts);
        return kernels.matrixBytes(out, rowParts.getFirst().in(), PackedFormat.of(label, rowParts));
    }

    @Override
    public Matrix matrix(String label, List<? extends WeightSource> rowParts) {
        requireOpen();
        int out = WeightPacker.rows(label, rowParts);
        int in = rowParts.getFirst().in();
        PackedFormat format = PackedFormat.of(label, rowParts);
        MemorySegment packed = weightMemory(label, kernels.matrixBytes(out, in, format));
        packedWeights.merge(format.arithmetic(), (long) out * in, Long::sum);
        CpuMatrix matrix = new CpuMatrix(this, packed, out, in, format);
        int firstRow = 0;
        for (WeightSource part : rowParts) {
            pack(matrix, part, firstRow);
            MappedPages.drop(part);
            firstRow += part.out();
        }
        return matrix;
    }

    @Override
    public MatrixBank bank(String label, List<Matrix> matrices) {
        requireOpen();
        if (matrices.isEmpty() || matrices.size() > MAX_EXPERTS) {
            throw new IllegalArgumentException(
                    label + ": " + matrices.size() + " matrices, not 1 to " + MAX_EXPERTS);
        }
        Matrix first = matrices.getFirst();
        PackedFormat format = first instanceof CpuMatrix matrix ? matrix.format() : null;
        MemorySegment memory = arena.allocate(OpLayout.MATRIX_BYTES * matrices.size(), Long.BYTES);
        for (int i = 0; i < matrices.size(); i++) {
            if (!(matrices.get(i) instanceof CpuMatrix ours) || ours.owner() != this) {
                throw new IllegalArgumentException(label + ": a matrix of another device");
            }
            if (ours.out() != first.out()
                    || ours.in() != first.in()
                    || !ours.format().equals(format)) {
                throw new IllegalArgumentException(
                        label + ": the matrices differ in shape or format");
            }
            OpList.describe(ours, memory, i * OpLayout.MATRIX_BYTES);
        }
        return new CpuMatrixBank(this, memory, matrices.size(), first.out(), first.in());
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
        if (geometry.dtype() == DType.I32) {
            throw new IllegalArgumentException(
                    "a KV cache of "
                            + geometry.dtype()
                            + ": the CPU keeps K and V as F32, F16, BF16 or I8");
        }
        if (geometry.headDim() > MAX_HEAD_DIM || geometry.headDim() % 2 != 0) {
            throw new IllegalArgumentException(
                    "KV heads of "
                            + geometry.headDim()
                            + " elements: the CPU takes even sizes up to "
                            + MAX_HEAD_DIM);
        }
        if (geometry.positions() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a KV cache of " + geometry.positions() + " positions: slots are 32 bits");
        }
        long bytes = geometry.bytes() + geometry.dtype().bytes(kernels.cacheSlack());
        return new CpuKvCache(this, geometry, memory("KV cache", bytes));
    }

    @Override
    public CommandBuffer commandBuffer() {
        return newCommands();
    }

    CpuCommandBuffer newCommands() {
        requireOpen();
        CpuCommandBuffer opened = new CpuCommandBuffer(this, cleared());
        current = opened;
        return opened;
    }

    /// Bytes of all weights as they are packed.
    public long packedBytes() {
        return packedBytes;
    }

    /// Bytes that buffers, weights and KV caches take together.
    public long allocatedBytes() {
        return allocatedBytes;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        queue.close();
        kernels.teamClose(team);
        arena.close();
    }

    /// Reads `bytes` of a buffer once with all threads, as fast as memory gives them: the measure that
    /// the speed of everything else on this device is compared with.
    void readForCalibration(Tensor out, Tensor x) {
        requireOpen();
        OpList read = cleared();
        read.add(OpCode.READ).tensor(0, out).tensor(1, x);
        runNow(read);
    }

    /// Begins to note where the time of every step goes; one profile a device.
    ///
    /// @throws IllegalStateException if it has one
    public CpuProfile profile() {
        requireOpen();
        if (profile != null) {
            throw new IllegalStateException("the device has a profile");
        }
        profile = new CpuProfile(arena.allocate(Long.BYTES * (long) MAX_OPS, Long.BYTES));
        kernels.profile(team, profile.memory());
        return profile;
    }

    /// Operations a second that the team's threads make of multiply-adds of this kind, in 10⁹.
    double calibrate(Arithmetic arithmetic, long iterations) {
        requireOpen();
        return kernels.calibrate(arithmetic, info.threads(), iterations);
    }

    long packedWeights(Arithmetic arithmetic) {
        return packedWeights.getOrDefault(arithmetic, 0L);
    }

    /// Runs the step on the queue's thread, after the one before it, and tells the completion there.
    void commit(OpList step, CommandBuffer.Completion completion) {
        current = null;
        var run = new Run(step, completion);
        queue.submit(run::compute, run::tell);
    }

    /// Whether no step runs or waits.
    boolean isIdle() {
        return queue.isEmpty();
    }

    /// Runs ops on the calling thread.
    ///
    /// @throws DeviceException if they failed
    /// @throws IllegalStateException if a step runs
    void runNow(OpList now) {
        requireOpen();
        current = null;
        if (!isIdle()) {
            throw new IllegalStateException("a step runs");
        }
        DeviceException failed = run(now);
        if (failed != null) {
            throw failed;
        }
    }

    /// One step in the queue.
    private final class Run {
        private final OpList step;
        private final CommandBuffer.Completion completion;
        private @Nullable DeviceException failed;

        Run(OpList step, CommandBuffer.Completion completion) {
            this.step = step;
            this.completion = completion;
        }

        void compute() {
            try {
                failed = run(step);
            } catch (RuntimeException | Error e) {
                failed = new DeviceException(DeviceException.Kind.DEVICE_LOST, "the CPU: " + e, e);
            }
        }

        void tell() {
            if (failed == null) {
                completion.completed();
            } else {
                completion.failed(failed);
            }
        }
    }

    private @Nullable DeviceException run(OpList step) {
        int status = kernels.run(team, step.memory(), step.count(), failure);
        if (profile != null) {
            profile.add(step);
        }
        return status == CpuKernels.Status.OK ? null : CpuKernels.Failure.read(failure).exception();
    }

    /// The ops of the next step, none yet; what was recorded and not committed is discarded.
    private OpList cleared() {
        current = null;
        OpList next = ops.get(queue.slot());
        next.clear();
        return next;
    }

    void requireCurrent(CpuCommandBuffer buffer) {
        requireOpen();
        if (current != buffer) {
            throw new IllegalStateException("a newer command buffer was opened");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
    }

    /// Zero-filled memory that lives as long as the device.
    private MemorySegment memory(String label, long bytes) {
        requireFree(label, bytes);
        allocatedBytes += bytes;
        return area(label, bytes);
    }

    /// Zero-filled memory in an area that other weights lie in too.
    private MemorySegment weightMemory(String label, long bytes) {
        requireFree(label, bytes);
        long aligned = Math.ceilDiv(bytes, WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
        if (aligned > weightArea.byteSize()) {
            weightArea = area(label, Math.max(aligned, WEIGHT_AREA_BYTES));
        }
        MemorySegment memory = weightArea.asSlice(0, bytes);
        weightArea = weightArea.asSlice(aligned);
        allocatedBytes += aligned;
        packedBytes += bytes;
        return memory;
    }

    @SuppressWarnings("restricted") // the C side frees it when the arena closes
    private MemorySegment area(String label, long bytes) {
        return kernels.allocate(label, bytes).reinterpret(bytes, arena, kernels::free);
    }

    private void requireFree(String label, long bytes) {
        requireOpen();
        long available = HostMemory.availableBytes();
        if (bytes > available || bytes > info.workingSetBytes() - allocatedBytes) {
            throw new DeviceException(
                    DeviceException.Kind.OUT_OF_MEMORY,
                    label
                            + " needs "
                            + bytes
                            + " bytes; "
                            + available
                            + " of the machine's "
                            + info.workingSetBytes()
                            + " are available, and "
                            + allocatedBytes
                            + " are in use by this device");
        }
    }

    /// Packs one part of a matrix with the whole team.
    private void pack(CpuMatrix matrix, WeightSource part, int firstRow) {
        OpList packing = cleared();
        try (Arena confined = Arena.ofConfined()) {
            new WeightPacker(packing, confined).add(matrix, part, firstRow);
            runNow(packing);
        }
    }
}
