package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.objc.MtlCommands;
import dev.ingot.kernels.metal.objc.MtlComputeEncoder;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records the dispatches of a step into command buffers, and cuts them where one would take too long.
///
/// Every limit is checked here, because what Objective-C throws ends the process. There is one for every
/// step, on the worker's thread:
///
/// ```
/// pass.op("rms_norm", bytes, operations);       // behind everything before; bindings start empty
/// pass.pipeline(p);
/// pass.buffer(0, x, 0);  pass.bytes(1, arguments);
/// pass.threadgroups(rows, 1, 1, 256, 1, 1);     // may overlap with others of this op,
/// pass.barrier();                               // unless this stands between
/// ```
final class ComputePass {
    /// Buffers that a kernel may have.
    static final int MAX_BUFFERS = 31;

    /// Bytes that [#bytes] may copy.
    static final int MAX_BYTES = 4096;

    /// Command buffers of a step at most: at the aim, a minute of work.
    static final int MAX_PARTS = 256;

    /// Memory in which a pass hands over sizes.
    static final long SIZES_BYTES = 2 * MtlComputeEncoder.SIZE.byteSize();

    private static final long MAX_GRID = Integer.MAX_VALUE;
    private static final int THREADGROUP_ALIGNMENT = 16;
    private static final int BUFFER_ALIGNMENT = 4;

    private final MetalDevice device;
    private final MetalLimits limits;
    private final WorkBudget budget;
    private final MemorySegment groups;
    private final MemorySegment threads;
    private final long[] threadgroupBytes = new long[MAX_BUFFERS];

    private final MemorySegment queue;
    private final List<Part> parts = new ArrayList<>();

    private MemorySegment encoder = MemorySegment.NULL;
    private MemorySegment commandBuffer = MemorySegment.NULL;
    private double recordedNanos;
    private boolean open = true;
    private boolean dispatched;
    private String op = "";
    private @Nullable Pipeline pipeline;

    /// One command buffer of a step, retained.
    ///
    /// @param nominalNanos what it was expected to take, by [WorkBudget#nominalNanos]
    record Part(MemorySegment commandBuffer, double nominalNanos) {}

    /// @param queue an `MTLCommandQueue`
    /// @param sizes [#SIZES_BYTES] that the passes of a device share
    ComputePass(
            MetalDevice device,
            MetalLimits limits,
            WorkBudget budget,
            MemorySegment queue,
            MemorySegment sizes) {
        this.device = device;
        this.limits = limits;
        this.budget = budget;
        this.queue = queue;
        long half = MtlComputeEncoder.SIZE.byteSize();
        groups = sizes.asSlice(0, half);
        threads = sizes.asSlice(half, half);
    }

    /// Begins an op: it sees the results of every op before it, and none of their bindings.
    ///
    /// @param name for messages
    /// @param bytes of memory that it reads and writes, about
    /// @param operations of arithmetic, about; two for a multiplication with an addition
    void op(String name, long bytes, long operations) {
        requireOpen();
        double nanos = WorkBudget.nominalNanos(bytes, operations);
        if (!ObjectiveC.isNil(encoder) && !budget.fits(recordedNanos + nanos)) {
            endPart();
        }
        if (ObjectiveC.isNil(encoder)) {
            beginPart();
        } else {
            barrier();
        }
        recordedNanos += nanos;
        op = name;
        pipeline = null;
        Arrays.fill(threadgroupBytes, 0);
    }

    /// Into how many ops one should be divided, by rows say, so that none of them alone takes too long.
    long parts(long bytes, long operations) {
        return budget.parts(WorkBudget.nominalNanos(bytes, operations));
    }

    /// Sets the kernel of the dispatches that follow.
    void pipeline(Pipeline kernel) {
        requireOp();
        MtlComputeEncoder.setPipeline(encoder, kernel.id());
        pipeline = kernel;
    }

    /// Binds a buffer.
    ///
    /// @param offset in bytes; a multiple of 4
    void buffer(int index, MetalBuffer buffer, long offset) {
        requireOp();
        requireIndex(index);
        if (buffer.owner() != device) {
            throw new IllegalArgumentException(
                    op + ": '" + buffer.label() + "' is a buffer of another device");
        }
        if (offset < 0 || offset >= buffer.bytes() || offset % BUFFER_ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    op
                            + ": offset "
                            + offset
                            + " into '"
                            + buffer.label()
                            + "' of "
                            + buffer.bytes()
                            + " bytes: it is a multiple of "
                            + BUFFER_ALIGNMENT
                            + " within them");
        }
        MtlComputeEncoder.setBuffer(encoder, buffer.id(), offset, index);
    }

    /// Binds a copy of a few bytes.
    ///
    /// @param bytes native memory, which may be changed as soon as this returns
    void bytes(int index, MemorySegment bytes) {
        requireOp();
        requireIndex(index);
        if (bytes.byteSize() == 0 || bytes.byteSize() > MAX_BYTES || !bytes.isNative()) {
            throw new IllegalArgumentException(
                    op
                            + ": "
                            + bytes.byteSize()
                            + " bytes at index "
                            + index
                            + ": they are 1 to "
                            + MAX_BYTES
                            + " of native memory");
        }
        MtlComputeEncoder.setBytes(encoder, bytes, index);
    }

    /// Sets the size of a `[[threadgroup(index)]]` argument.
    ///
    /// @param bytes a multiple of 16
    void threadgroupMemory(int index, long bytes) {
        requireOp();
        requireIndex(index);
        if (bytes <= 0
                || bytes % THREADGROUP_ALIGNMENT != 0
                || bytes > limits.threadgroupMemoryBytes()) {
            throw new IllegalArgumentException(
                    op
                            + ": "
                            + bytes
                            + " bytes of threadgroup memory: it is a multiple of "
                            + THREADGROUP_ALIGNMENT
                            + " up to "
                            + limits.threadgroupMemoryBytes());
        }
        MtlComputeEncoder.setThreadgroupMemory(encoder, bytes, index);
        threadgroupBytes[index] = bytes;
    }

    /// Runs the kernel in `x · y · z` threadgroups of `threadsX · threadsY · threadsZ` threads.
    void threadgroups(long x, long y, long z, int threadsX, int threadsY, int threadsZ) {
        requireOp();
        if (pipeline == null) {
            throw new IllegalStateException(op + ": no pipeline was set since the op began");
        }
        if (x <= 0 || y <= 0 || z <= 0 || x > MAX_GRID || y > MAX_GRID || z > MAX_GRID) {
            throw new IllegalArgumentException(
                    op + ": a grid of " + x + " × " + y + " × " + z + " threadgroups");
        }
        long count = (long) threadsX * threadsY * threadsZ;
        if (threadsX <= 0 || threadsY <= 0 || threadsZ <= 0 || count > pipeline.maxThreads()) {
            throw new IllegalArgumentException(
                    op
                            + ": threadgroups of "
                            + threadsX
                            + " × "
                            + threadsY
                            + " × "
                            + threadsZ
                            + " threads: '"
                            + pipeline.name()
                            + "' runs with at most "
                            + pipeline.maxThreads());
        }
        requireThreadgroupMemory(pipeline);
        set(groups, x, y, z);
        set(threads, threadsX, threadsY, threadsZ);
        MtlComputeEncoder.dispatch(encoder, groups, threads);
        dispatched = true;
    }

    /// Orders the dispatches that follow behind those before.
    void barrier() {
        requireOpen();
        if (dispatched) {
            MtlComputeEncoder.memoryBarrier(encoder);
            dispatched = false;
        }
    }

    /// Command buffers so far, the one being recorded among them.
    int partCount() {
        return parts.size() + (ObjectiveC.isNil(encoder) ? 0 : 1);
    }

    /// Ends the step.
    ///
    /// @return its command buffers in order, which the caller now owns
    List<Part> end() {
        requireOpen();
        endPart();
        open = false;
        return parts;
    }

    /// Throws away what was recorded.
    void discard() {
        if (open) {
            end().forEach(part -> ObjectiveC.release(part.commandBuffer()));
        }
    }

    private void beginPart() {
        if (parts.size() == MAX_PARTS) {
            throw new IllegalStateException(
                    "a step of more than " + MAX_PARTS + " command buffers");
        }
        MemorySegment begun = MtlCommands.commandBuffer(queue);
        MemorySegment commands = MtlCommands.computeEncoder(begun); // of nil, nil
        if (ObjectiveC.isNil(commands)) {
            throw new DeviceException(
                    DeviceException.Kind.DEVICE_LOST, "the GPU gives no command buffer");
        }
        ObjectiveC.retain(begun);
        commandBuffer = begun;
        encoder = commands;
        recordedNanos = 0;
        dispatched = false;
    }

    private void endPart() {
        if (ObjectiveC.isNil(encoder)) {
            return;
        }
        MtlComputeEncoder.endEncoding(encoder);
        parts.add(new Part(commandBuffer, recordedNanos));
        encoder = MemorySegment.NULL;
        commandBuffer = MemorySegment.NULL;
    }

    private void requireThreadgroupMemory(Pipeline kernel) {
        long bytes = kernel.staticThreadgroupBytes();
        for (long dynamic : threadgroupBytes) {
            bytes += dynamic;
        }
        if (bytes > limits.threadgroupMemoryBytes()) {
            throw new IllegalArgumentException(
                    op
                            + ": '"
                            + kernel.name()
                            + "' would use "
                            + bytes
                            + " bytes of threadgroup memory of "
                            + limits.threadgroupMemoryBytes());
        }
    }

    /// @throws IllegalStateException if nothing can be recorded any more
    void requireOpen() {
        if (!open) {
            throw new IllegalStateException(
                    "the command buffer was committed, or a newer one was opened");
        }
    }

    private void requireOp() {
        requireOpen();
        if (ObjectiveC.isNil(encoder)) {
            throw new IllegalStateException("no op was begun");
        }
    }

    private void requireIndex(int index) {
        if (index < 0 || index >= MAX_BUFFERS) {
            throw new IllegalArgumentException(
                    op + ": index " + index + ": it is 0 to " + (MAX_BUFFERS - 1));
        }
    }

    private static void set(MemorySegment size, long x, long y, long z) {
        size.setAtIndex(JAVA_LONG, 0, x);
        size.setAtIndex(JAVA_LONG, 1, y);
        size.setAtIndex(JAVA_LONG, 2, z);
    }
}
