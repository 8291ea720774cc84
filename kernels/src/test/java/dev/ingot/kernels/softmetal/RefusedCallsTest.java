package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ingot.kernels.softmetal.Messages.Range;
import dev.ingot.kernels.softmetal.Messages.Size;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// One call for every rule of the API. On a Mac most of these end the process; here the rules are counted.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedCallsTest {
    private static final String SOURCE =
            SoftMetal.HEADER
                    + """
                    struct Params { uint n; float scale; };
                    kernel void k(device float* x [[buffer(0)]], constant Params& p [[buffer(1)]],
                                  threadgroup float* s [[threadgroup(0)]], uint t [[thread_position_in_threadgroup]]) {
                        s[t] = p.scale;
                        x[t] = s[t] + p.n;
                    }
                    """;
    private static final Size ONE = new Size(1, 1, 1);

    private SoftMetal metal;
    private MemorySegment pipeline;
    private MemorySegment buffer;

    @BeforeAll
    void open() {
        metal = new SoftMetal();
        pipeline = metal.pipeline(SOURCE, "k");
        buffer = metal.buffer(4096);
    }

    @AfterAll
    void close() {
        if (metal != null) {
            metal.close();
        }
    }

    /// Breaks a rule in a pool of its own.
    private String broken(Consumer<RefusedCallsTest> calls) {
        long before = metal.counter("violations");
        MemorySegment pool =
                (MemorySegment) metal.messages.call("objc_autoreleasePoolPush", ADDRESS);
        calls.accept(this);
        metal.messages.call("objc_autoreleasePoolPop", null, pool);
        return metal.counter("violations") > before ? metal.lastMessage() : "";
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void refuses(String rule, Consumer<RefusedCallsTest> calls, String message) {
        String last = broken(calls);
        assertTrue(last.contains(message), last.isEmpty() ? "accepted" : last);
    }

    static Stream<Arguments> refuses() {
        return Stream.of(
                // Encoding
                encoded(
                        "31 buffer slots",
                        (m, e) ->
                                m.send(e, "setBuffer:offset:atIndex:", MemorySegment.NULL, 0L, 31L),
                        "index 31"),
                call(
                        "an offset beyond the buffer",
                        test ->
                                test.encode((m, e) ->
                                        m.send(
                                                e,
                                                "setBuffer:offset:atIndex:",
                                                test.buffer,
                                                4096L,
                                                0L)),
                        "offset 4096"),
                call(
                        "4096 bytes at once",
                        test ->
                                test.encode((m, e) ->
                                        m.send(
                                                e,
                                                "setBytes:length:atIndex:",
                                                test.metal.arena.allocate(5000),
                                                5000L,
                                                1L)),
                        "length 5000"),
                call(
                        "no empty bytes",
                        test ->
                                test.encode((m, e) ->
                                        m.send(
                                                e,
                                                "setBytes:length:atIndex:",
                                                test.metal.arena.allocate(8),
                                                0L,
                                                1L)),
                        "length 0"),
                encoded(
                        "offsets of what is bound",
                        (m, e) -> m.send(e, "setBufferOffset:atIndex:", 16L, 3L),
                        "no buffer is bound at index 3"),
                call(
                        "no setBytes for what a kernel writes",
                        test ->
                                test.encode((m, e) -> {
                                    MemorySegment bytes = test.metal.arena.allocate(64);
                                    m.send(e, "setComputePipelineState:", test.pipeline);
                                    m.send(e, "setBytes:length:atIndex:", bytes, 64L, 0L);
                                    m.send(e, "setBytes:length:atIndex:", bytes, 64L, 1L);
                                    m.send(e, "setThreadgroupMemoryLength:atIndex:", 16L, 0L);
                                    m.send(
                                            e,
                                            "dispatchThreadgroups:threadsPerThreadgroup:",
                                            ONE,
                                            ONE);
                                }),
                        "which the kernel may write"),
                call(
                        "32 KiB of threadgroup memory in all",
                        test ->
                                test.encode((m, e) -> {
                                    m.send(e, "setComputePipelineState:", test.pipeline);
                                    m.send(e, "setThreadgroupMemoryLength:atIndex:", 32752L, 0L);
                                    m.send(e, "setThreadgroupMemoryLength:atIndex:", 32L, 1L);
                                    m.send(
                                            e,
                                            "dispatchThreadgroups:threadsPerThreadgroup:",
                                            ONE,
                                            ONE);
                                }),
                        "32784 bytes of threadgroup memory"),
                call(
                        "serial or concurrent encoders",
                        test ->
                                test.commands((m, commands) ->
                                        m.send(
                                                commands,
                                                "computeCommandEncoderWithDispatchType:",
                                                2L)),
                        "neither serial (0) nor concurrent (1)"),
                encoded(
                        "threadgroup memory in steps of 16",
                        (m, e) -> m.send(e, "setThreadgroupMemoryLength:atIndex:", 40L, 0L),
                        "multiple of 16"),
                encoded(
                        "32 KiB of threadgroup memory",
                        (m, e) -> m.send(e, "setThreadgroupMemoryLength:atIndex:", 32784L, 0L),
                        "32784"),
                encoded(
                        "a pipeline before a dispatch",
                        (m, e) ->
                                m.send(e, "dispatchThreadgroups:threadsPerThreadgroup:", ONE, ONE),
                        "no compute pipeline state"),
                dispatched("1024 threads", new Size(1, 1, 1), new Size(1025, 1, 1), "1025"),
                dispatched(
                        "1024 threads in all dimensions",
                        ONE,
                        new Size(32, 32, 2),
                        "maxTotalThreadsPerThreadgroup is 1024"),
                dispatched("no empty threadgroup", ONE, new Size(0, 1, 1), "0 x 1 x 1"),
                dispatched(
                        "no empty grid",
                        new Size(4, 0, 1),
                        new Size(32, 1, 1),
                        "the grid is 4 x 0 x 1"),
                call(
                        "every buffer bound",
                        test -> test.dispatch(test.metal.arena.allocate(8), 0, 16),
                        "missing buffer binding at index 0 for 'x'"),
                call(
                        "every threadgroup memory set",
                        test -> test.dispatch(test.metal.arena.allocate(8), 1, 0),
                        "no threadgroup memory length is set at index 0 for 's'"),
                call(
                        "a struct as long as its type",
                        test -> test.dispatch(test.metal.arena.allocate(4), 1, 16),
                        "'p' needs 8"),
                encoded(
                        "memory barriers of buffers",
                        (m, e) -> m.send(e, "memoryBarrierWithScope:", 2L),
                        "memoryBarrierWithScope"),
                call(
                        "nothing after endEncoding",
                        test -> {
                            MemorySegment[] ended = new MemorySegment[1];
                            test.encode((m, e) -> ended[0] = e);
                            test.metal.messages.send(
                                    ended[0], "setComputePipelineState:", test.pipeline);
                        },
                        "after endEncoding"),
                call(
                        "one encoder at a time",
                        test ->
                                test.commands((m, commands) -> {
                                    MemorySegment first = m.send(commands, "computeCommandEncoder");
                                    m.send(commands, "computeCommandEncoder");
                                    m.send(first, "endEncoding");
                                }),
                        "already encoding"),
                call(
                        "no dropped encoder",
                        test ->
                                test.commands(
                                        (m, commands) -> m.send(commands, "computeCommandEncoder")),
                        "released"),
                // Command buffers
                call(
                        "commit after endEncoding",
                        test ->
                                test.commands((m, commands) -> {
                                    MemorySegment encoder =
                                            m.send(commands, "computeCommandEncoder");
                                    m.send(commands, "commit");
                                    m.send(encoder, "endEncoding");
                                }),
                        "a command encoder is still open"),
                committed(
                        "one commit",
                        (m, commands) -> m.send(commands, "commit"),
                        "already committed"),
                call(
                        "one enqueue",
                        test ->
                                test.commands((m, commands) -> {
                                    m.send(commands, "enqueue");
                                    m.send(commands, "enqueue");
                                    m.send(commands, "commit");
                                    m.send(commands, "waitUntilCompleted");
                                }),
                        "already enqueued"),
                committed(
                        "no encoder after commit",
                        (m, commands) -> m.send(commands, "computeCommandEncoder"),
                        "already committed"),
                committed(
                        "no handler after commit",
                        (m, commands) ->
                                m.send(commands, "addCompletedHandler:", MemorySegment.NULL),
                        "already committed"),
                call(
                        "no wait before commit",
                        test ->
                                test.commands(
                                        (m, commands) -> m.send(commands, "waitUntilCompleted")),
                        "is not committed"),
                handler("a block", (_, _) -> MemorySegment.NULL, "nil block"),
                handler(
                        "global blocks that say so",
                        (test, block) -> {
                            block.set(ADDRESS, 0, test.symbol("_NSConcreteGlobalBlock"));
                            return block;
                        },
                        "contradict each other"),
                handler(
                        "blocks with a function",
                        (test, block) -> {
                            block.set(ADDRESS, 0, test.symbol("_NSConcreteGlobalBlock"));
                            block.set(JAVA_INT, 8, 1 << 28);
                            return block;
                        },
                        "no function, no descriptor"),
                handler(
                        "blocks that can be copied as they are",
                        (test, block) -> {
                            MemorySegment descriptor = test.metal.arena.allocate(32, 8);
                            descriptor.set(JAVA_LONG, 8, 32);
                            block.set(ADDRESS, 0, test.symbol("_NSConcreteStackBlock"));
                            block.set(JAVA_INT, 8, 1 << 25);
                            block.set(ADDRESS, 16, test.symbol("objc_release"));
                            block.set(ADDRESS, 24, descriptor);
                            return block;
                        },
                        "copy helper"),
                call(
                        "blocks of a known class",
                        test ->
                                test.commands((m, commands) ->
                                        m.send(
                                                commands,
                                                "addCompletedHandler:",
                                                test.metal.arena.allocate(32, 8))),
                        "isa"),
                call(
                        "64 command buffers, some of them committed",
                        test -> {
                            for (int i = 0; i < 65; i++) {
                                test.metal.messages.send(test.metal.queue, "commandBuffer");
                            }
                        },
                        "block for ever"),
                call(
                        "buffers that live as long as the work",
                        test -> {
                            MemorySegment doomed = test.metal.buffer(64);
                            MemorySegment event =
                                    test.metal.messages.send(test.metal.device, "newSharedEvent");
                            MemorySegment commands =
                                    test.metal.messages.send(
                                            test.metal.queue,
                                            "commandBufferWithUnretainedReferences");
                            test.metal.messages.send(
                                    commands, "encodeWaitForEvent:value:", event, 1L);
                            MemorySegment blit =
                                    test.metal.messages.send(commands, "blitCommandEncoder");
                            test.metal.messages.send(
                                    blit,
                                    "fillBuffer:range:value:",
                                    doomed,
                                    new Range(0, 64),
                                    (byte) 1);
                            test.metal.messages.send(blit, "endEncoding");
                            test.metal.messages.send(commands, "commit");
                            test.metal.release(doomed);
                            test.metal.messages.send(event, "setSignaledValue:", 1L);
                            test.metal.messages.send(commands, "waitUntilCompleted");
                            assertTrue(
                                    test.metal
                                            .describe(test.metal.messages.send(commands, "error"))
                                            .contains(" 9: "));
                            test.metal.release(event);
                        },
                        "was deallocated before"),
                // Memory
                call("no empty buffer", test -> test.metal.buffer(0), "length 0"),
                call(
                        "maxBufferLength",
                        test -> test.metal.buffer(1L << 50),
                        "exceeds maxBufferLength"),
                call(
                        "no-copy memory on a page",
                        test -> test.noCopy(64, 16384, 0),
                        "multiple of the page size"),
                call(
                        "no-copy memory of whole pages",
                        test -> test.noCopy(0, 4096, 0),
                        "multiple of the page size"),
                call(
                        "no-copy memory that is shared",
                        test -> test.noCopy(0, 16384, 32),
                        "must not be private"),
                call(
                        "resource options",
                        test ->
                                test.metal.messages.send(
                                        test.metal.device,
                                        "newBufferWithLength:options:",
                                        64L,
                                        1L << 20),
                        "MTLResourceOptions"),
                call(
                        "copies in steps of 4 bytes",
                        test ->
                                test.blit((m, blit) ->
                                        m.send(
                                                blit,
                                                "fillBuffer:range:value:",
                                                test.buffer,
                                                new Range(2, 8),
                                                (byte) 1)),
                        "multiples of 4"),
                call(
                        "copies inside the buffer",
                        test ->
                                test.blit((m, blit) ->
                                        m.send(
                                                blit,
                                                "fillBuffer:range:value:",
                                                test.buffer,
                                                new Range(4092, 8),
                                                (byte) 1)),
                        "a buffer of 4096 bytes"),
                call(
                        "copies to another place",
                        test -> test.blit((m, blit) -> test.copy(blit, 0, 8, 16)),
                        "source and destination overlap"),
                call(
                        "copies of whole words",
                        test -> test.blit((m, blit) -> test.copy(blit, 0, 64, 6)),
                        "are multiples of 4"),
                call(
                        "residency of what was committed",
                        test ->
                                test.residencySet((m, set) -> {
                                    m.send(set, "addAllocation:", test.buffer);
                                    m.send(set, "requestResidency");
                                }),
                        "1 allocations were added and not committed"),
                call(
                        "removing what is in a residency set",
                        test ->
                                test.residencySet(
                                        (m, set) -> m.send(set, "removeAllocation:", test.buffer)),
                        "is not in the residency set"),
                call(
                        "a queue for some command buffers",
                        test ->
                                test.metal.messages.send(
                                        test.metal.device,
                                        "newCommandQueueWithMaxCommandBufferCount:",
                                        0L),
                        "newCommandQueueWithMaxCommandBufferCount: 0"),
                // Objects
                call(
                        "classes that can be made",
                        test -> test.metal.messages.send(test.metal.klass("MTLBuffer"), "alloc"),
                        "+[MTLBuffer alloc]"),
                call(
                        "an object where one is needed",
                        test ->
                                test.encode((m, e) ->
                                        m.send(e, "setComputePipelineState:", MemorySegment.NULL)),
                        "nil, expected MTLComputePipelineState"),
                call(
                        "no retain of the dead",
                        test -> {
                            MemorySegment dead = test.metal.buffer(64);
                            test.metal.release(dead);
                            test.metal.messages.call("objc_retain", ADDRESS, dead);
                        },
                        "retain of a deallocated MTLBuffer"),
                call(
                        "strings of some text",
                        test ->
                                test.metal.messages.send(
                                        test.metal.klass("NSString"),
                                        "stringWithUTF8String:",
                                        MemorySegment.NULL),
                        "stringWithUTF8String:]: NULL"),
                call(
                        "arrays' elements",
                        test -> {
                            MemorySegment library = test.metal.library(SOURCE);
                            test.metal.messages.send(
                                    test.metal.messages.send(library, "functionNames"),
                                    "objectAtIndex:",
                                    7L);
                            test.metal.release(library);
                        },
                        "index 7 beyond count 1"),
                call(
                        "dictionaries without gaps",
                        test ->
                                test.metal.messages.send(
                                        test.metal.klass("NSDictionary"),
                                        "dictionaryWithObjects:forKeys:count:",
                                        test.metal.arena.allocate(8),
                                        test.metal.arena.allocate(8),
                                        1L),
                        "nil at index 0"),
                call(
                        "values for function constants",
                        test -> {
                            MemorySegment library =
                                    test.metal.library(
                                            SoftMetal.HEADER
                                                    + "constant float f [[function_constant(0)]];\n"
                                                    + "kernel void k(device float* x [[buffer(0)]])"
                                                    + " { x[0] = f; }");
                            test.metal.messages.send(
                                    library, "newFunctionWithName:", test.metal.string("k"));
                            test.metal.release(library);
                        },
                        "'k' has function constants ('f')"),
                call(
                        "math modes that exist",
                        test -> {
                            MemorySegment options =
                                    test.metal.messages.send(
                                            test.metal.messages.send(
                                                    test.metal.klass("MTLCompileOptions"), "alloc"),
                                            "init");
                            test.metal.messages.send(options, "setMathMode:", 3L);
                            test.metal.release(options);
                        },
                        "setMathMode: 3"),
                call(
                        "math functions that exist",
                        test -> {
                            MemorySegment options =
                                    test.metal.messages.send(
                                            test.metal.messages.send(
                                                    test.metal.klass("MTLCompileOptions"), "alloc"),
                                            "init");
                            test.metal.messages.send(options, "setMathFloatingPointFunctions:", 2L);
                            test.metal.release(options);
                        },
                        "setMathFloatingPointFunctions: 2"),
                call(
                        "a pool for what is autoreleased",
                        test -> {
                            var orphan =
                                    new Thread(() ->
                                            test.metal.messages.send(
                                                    test.metal.queue, "commandBuffer"));
                            orphan.start();
                            try {
                                orphan.join();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        },
                        "no pool in place"),
                call(
                        "no pool popped twice",
                        test ->
                                test.metal.messages.call(
                                        "objc_autoreleasePoolPop",
                                        null,
                                        MemorySegment.ofAddress(99)),
                        "is not open"),
                call(
                        "as many releases as references",
                        test -> {
                            MemorySegment once = test.metal.buffer(64);
                            test.metal.release(once);
                            test.metal.release(once);
                        },
                        "over-release"),
                call(
                        "no message to the dead",
                        test -> {
                            MemorySegment dead = test.metal.buffer(64);
                            test.metal.release(dead);
                            test.metal.messages.send(dead, "contents");
                        },
                        "-[MTLBuffer contents]: message sent to deallocated instance"),
                call(
                        "selectors that exist",
                        test -> test.metal.messages.send(test.buffer, "contentz"),
                        "-[MTLBuffer contentz]: unrecognized selector"),
                call(
                        "objects of the right class",
                        test ->
                                test.encode((m, e) ->
                                        m.send(
                                                e,
                                                "setBuffer:offset:atIndex:",
                                                test.pipeline,
                                                0L,
                                                0L)),
                        "expected MTLBuffer"),
                call(
                        "constants of a type",
                        test -> {
                            MemorySegment values =
                                    test.metal.messages.send(
                                            test.metal.messages.send(
                                                    test.metal.klass("MTLFunctionConstantValues"),
                                                    "alloc"),
                                            "init");
                            test.metal.messages.send(
                                    values,
                                    "setConstantValue:type:atIndex:",
                                    test.metal.arena.allocate(4),
                                    6L,
                                    0L);
                            test.metal.release(values);
                        },
                        "MTLDataType 6"),
                call(
                        "language versions that exist",
                        test -> {
                            MemorySegment options =
                                    test.metal.messages.send(
                                            test.metal.messages.send(
                                                    test.metal.klass("MTLCompileOptions"), "alloc"),
                                            "init");
                            test.metal.messages.send(options, "setLanguageVersion:", 31L);
                            test.metal.release(options);
                        },
                        "MTLLanguageVersion"),
                call(
                        "events that only grow",
                        test -> {
                            MemorySegment event =
                                    test.metal.messages.send(test.metal.device, "newSharedEvent");
                            test.metal.messages.send(event, "setSignaledValue:", 5L);
                            test.metal.messages.send(event, "setSignaledValue:", 4L);
                            test.metal.release(event);
                        },
                        "values only grow"));
    }

    /// What was compiled before it was asked for does not tell; what comes after cannot be written there.
    @Test
    void aRecordingNeedsAFolder() {
        metal.set("RECORD", "/proc/none");
        MemorySegment params = metal.arena.allocate(8);
        String early = broken(test -> test.dispatch(params, 1, 16));
        assertTrue(early.contains("k was compiled before RECORD was set"), early);
        MemorySegment traced = metal.pipeline(SOURCE, "k");
        String last =
                broken(test ->
                        test.encode((m, e) -> {
                            m.send(e, "setComputePipelineState:", traced);
                            m.send(e, "setBuffer:offset:atIndex:", buffer, 0L, 0L);
                            m.send(e, "setBytes:length:atIndex:", params, 8L, 1L);
                            m.send(e, "setThreadgroupMemoryLength:atIndex:", 16L, 0L);
                            m.send(e, "dispatchThreadgroups:threadsPerThreadgroup:", ONE, ONE);
                        }));
        metal.set("RECORD", "");
        assertTrue(last.contains("RECORD: cannot write into /proc/none"), last);
    }

    @Test
    void aPipelineMayAllowFewerThreads() {
        metal.set("MAX_THREADS", "512");
        MemorySegment small = metal.pipeline(SOURCE, "k");
        assertEquals(512, metal.messages.sendLong(small, "maxTotalThreadsPerThreadgroup"));
        String last =
                broken(test ->
                        test.encode((m, e) -> {
                            m.send(e, "setComputePipelineState:", small);
                            m.send(
                                    e,
                                    "dispatchThreadgroups:threadsPerThreadgroup:",
                                    ONE,
                                    new Size(1024, 1, 1));
                        }));
        assertTrue(last.contains("maxTotalThreadsPerThreadgroup is 512"), last);
        metal.set("MAX_THREADS", "1024");
    }

    @Test
    void memoryBeyondTheWorkingSetIsNil() {
        metal.set("WORKING_SET", "64M");
        assertTrue(SoftMetal.nil(metal.buffer(65L << 20)));
        metal.set("WORKING_SET", "16G");
        metal.set("MAX_BUFFER", "1M");
        assertEquals(1L << 20, metal.messages.sendLong(metal.device, "maxBufferLength"));
        metal.set("MAX_BUFFER", "12G");
    }

    @Test
    void objectsAreCountedByClass() {
        long before = metal.counter("live.MTLBuffer");
        MemorySegment held = metal.buffer(16);
        assertEquals(before + 1, metal.counter("live.MTLBuffer"));
        metal.release(held);
        assertEquals(before, metal.counter("live.MTLBuffer"));
    }

    @Test
    void aMessageToNilGivesZero() {
        assertEquals(0, metal.messages.sendLong(MemorySegment.NULL, "length"));
        assertEquals(0.0, metal.messages.sendDouble(MemorySegment.NULL, "GPUStartTime"));
    }

    // How the rules are reached

    interface Calls {
        void make(Messages messages, MemorySegment object);
    }

    private static Arguments call(String rule, Consumer<RefusedCallsTest> calls, String message) {
        return Arguments.of(rule, calls, message);
    }

    private static Arguments encoded(String rule, Calls calls, String message) {
        return call(rule, test -> test.encode(calls), message);
    }

    private static Arguments committed(String rule, Calls calls, String message) {
        return call(
                rule,
                test ->
                        test.commands((m, commands) -> {
                            m.send(commands, "commit");
                            calls.make(m, commands);
                            m.send(commands, "waitUntilCompleted");
                        }),
                message);
    }

    private static Arguments dispatched(String rule, Size grid, Size threads, String message) {
        return call(
                rule,
                test ->
                        test.encode((m, e) -> {
                            m.send(e, "setComputePipelineState:", test.pipeline);
                            m.send(e, "dispatchThreadgroups:threadsPerThreadgroup:", grid, threads);
                        }),
                message);
    }

    interface Blocks {
        MemorySegment make(RefusedCallsTest test, MemorySegment zeros);
    }

    private static Arguments handler(String rule, Blocks block, String message) {
        return call(
                rule,
                test ->
                        test.commands((m, commands) ->
                                m.send(
                                        commands,
                                        "addCompletedHandler:",
                                        block.make(test, test.metal.arena.allocate(32, 8)))),
                message);
    }

    @SuppressWarnings("restricted") // tests run with native access
    private MemorySegment symbol(String name) {
        return SymbolLookup.libraryLookup(SoftMetalLibrary.require(), metal.arena)
                .findOrThrow(name);
    }

    private void copy(MemorySegment blit, long from, long to, long size) {
        metal.messages.send(
                blit,
                "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:",
                buffer,
                from,
                buffer,
                to,
                size);
    }

    private void residencySet(Calls calls) {
        MemorySegment descriptor =
                metal.messages.send(
                        metal.messages.send(metal.klass("MTLResidencySetDescriptor"), "alloc"),
                        "init");
        MemorySegment set =
                metal.messages.send(
                        metal.device,
                        "newResidencySetWithDescriptor:error:",
                        descriptor,
                        MemorySegment.NULL);
        calls.make(metal.messages, set);
        metal.release(set);
        metal.release(descriptor);
    }

    private void commands(Calls calls) {
        calls.make(metal.messages, metal.messages.send(metal.queue, "commandBuffer"));
    }

    private void encode(Calls calls) {
        metal.run(encoder -> calls.make(metal.messages, encoder));
    }

    private void blit(Calls calls) {
        commands((m, commands) -> {
            MemorySegment encoder = m.send(commands, "blitCommandEncoder");
            calls.make(m, encoder);
            m.send(encoder, "endEncoding");
        });
    }

    private void dispatch(MemorySegment params, int buffers, long threadgroupBytes) {
        encode((m, e) -> {
            m.send(e, "setComputePipelineState:", pipeline);
            if (buffers > 0) {
                m.send(e, "setBuffer:offset:atIndex:", buffer, 0L, 0L);
            }
            m.send(e, "setBytes:length:atIndex:", params, params.byteSize(), 1L);
            m.send(e, "setThreadgroupMemoryLength:atIndex:", threadgroupBytes, 0L);
            m.send(e, "dispatchThreadgroups:threadsPerThreadgroup:", ONE, ONE);
        });
    }

    private void noCopy(long shift, long length, long options) {
        MemorySegment memory = metal.arena.allocate(65536, 16384).asSlice(shift);
        metal.messages.send(
                metal.device,
                "newBufferWithBytesNoCopy:length:options:deallocator:",
                memory,
                length,
                options,
                MemorySegment.NULL);
    }
}
