package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `MTLCommandQueue` and `MTLCommandBuffer`. A pool has to be open; a command buffer belongs to one
/// thread at a time.
public final class MtlCommands {
    /// `MTLDispatchTypeConcurrent`: only barriers order the dispatches of an encoder.
    private static final long DISPATCH_CONCURRENT = 1;

    /// `- (id<MTLCommandBuffer>)commandBuffer`
    private static final MethodHandle COMMAND_BUFFER = ObjectiveC.message("commandBuffer", ADDRESS);

    /// `- (id<MTLComputeCommandEncoder>)computeCommandEncoderWithDispatchType:(MTLDispatchType)type`
    private static final MethodHandle COMPUTE_ENCODER =
            ObjectiveC.message("computeCommandEncoderWithDispatchType:", ADDRESS, JAVA_LONG);

    /// `- (void)addCompletedHandler:(MTLCommandBufferHandler)block`
    private static final MethodHandle ADD_COMPLETED_HANDLER =
            ObjectiveC.message("addCompletedHandler:", null, ADDRESS);

    /// `- (void)commit`
    private static final MethodHandle COMMIT = ObjectiveC.message("commit", null);

    /// `@property (readonly) MTLCommandBufferStatus status`
    private static final MethodHandle STATUS = ObjectiveC.message("status", JAVA_LONG);

    /// `@property (readonly) NSError *error`
    private static final MethodHandle ERROR = ObjectiveC.message("error", ADDRESS);

    /// `@property (readonly) CFTimeInterval GPUStartTime`
    private static final MethodHandle GPU_START_TIME =
            ObjectiveC.message("GPUStartTime", JAVA_DOUBLE);

    /// `@property (readonly) CFTimeInterval GPUEndTime`
    private static final MethodHandle GPU_END_TIME = ObjectiveC.message("GPUEndTime", JAVA_DOUBLE);

    /// `MTLCommandBufferStatus`.
    public static final class Status {
        public static final long COMPLETED = 4;
        public static final long ERROR = 5;

        private Status() {}
    }

    private MtlCommands() {}

    /// A command buffer that lives until the pool closes, or longer if it is retained.
    public static MemorySegment commandBuffer(MemorySegment queue) {
        try {
            return (MemorySegment) COMMAND_BUFFER.invokeExact(queue);
        } catch (Throwable e) {
            throw ObjectiveC.failed("commandBuffer", e);
        }
    }

    /// An encoder whose dispatches may overlap, that lives until the pool closes.
    public static MemorySegment computeEncoder(MemorySegment commandBuffer) {
        try {
            return (MemorySegment) COMPUTE_ENCODER.invokeExact(commandBuffer, DISPATCH_CONCURRENT);
        } catch (Throwable e) {
            throw ObjectiveC.failed("computeCommandEncoderWithDispatchType:", e);
        }
    }

    /// Has [CompletionBlock] told when it ended; before [#commit].
    public static void addCompletedHandler(MemorySegment commandBuffer, MemorySegment block) {
        try {
            ADD_COMPLETED_HANDLER.invokeExact(commandBuffer, block);
        } catch (Throwable e) {
            throw ObjectiveC.failed("addCompletedHandler:", e);
        }
    }

    public static void commit(MemorySegment commandBuffer) {
        try {
            COMMIT.invokeExact(commandBuffer);
        } catch (Throwable e) {
            throw ObjectiveC.failed("commit", e);
        }
    }

    /// One of [Status], or lower while it has not ended.
    public static long status(MemorySegment commandBuffer) {
        try {
            return (long) STATUS.invokeExact(commandBuffer);
        } catch (Throwable e) {
            throw ObjectiveC.failed("status", e);
        }
    }

    /// Why its status is [Status#ERROR].
    public static NsError error(MemorySegment commandBuffer) {
        try {
            return NsError.read((MemorySegment) ERROR.invokeExact(commandBuffer));
        } catch (Throwable e) {
            throw ObjectiveC.failed("error", e);
        }
    }

    /// Seconds that the GPU took for it, once it has ended.
    public static double gpuSeconds(MemorySegment commandBuffer) {
        try {
            double start = (double) GPU_START_TIME.invokeExact(commandBuffer);
            double end = (double) GPU_END_TIME.invokeExact(commandBuffer);
            return end - start;
        } catch (Throwable e) {
            throw ObjectiveC.failed("GPUStartTime", e);
        }
    }
}
