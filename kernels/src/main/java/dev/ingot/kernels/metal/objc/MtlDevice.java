package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `MTLDevice`: the GPU. May be used from any thread; a pool has to be open.
///
/// What `new…` returns belongs to the caller, who releases it.
public final class MtlDevice {
    /// `MTLResourceStorageModeShared`: host and GPU see the same memory.
    private static final long STORAGE_MODE_SHARED = 0;

    /// `id<MTLDevice> MTLCreateSystemDefaultDevice(void)`
    private static final MethodHandle CREATE_SYSTEM_DEFAULT =
            ObjectiveC.function("MTLCreateSystemDefaultDevice", FunctionDescriptor.of(ADDRESS));

    /// `@property (readonly) NSString *name`
    private static final MethodHandle NAME = ObjectiveC.message("name", ADDRESS);

    /// `@property (readonly) uint64_t recommendedMaxWorkingSetSize`
    private static final MethodHandle WORKING_SET =
            ObjectiveC.message("recommendedMaxWorkingSetSize", JAVA_LONG);

    /// `@property (readonly) NSUInteger maxBufferLength`
    private static final MethodHandle MAX_BUFFER_LENGTH =
            ObjectiveC.message("maxBufferLength", JAVA_LONG);

    /// `@property (readonly) NSUInteger maxThreadgroupMemoryLength`
    private static final MethodHandle MAX_THREADGROUP_MEMORY =
            ObjectiveC.message("maxThreadgroupMemoryLength", JAVA_LONG);

    /// `@property (readonly) NSUInteger currentAllocatedSize`
    private static final MethodHandle CURRENT_ALLOCATED =
            ObjectiveC.message("currentAllocatedSize", JAVA_LONG);

    /// `@property (readonly) BOOL hasUnifiedMemory`
    private static final MethodHandle HAS_UNIFIED_MEMORY =
            ObjectiveC.message("hasUnifiedMemory", JAVA_BOOLEAN);

    /// `- (BOOL)supportsFamily:(MTLGPUFamily)family`
    private static final MethodHandle SUPPORTS_FAMILY =
            ObjectiveC.message("supportsFamily:", JAVA_BOOLEAN, JAVA_LONG);

    /// `- (id<MTLBuffer>)newBufferWithLength:(NSUInteger)length options:(MTLResourceOptions)options`
    private static final MethodHandle NEW_BUFFER =
            ObjectiveC.message("newBufferWithLength:options:", ADDRESS, JAVA_LONG, JAVA_LONG);

    /// `- (id<MTLBuffer>)newBufferWithBytesNoCopy:(void *)pointer length:(NSUInteger)length
    /// options:(MTLResourceOptions)options deallocator:(void (^)(void *, NSUInteger))deallocator`
    private static final MethodHandle NEW_BUFFER_NO_COPY =
            ObjectiveC.message(
                    "newBufferWithBytesNoCopy:length:options:deallocator:",
                    ADDRESS,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_LONG,
                    ADDRESS);

    /// `- (id<MTLCommandQueue>)newCommandQueueWithMaxCommandBufferCount:(NSUInteger)count`
    private static final MethodHandle NEW_COMMAND_QUEUE =
            ObjectiveC.message("newCommandQueueWithMaxCommandBufferCount:", ADDRESS, JAVA_LONG);

    /// `- (id<MTLLibrary>)newLibraryWithSource:(NSString *)source options:(MTLCompileOptions *)options
    /// error:(NSError **)error`
    private static final MethodHandle NEW_LIBRARY =
            ObjectiveC.message(
                    "newLibraryWithSource:options:error:", ADDRESS, ADDRESS, ADDRESS, ADDRESS);

    /// `- (id<MTLComputePipelineState>)newComputePipelineStateWithFunction:(id<MTLFunction>)function
    /// error:(NSError **)error`
    private static final MethodHandle NEW_PIPELINE =
            ObjectiveC.message(
                    "newComputePipelineStateWithFunction:error:", ADDRESS, ADDRESS, ADDRESS);

    private MtlDevice() {}

    /// The GPU, which the caller owns; nil if the system has none.
    public static MemorySegment createSystemDefault() {
        try {
            return (MemorySegment) CREATE_SYSTEM_DEFAULT.invokeExact();
        } catch (Throwable e) {
            throw ObjectiveC.failed("MTLCreateSystemDefaultDevice", e);
        }
    }

    public static String name(MemorySegment device) {
        try {
            return NsString.text((MemorySegment) NAME.invokeExact(device));
        } catch (Throwable e) {
            throw ObjectiveC.failed("name", e);
        }
    }

    /// Bytes that may be in use together without the system having to page.
    public static long recommendedMaxWorkingSetSize(MemorySegment device) {
        return number(WORKING_SET, device, "recommendedMaxWorkingSetSize");
    }

    /// Bytes of the largest buffer.
    public static long maxBufferLength(MemorySegment device) {
        return number(MAX_BUFFER_LENGTH, device, "maxBufferLength");
    }

    /// Bytes of threadgroup memory that a threadgroup may use.
    public static long maxThreadgroupMemoryLength(MemorySegment device) {
        return number(MAX_THREADGROUP_MEMORY, device, "maxThreadgroupMemoryLength");
    }

    /// Bytes that this process has allocated on it.
    public static long currentAllocatedSize(MemorySegment device) {
        return number(CURRENT_ALLOCATED, device, "currentAllocatedSize");
    }

    public static boolean hasUnifiedMemory(MemorySegment device) {
        try {
            return (boolean) HAS_UNIFIED_MEMORY.invokeExact(device);
        } catch (Throwable e) {
            throw ObjectiveC.failed("hasUnifiedMemory", e);
        }
    }

    /// Whether it can do what a family of GPUs can.
    ///
    /// @param family an `MTLGPUFamily`: 1001 for Apple1, 1007 for Apple7, …
    public static boolean supportsFamily(MemorySegment device, long family) {
        try {
            return (boolean) SUPPORTS_FAMILY.invokeExact(device, family);
        } catch (Throwable e) {
            throw ObjectiveC.failed("supportsFamily:", e);
        }
    }

    /// Zero-filled memory that host and GPU share; nil if there is none left.
    public static MemorySegment newBuffer(MemorySegment device, long bytes) {
        try {
            return (MemorySegment) NEW_BUFFER.invokeExact(device, bytes, STORAGE_MODE_SHARED);
        } catch (Throwable e) {
            throw ObjectiveC.failed("newBufferWithLength:options:", e);
        }
    }

    /// A buffer over whole pages of ours, which have to outlive it; nil if the GPU cannot see them.
    public static MemorySegment newBufferNoCopy(MemorySegment device, MemorySegment pages) {
        try {
            return (MemorySegment)
                    NEW_BUFFER_NO_COPY.invokeExact(
                            device,
                            pages,
                            pages.byteSize(),
                            STORAGE_MODE_SHARED,
                            MemorySegment.NULL);
        } catch (Throwable e) {
            throw ObjectiveC.failed("newBufferWithBytesNoCopy:length:options:deallocator:", e);
        }
    }

    /// A queue, which runs its command buffers in the order of their commits.
    ///
    /// @param maxCommandBuffers that have not completed: making one more would block
    public static MemorySegment newCommandQueue(MemorySegment device, long maxCommandBuffers) {
        try {
            return (MemorySegment) NEW_COMMAND_QUEUE.invokeExact(device, maxCommandBuffers);
        } catch (Throwable e) {
            throw ObjectiveC.failed("newCommandQueueWithMaxCommandBufferCount:", e);
        }
    }

    /// Compiles source text.
    ///
    /// @param options as [MtlLibrary#compileOptions] makes them
    /// @throws MetalCallException with the compiler's text
    public static MemorySegment newLibrary(
            MemorySegment device, String source, MemorySegment options) throws MetalCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ADDRESS);
            MemorySegment library =
                    (MemorySegment)
                            NEW_LIBRARY.invokeExact(device, NsString.of(source), options, error);
            // A library that came with warnings has an error too: only the result decides.
            if (ObjectiveC.isNil(library)) {
                throw new MetalCallException(
                        "newLibraryWithSource", NsError.read(error.get(ADDRESS, 0)));
            }
            return library;
        } catch (MetalCallException e) {
            throw e;
        } catch (Throwable e) {
            throw ObjectiveC.failed("newLibraryWithSource:options:error:", e);
        }
    }

    /// Compiles a function to the last.
    ///
    /// @throws MetalCallException with the compiler's text
    public static MemorySegment newPipeline(MemorySegment device, MemorySegment function)
            throws MetalCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ADDRESS);
            MemorySegment pipeline =
                    (MemorySegment) NEW_PIPELINE.invokeExact(device, function, error);
            if (ObjectiveC.isNil(pipeline)) {
                throw new MetalCallException(
                        "newComputePipelineState", NsError.read(error.get(ADDRESS, 0)));
            }
            return pipeline;
        } catch (MetalCallException e) {
            throw e;
        } catch (Throwable e) {
            throw ObjectiveC.failed("newComputePipelineStateWithFunction:error:", e);
        }
    }

    private static long number(MethodHandle property, MemorySegment device, String name) {
        try {
            return (long) property.invokeExact(device);
        } catch (Throwable e) {
            throw ObjectiveC.failed(name, e);
        }
    }
}
