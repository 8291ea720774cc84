package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/// `MTLComputeCommandEncoder`. Belongs to the thread that records; nothing here checks its arguments,
/// and what Objective-C throws ends the process: callers check.
public final class MtlComputeEncoder {
    /// `typedef struct { NSUInteger width, height, depth; } MTLSize`
    public static final StructLayout SIZE =
            MemoryLayout.structLayout(
                    JAVA_LONG.withName("width"),
                    JAVA_LONG.withName("height"),
                    JAVA_LONG.withName("depth"));

    /// `MTLBarrierScopeBuffers`
    private static final long SCOPE_BUFFERS = 1;

    /// `- (void)setComputePipelineState:(id<MTLComputePipelineState>)state`
    private static final MethodHandle SET_PIPELINE =
            ObjectiveC.message("setComputePipelineState:", null, ADDRESS);

    /// `- (void)setBuffer:(id<MTLBuffer>)buffer offset:(NSUInteger)offset atIndex:(NSUInteger)index`
    private static final MethodHandle SET_BUFFER =
            ObjectiveC.message("setBuffer:offset:atIndex:", null, ADDRESS, JAVA_LONG, JAVA_LONG);

    /// `- (void)setBytes:(const void *)bytes length:(NSUInteger)length atIndex:(NSUInteger)index`
    private static final MethodHandle SET_BYTES =
            ObjectiveC.message("setBytes:length:atIndex:", null, ADDRESS, JAVA_LONG, JAVA_LONG);

    /// `- (void)setThreadgroupMemoryLength:(NSUInteger)length atIndex:(NSUInteger)index`
    private static final MethodHandle SET_THREADGROUP_MEMORY =
            ObjectiveC.message("setThreadgroupMemoryLength:atIndex:", null, JAVA_LONG, JAVA_LONG);

    /// `- (void)dispatchThreadgroups:(MTLSize)groups threadsPerThreadgroup:(MTLSize)threads`
    private static final MethodHandle DISPATCH =
            ObjectiveC.message("dispatchThreadgroups:threadsPerThreadgroup:", null, SIZE, SIZE);

    /// `- (void)memoryBarrierWithScope:(MTLBarrierScope)scope`
    private static final MethodHandle MEMORY_BARRIER =
            ObjectiveC.message("memoryBarrierWithScope:", null, JAVA_LONG);

    /// `- (void)endEncoding`
    private static final MethodHandle END_ENCODING = ObjectiveC.message("endEncoding", null);

    private MtlComputeEncoder() {}

    public static void setPipeline(MemorySegment encoder, MemorySegment pipeline) {
        try {
            SET_PIPELINE.invokeExact(encoder, pipeline);
        } catch (Throwable e) {
            throw ObjectiveC.failed("setComputePipelineState:", e);
        }
    }

    public static void setBuffer(
            MemorySegment encoder, MemorySegment buffer, long offset, long index) {
        try {
            SET_BUFFER.invokeExact(encoder, buffer, offset, index);
        } catch (Throwable e) {
            throw ObjectiveC.failed("setBuffer:offset:atIndex:", e);
        }
    }

    /// Copies the bytes now.
    public static void setBytes(MemorySegment encoder, MemorySegment bytes, long index) {
        try {
            SET_BYTES.invokeExact(encoder, bytes, bytes.byteSize(), index);
        } catch (Throwable e) {
            throw ObjectiveC.failed("setBytes:length:atIndex:", e);
        }
    }

    public static void setThreadgroupMemory(MemorySegment encoder, long bytes, long index) {
        try {
            SET_THREADGROUP_MEMORY.invokeExact(encoder, bytes, index);
        } catch (Throwable e) {
            throw ObjectiveC.failed("setThreadgroupMemoryLength:atIndex:", e);
        }
    }

    /// Runs the pipeline over a grid.
    ///
    /// @param groups a [#SIZE]: threadgroups in the grid
    /// @param threads a [#SIZE]: threads of a threadgroup
    public static void dispatch(
            MemorySegment encoder, MemorySegment groups, MemorySegment threads) {
        try {
            DISPATCH.invokeExact(encoder, groups, threads);
        } catch (Throwable e) {
            throw ObjectiveC.failed("dispatchThreadgroups:threadsPerThreadgroup:", e);
        }
    }

    /// Orders what follows behind what came before, for all buffers.
    public static void memoryBarrier(MemorySegment encoder) {
        try {
            MEMORY_BARRIER.invokeExact(encoder, SCOPE_BUFFERS);
        } catch (Throwable e) {
            throw ObjectiveC.failed("memoryBarrierWithScope:", e);
        }
    }

    public static void endEncoding(MemorySegment encoder) {
        try {
            END_ENCODING.invokeExact(encoder);
        } catch (Throwable e) {
            throw ObjectiveC.failed("endEncoding", e);
        }
    }
}
