package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/// Tells the system that the pages of a weight file are not needed any more: packed weights take their place, and a model
/// must not be in memory twice while it is loaded. What is read again comes from the file's cache.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
final class MappedPages {
    /// `MADV_DONTNEED`, the same on Linux and macOS.
    private static final int DONT_NEED = 4;

    /// The largest page of the systems we know: of Apple's.
    private static final long PAGE = 16 << 10;

    /// `int madvise(void *address, size_t bytes, int advice)`
    private static final Optional<MethodHandle> ADVISE =
            Linker.nativeLinker()
                    .defaultLookup()
                    .find("madvise")
                    .map(address ->
                            Linker.nativeLinker()
                                    .downcallHandle(
                                            address,
                                            FunctionDescriptor.of(
                                                    JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)));

    private MappedPages() {}

    /// Lets go of the pages that hold nothing but these weights. It is advice: a system without it keeps them as long as
    /// it likes.
    static void drop(WeightSource source) {
        for (var data : data(source)) {
            if (data.isMapped() && ADVISE.isPresent()) {
                long end = (data.address() + data.byteSize()) / PAGE * PAGE;
                long begin = (data.address() + PAGE - 1) / PAGE * PAGE;
                if (end > begin) {
                    advise(ADVISE.get(), data.asSlice(begin - data.address(), end - begin));
                }
            }
        }
    }

    private static void advise(MethodHandle madvise, MemorySegment pages) {
        try {
            int _ = (int) madvise.invokeExact(pages, pages.byteSize(), DONT_NEED);
        } catch (Throwable e) {
            throw new IllegalStateException("madvise", e); // it throws nothing of its own
        }
    }

    private static List<MemorySegment> data(WeightSource source) {
        return switch (source) {
            case HostTensor full -> List.of(full.data());
            case QuantizedAtLoad(HostTensor full, _, _) -> List.of(full.data());
            case AffineWeights affine ->
                    List.of(affine.levels(), affine.scales().data(), affine.biases().data());
            case Mxfp4Weights mxfp4 -> List.of(mxfp4.levels(), mxfp4.exponents());
            case BlockWeights blocks -> List.of(blocks.blocks());
        };
    }
}
