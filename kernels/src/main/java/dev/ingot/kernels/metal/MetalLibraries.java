package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.objc.AutoreleasePool;
import dev.ingot.kernels.metal.objc.MetalCallException;
import dev.ingot.kernels.metal.objc.MtlDevice;
import dev.ingot.kernels.metal.objc.MtlLibrary;
import dev.ingot.kernels.metal.objc.MtlLibrary.MathMode;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// Compiles kernels when they are first asked for, and keeps them until the device closes.
///
/// Belongs to its device's thread.
final class MetalLibraries {
    /// The language's version: the first with `bfloat`, in every system since macOS 14. A version that the
    /// system does not know fails late, when a pipeline is made, so it is never left to a default.
    private static final int LANGUAGE_MAJOR = 3;

    private static final int LANGUAGE_MINOR = 1;

    private final MemorySegment device;
    private final MathMode mathMode;
    private final Map<String, MemorySegment> libraries = new HashMap<>();
    private final Map<Key, Pipeline> pipelines = new HashMap<>();

    private record Key(String source, String function, FunctionConstants constants) {}

    MetalLibraries(MemorySegment device, MathMode mathMode) {
        this.device = device;
        this.mathMode = mathMode;
    }

    /// The language and how its arithmetic is compiled: a part of the numeric class.
    static String language(MathMode mathMode) {
        return "msl" + LANGUAGE_MAJOR + "." + LANGUAGE_MINOR + "-" + mathMode;
    }

    /// A kernel, compiled on first use and the same object ever after.
    ///
    /// @param source the file that it is in, without `.metal`
    /// @param function its name, or its `[[host_name]]`
    /// @throws DeviceException of kind `UNAVAILABLE` with the compiler's text
    Pipeline pipeline(String source, String function, FunctionConstants constants) {
        Key key = new Key(source, function, constants);
        Pipeline known = pipelines.get(key);
        if (known == null) {
            known = compile(key);
            pipelines.put(key, known);
        }
        return known;
    }

    /// Gives back all of them.
    void close() {
        pipelines.values().forEach(pipeline -> ObjectiveC.release(pipeline.id()));
        pipelines.clear();
        libraries.values().forEach(ObjectiveC::release);
        libraries.clear();
    }

    private Pipeline compile(Key key) {
        String text = MetalSources.text(key.source());
        try (var _ = new AutoreleasePool()) {
            MemorySegment library = library(key.source(), text);
            MemorySegment constants = key.constants().create();
            try {
                MemorySegment function = MtlLibrary.newFunction(library, key.function(), constants);
                try {
                    return describe(key.function(), MtlDevice.newPipeline(device, function));
                } finally {
                    ObjectiveC.release(function);
                }
            } finally {
                ObjectiveC.release(constants);
            }
        } catch (MetalCallException e) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    "the kernel '"
                            + key.function()
                            + "' of "
                            + key.source()
                            + ".metal could not be made: "
                            + e.error(),
                    e);
        }
    }

    /// A source text, compiled on first use.
    ///
    /// @param name what it is called, here and in messages
    /// @throws MetalCallException with the compiler's text
    MemorySegment library(String name, String text) throws MetalCallException {
        MemorySegment known = libraries.get(name);
        if (known != null) {
            return known;
        }
        MemorySegment options = MtlLibrary.compileOptions(LANGUAGE_MAJOR, LANGUAGE_MINOR, mathMode);
        try {
            MemorySegment library = MtlDevice.newLibrary(device, text, options);
            libraries.put(name, library);
            return library;
        } finally {
            ObjectiveC.release(options);
        }
    }

    private static Pipeline describe(String name, MemorySegment pipeline) {
        return new Pipeline(
                name,
                pipeline,
                (int) MtlLibrary.maxTotalThreadsPerThreadgroup(pipeline),
                (int) MtlLibrary.threadExecutionWidth(pipeline),
                (int) MtlLibrary.staticThreadgroupMemoryLength(pipeline));
    }
}
