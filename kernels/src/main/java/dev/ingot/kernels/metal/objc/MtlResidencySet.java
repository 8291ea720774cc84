package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `MTLResidencySet`, since macOS 15: memory that the system keeps within the GPU's reach as one.
public final class MtlResidencySet {
    /// `- (id<MTLResidencySet>)newResidencySetWithDescriptor:(MTLResidencySetDescriptor *)descriptor
    /// error:(NSError **)error`
    private static final MethodHandle NEW =
            ObjectiveC.message("newResidencySetWithDescriptor:error:", ADDRESS, ADDRESS, ADDRESS);

    /// `- (void)addAllocation:(id<MTLAllocation>)allocation`
    private static final MethodHandle ADD = ObjectiveC.message("addAllocation:", null, ADDRESS);

    /// `- (void)commit`
    private static final MethodHandle COMMIT = ObjectiveC.message("commit", null);

    /// `- (void)requestResidency`
    private static final MethodHandle REQUEST = ObjectiveC.message("requestResidency", null);

    /// `- (void)endResidency`
    private static final MethodHandle END = ObjectiveC.message("endResidency", null);

    /// `- (void)addResidencySet:(id<MTLResidencySet>)set`, of a queue
    private static final MethodHandle ADD_TO_QUEUE =
            ObjectiveC.message("addResidencySet:", null, ADDRESS);

    private MtlResidencySet() {}

    /// Whether the system has them.
    public static boolean isSupported(MemorySegment device) {
        return ObjectiveC.responds(device, "newResidencySetWithDescriptor:error:");
    }

    /// An empty set, which the caller owns.
    ///
    /// @throws MetalCallException if the system gives none
    public static MemorySegment create(MemorySegment device) throws MetalCallException {
        MemorySegment descriptor = ObjectiveC.create("MTLResidencySetDescriptor");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ADDRESS);
            MemorySegment set = (MemorySegment) NEW.invokeExact(device, descriptor, error);
            if (ObjectiveC.isNil(set)) {
                throw new MetalCallException(
                        "newResidencySetWithDescriptor", NsError.read(error.get(ADDRESS, 0)));
            }
            return set;
        } catch (MetalCallException e) {
            throw e;
        } catch (Throwable e) {
            throw ObjectiveC.failed("newResidencySetWithDescriptor:error:", e);
        } finally {
            ObjectiveC.release(descriptor);
        }
    }

    /// Puts a buffer into it; takes effect with [#request].
    public static void add(MemorySegment set, MemorySegment buffer) {
        try {
            ADD.invokeExact(set, buffer);
        } catch (Throwable e) {
            throw ObjectiveC.failed("addAllocation:", e);
        }
    }

    /// Has the system bring all of it within reach now.
    public static void request(MemorySegment set) {
        try {
            COMMIT.invokeExact(set);
            REQUEST.invokeExact(set);
        } catch (Throwable e) {
            throw ObjectiveC.failed("requestResidency", e);
        }
    }

    /// Takes back [#request].
    public static void end(MemorySegment set) {
        try {
            END.invokeExact(set);
        } catch (Throwable e) {
            throw ObjectiveC.failed("endResidency", e);
        }
    }

    /// Has every command buffer of a queue find it within reach.
    public static void attach(MemorySegment set, MemorySegment queue) {
        try {
            ADD_TO_QUEUE.invokeExact(queue, set);
        } catch (Throwable e) {
            throw ObjectiveC.failed("addResidencySet:", e);
        }
    }
}
