package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one Objective-C block of this process: tells whoever waits for a command buffer that it ended.
///
/// A global block is never copied, so its memory has to outlive every call: there is one for the life of
/// the JVM, and it finds its listener by the command buffer's address.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
public final class CompletionBlock {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionBlock.class);

    /// `struct Block_layout { void *isa; int flags; int reserved; void (*invoke)(…); descriptor *; }`
    private static final StructLayout LAYOUT =
            MemoryLayout.structLayout(
                    ADDRESS.withName("isa"),
                    JAVA_INT.withName("flags"),
                    JAVA_INT.withName("reserved"),
                    ADDRESS.withName("invoke"),
                    ADDRESS.withName("descriptor"));

    /// `struct Block_descriptor { unsigned long reserved, size; const char *signature; }`
    private static final StructLayout DESCRIPTOR =
            MemoryLayout.structLayout(
                    JAVA_LONG.withName("reserved"),
                    JAVA_LONG.withName("size"),
                    ADDRESS.withName("signature"));

    /// `BLOCK_IS_GLOBAL | BLOCK_HAS_SIGNATURE`
    private static final int FLAGS = 1 << 28 | 1 << 30;

    /// `void (^)(id<MTLCommandBuffer>)`
    private static final String SIGNATURE = "v16@?0@8";

    private static final ConcurrentMap<Long, Consumer<MemorySegment>> LISTENERS =
            new ConcurrentHashMap<>();

    private static final MemorySegment BLOCK = create();

    private CompletionBlock() {}

    /// Has `listener` told once when a command buffer ended, on a thread of Metal's with a pool open;
    /// it must not block. To be called before the command buffer is committed, which has to stay
    /// retained until then.
    public static void listen(MemorySegment commandBuffer, Consumer<MemorySegment> listener) {
        LISTENERS.put(commandBuffer.address(), listener);
        MtlCommands.addCompletedHandler(commandBuffer, BLOCK);
    }

    /// Forgets whoever waits for a command buffer that may never end.
    public static void forget(MemorySegment commandBuffer) {
        LISTENERS.remove(commandBuffer.address());
    }

    private static MemorySegment create() {
        try {
            Arena arena = Arena.global();
            MemorySegment invoke =
                    Linker.nativeLinker()
                            .upcallStub(
                                    MethodHandles.lookup()
                                            .findStatic(
                                                    CompletionBlock.class,
                                                    "invoke",
                                                    MethodType.methodType(
                                                            void.class,
                                                            MemorySegment.class,
                                                            MemorySegment.class)),
                                    FunctionDescriptor.ofVoid(ADDRESS, ADDRESS),
                                    arena);
            MemorySegment descriptor = arena.allocate(DESCRIPTOR);
            descriptor.set(JAVA_LONG, offset(DESCRIPTOR, "size"), LAYOUT.byteSize());
            descriptor.set(ADDRESS, offset(DESCRIPTOR, "signature"), arena.allocateFrom(SIGNATURE));
            MemorySegment block = arena.allocate(LAYOUT);
            block.set(ADDRESS, offset(LAYOUT, "isa"), Frameworks.symbol("_NSConcreteGlobalBlock"));
            block.set(JAVA_INT, offset(LAYOUT, "flags"), FLAGS);
            block.set(ADDRESS, offset(LAYOUT, "invoke"), invoke);
            block.set(ADDRESS, offset(LAYOUT, "descriptor"), descriptor);
            return block;
        } catch (ReflectiveOperationException e) {
            throw ObjectiveC.failed("completion block", e);
        }
    }

    private static long offset(StructLayout layout, String field) {
        return layout.byteOffset(MemoryLayout.PathElement.groupElement(field));
    }

    // An exception that left an upcall would end the JVM.
    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // called by Metal, with the block itself
    private static void invoke(MemorySegment block, MemorySegment commandBuffer) {
        try {
            Consumer<MemorySegment> listener = LISTENERS.remove(commandBuffer.address());
            if (listener == null) {
                return; // forgotten
            }
            try (var _ = new AutoreleasePool()) {
                listener.accept(commandBuffer);
            }
        } catch (Throwable e) {
            report(e);
        }
    }

    private static void report(Throwable failure) {
        try {
            LOG.error("The end of a command buffer could not be told", failure);
        } catch (Throwable e) {
            // Nothing is left that could be told, and nobody to tell it to.
        }
    }
}
