package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ingot.kernels.softmetal.Messages.Size;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A software Metal device in the hands of a test: what most tests do with one, in a line each, and the messages for the rest.
///
/// Rules are counted while one is open. Closing releases what it made and puts the library's settings back.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
final class SoftMetal implements AutoCloseable {
    static final String HEADER = "#include <metal_stdlib>\nusing namespace metal;\n";

    private static @Nullable Messages shared;

    final Messages messages = messages();
    final Arena arena = Arena.ofShared();
    final MemorySegment device;
    final MemorySegment queue;
    private final MemorySegment pool;

    SoftMetal() {
        messages.call("softmetal_reset", null);
        set("VALIDATION", "count");
        pool = (MemorySegment) messages.call("objc_autoreleasePoolPush", ADDRESS);
        device = (MemorySegment) messages.call("MTLCreateSystemDefaultDevice", ADDRESS);
        queue = messages.send(device, "newCommandQueue");
    }

    private static synchronized Messages messages() {
        if (shared == null) {
            shared =
                    new Messages(
                            SymbolLookup.libraryLookup(SoftMetalLibrary.require(), Arena.global()));
        }
        return shared;
    }

    @Override
    public void close() {
        release(queue);
        messages.call("objc_autoreleasePoolPop", null, pool);
        release(device);
        messages.call("softmetal_reset", null);
        set("VALIDATION", "count"); // what is left over at the end is the next test's to tell
        arena.close();
    }

    void set(String name, String value) {
        boolean known =
                (boolean)
                        messages.call(
                                "softmetal_set",
                                JAVA_BOOLEAN,
                                arena.allocateFrom(name),
                                arena.allocateFrom(value));
        if (!known) {
            throw new IllegalArgumentException("no setting " + name);
        }
    }

    void fault(String plan) {
        if (!(boolean) messages.call("softmetal_fault", JAVA_BOOLEAN, arena.allocateFrom(plan))) {
            throw new IllegalArgumentException("no fault plan: " + plan);
        }
    }

    long counter(String name) {
        return (long) messages.call("softmetal_counter", JAVA_LONG, arena.allocateFrom(name));
    }

    String lastMessage() {
        MemorySegment text = arena.allocate(2048);
        Object length = messages.call("softmetal_last_message", JAVA_LONG, text, 2048L);
        return (long) length == 0 ? "" : text.getString(0);
    }

    MemorySegment string(String text) {
        return messages.send(klass("NSString"), "stringWithUTF8String:", arena.allocateFrom(text));
    }

    MemorySegment klass(String name) {
        return (MemorySegment) messages.call("objc_getClass", ADDRESS, arena.allocateFrom(name));
    }

    String text(MemorySegment string) {
        return nil(string)
                ? ""
                : messages.send(string, "UTF8String").reinterpret(1 << 20).getString(0);
    }

    static boolean nil(MemorySegment object) {
        return object.address() == 0;
    }

    void release(MemorySegment object) {
        messages.call("objc_release", null, object);
    }

    /// The description of an error, after its domain and code.
    String describe(MemorySegment error) {
        return nil(error)
                ? ""
                : text(messages.send(error, "domain"))
                        + " "
                        + messages.sendLong(error, "code")
                        + ": "
                        + text(messages.send(error, "localizedDescription"));
    }

    /// A compiled library, or the compiler's refusal as a [Refused].
    MemorySegment library(String source) {
        MemorySegment error = arena.allocate(ADDRESS);
        MemorySegment options =
                messages.send(messages.send(klass("MTLCompileOptions"), "alloc"), "init");
        messages.send(options, "setMathMode:", 0L);
        MemorySegment library =
                messages.send(
                        device,
                        "newLibraryWithSource:options:error:",
                        string(source),
                        options,
                        error);
        release(options);
        if (nil(library)) {
            throw new Refused(describe(error.get(ADDRESS, 0)));
        }
        return library;
    }

    /// Why a source is refused; empty where it is not.
    String refusal(String source) {
        try {
            release(library(source));
            return "";
        } catch (Refused refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    MemorySegment pipeline(String source, String name) {
        return pipeline(library(source), name, Map.of());
    }

    /// A pipeline of a kernel with function constants: [Boolean], [Integer] (int) or [Float] by index.
    MemorySegment pipeline(MemorySegment library, String name, Map<Integer, Object> constants) {
        MemorySegment error = arena.allocate(ADDRESS);
        MemorySegment values =
                messages.send(messages.send(klass("MTLFunctionConstantValues"), "alloc"), "init");
        constants.forEach((index, value) -> {
            MemorySegment bytes = arena.allocate(8, 8);
            long type =
                    switch (value) {
                        case Boolean flag -> {
                            bytes.set(JAVA_BOOLEAN, 0, flag);
                            yield 53;
                        }
                        case Integer number -> {
                            bytes.set(JAVA_INT, 0, number);
                            yield 29;
                        }
                        case Float number -> {
                            bytes.set(JAVA_FLOAT, 0, number);
                            yield 3;
                        }
                        default -> throw new IllegalArgumentException("no data type for " + value);
                    };
            messages.send(values, "setConstantValue:type:atIndex:", bytes, type, (long) index);
        });
        MemorySegment function =
                messages.send(
                        library,
                        "newFunctionWithName:constantValues:error:",
                        string(name),
                        values,
                        error);
        release(values);
        if (nil(function)) {
            throw new Refused(describe(error.get(ADDRESS, 0)));
        }
        MemorySegment pipeline =
                messages.send(
                        device, "newComputePipelineStateWithFunction:error:", function, error);
        release(function);
        if (nil(pipeline)) {
            throw new Refused(describe(error.get(ADDRESS, 0)));
        }
        return pipeline;
    }

    MemorySegment buffer(long bytes) {
        return messages.send(device, "newBufferWithLength:options:", bytes, 0L);
    }

    /// The buffer's memory.
    MemorySegment contents(MemorySegment buffer) {
        return messages.send(buffer, "contents").reinterpret(messages.sendLong(buffer, "length"));
    }

    MemorySegment floats(float... values) {
        MemorySegment buffer = buffer(4L * values.length);
        MemorySegment.copy(values, 0, contents(buffer), JAVA_FLOAT, 0, values.length);
        return buffer;
    }

    /// What a test encodes: the encoder is its argument.
    interface Encoding {
        void into(MemorySegment encoder);
    }

    /// Encodes, commits and waits; the error's description, empty where there was none.
    String run(Encoding encoding) {
        MemorySegment commands = messages.send(queue, "commandBuffer");
        MemorySegment encoder = messages.send(commands, "computeCommandEncoder");
        encoding.into(encoder);
        messages.send(encoder, "endEncoding");
        messages.send(commands, "commit");
        messages.send(commands, "waitUntilCompleted");
        return describe(messages.send(commands, "error"));
    }

    /// Runs a pipeline over `groups` threadgroups of `threads`, with the buffers at 0, 1, ...
    String run(MemorySegment pipeline, long groups, long threads, MemorySegment... buffers) {
        return run(encoder -> {
            messages.send(encoder, "setComputePipelineState:", pipeline);
            for (int i = 0; i < buffers.length; i++) {
                messages.send(encoder, "setBuffer:offset:atIndex:", buffers[i], 0L, (long) i);
            }
            messages.send(
                    encoder,
                    "dispatchThreadgroups:threadsPerThreadgroup:",
                    new Size(groups, 1, 1),
                    new Size(threads, 1, 1));
        });
    }

    /// The compiler or the pipeline refused a source; the message is the error's.
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }
}
