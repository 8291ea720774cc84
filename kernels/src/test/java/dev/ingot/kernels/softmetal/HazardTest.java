package dev.ingot.kernels.softmetal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ingot.kernels.softmetal.Messages.Size;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Dispatches that a GPU may run at once: whether one touches what another changes.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HazardTest {
    private static final String SOURCE =
            SoftMetal.HEADER
                    + """
                    kernel void put(device float* to [[buffer(0)]], uint i [[thread_position_in_grid]]) { to[i] = 1; }
                    kernel void copy(device const float* from [[buffer(0)]], device float* to [[buffer(1)]],
                                     uint i [[thread_position_in_grid]]) { to[i] = from[i]; }
                    kernel void halves(device half* to [[buffer(0)]], uint i [[thread_position_in_grid]]) { to[2 * i] = 1.0h; }
                    kernel void count(device atomic_uint* n [[buffer(0)]]) {
                        atomic_fetch_add_explicit(n, 1u, memory_order_relaxed);
                    }
                    """;

    /// Elements that a dispatch works on.
    private static final int N = 16;

    private SoftMetal metal;
    private MemorySegment library;
    private MemorySegment put;
    private MemorySegment copy;
    private MemorySegment halves;
    private MemorySegment count;
    private MemorySegment a;
    private MemorySegment b;

    @BeforeAll
    void open() {
        metal = new SoftMetal();
        metal.set("HAZARDS", "1");
        library = metal.library(SOURCE);
        put = metal.pipeline(library, "put", java.util.Map.of());
        copy = metal.pipeline(library, "copy", java.util.Map.of());
        halves = metal.pipeline(library, "halves", java.util.Map.of());
        count = metal.pipeline(library, "count", java.util.Map.of());
        a = metal.buffer(4096);
        b = metal.buffer(4096);
        metal.messages.send(a, "setLabel:", metal.string("first"));
    }

    @BeforeEach
    void check() {
        metal.set("HAZARDS", "1");
    }

    @AfterAll
    void close() {
        if (metal != null) {
            for (MemorySegment object : List.of(put, copy, halves, count, library, a, b)) {
                metal.release(object);
            }
            metal.close();
        }
    }

    private long before;

    @AfterEach
    void forget() {
        before = metal.counter("violations");
    }

    /// A dispatch over N elements, or what stands between two of them.
    interface Step {
        void into(MemorySegment encoder);
    }

    private Step run(MemorySegment pipeline, Object... buffersAndOffsets) {
        return encoder -> {
            metal.messages.send(encoder, "setComputePipelineState:", pipeline);
            for (int i = 0; i < buffersAndOffsets.length; i += 2) {
                long offset = (int) buffersAndOffsets[i + 1];
                metal.messages.send(
                        encoder, "setBuffer:offset:atIndex:", buffersAndOffsets[i], offset, i / 2L);
            }
            metal.messages.send(
                    encoder,
                    "dispatchThreadgroups:threadsPerThreadgroup:",
                    new Size(1, 1, 1),
                    new Size(pipeline.equals(count) ? 1 : N, 1, 1));
        };
    }

    private Step barrier() {
        return encoder -> metal.messages.send(encoder, "memoryBarrierWithScope:", 1L);
    }

    /// What is found in dispatches of one encoder; empty where nothing is.
    private String found(long dispatchType, Step... steps) {
        MemorySegment commands = metal.messages.send(metal.queue, "commandBuffer");
        MemorySegment encoder =
                metal.messages.send(
                        commands, "computeCommandEncoderWithDispatchType:", dispatchType);
        for (Step step : steps) {
            step.into(encoder);
        }
        metal.messages.send(encoder, "endEncoding");
        return end(commands);
    }

    private String end(MemorySegment commands) {
        metal.messages.send(commands, "commit");
        metal.messages.send(commands, "waitUntilCompleted");
        assertEquals("", metal.describe(metal.messages.send(commands, "error")));
        return metal.counter("violations") > before ? metal.lastMessage() : "";
    }

    private static final long SERIAL = 0;
    private static final long CONCURRENT = 1;

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void finds(String what, Steps steps, String message) {
        String found = found(CONCURRENT, steps.of(this));
        assertTrue(found.contains(message), found.isEmpty() ? "nothing found" : found);
    }

    interface Steps {
        Step[] of(HazardTest test);
    }

    private static Arguments found(String what, Steps steps, String message) {
        return Arguments.of(what, steps, message);
    }

    private static Arguments accepted(String what, Steps steps) {
        return Arguments.of(what, steps);
    }

    static Stream<Arguments> finds() {
        return Stream.of(
                found(
                        "a read behind a write",
                        t -> new Step[] {t.run(t.put, t.a, 0), t.run(t.copy, t.a, 32, t.b, 0)},
                        "hazard: copy reads bytes 32 to 63 of buffer(0) 'from' (first), which put"
                                + " writes as buffer(0) 'to' (first)"),
                found(
                        "a write behind a read",
                        t -> new Step[] {t.run(t.copy, t.a, 0, t.b, 0), t.run(t.put, t.a, 60)},
                        "hazard: put writes bytes 60 to 63 of buffer(0) 'to' (first), which copy"
                                + " reads as buffer(0) 'from'"),
                found(
                        "two writes",
                        t -> new Step[] {t.run(t.put, t.b, 4), t.run(t.put, t.b, 0)},
                        "hazard: put writes bytes 4 to 63 of buffer(0) 'to', which put writes"),
                found(
                        "a write behind an atomic",
                        t -> new Step[] {t.run(t.count, t.a, 0), t.run(t.put, t.a, 0)},
                        "hazard: put writes bytes 0 to 3 of buffer(0) 'to' (first), which count"
                                + " changes atomically"),
                found(
                        "an atomic behind a read",
                        t -> new Step[] {t.run(t.copy, t.a, 0, t.b, 0), t.run(t.count, t.a, 8)},
                        "hazard: count changes atomically bytes 8 to 11"),
                found(
                        "one of three, before the barrier of the others",
                        t ->
                                new Step[] {
                                    t.run(t.put, t.a, 0),
                                    t.barrier(),
                                    t.run(t.put, t.b, 0),
                                    t.run(t.put, t.a, 256),
                                    t.run(t.copy, t.b, 0, t.a, 128)
                                },
                        "hazard: copy reads bytes 0 to 63 of buffer(0) 'from', which put writes"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void accepts(String what, Steps steps) {
        assertEquals("", found(CONCURRENT, steps.of(this)));
    }

    static Stream<Arguments> accepts() {
        return Stream.of(
                accepted(
                        "a barrier between",
                        t ->
                                new Step[] {
                                    t.run(t.put, t.a, 0), t.barrier(), t.run(t.copy, t.a, 0, t.b, 0)
                                }),
                accepted(
                        "ranges side by side",
                        t -> new Step[] {t.run(t.put, t.a, 0), t.run(t.copy, t.a, 64, t.a, 128)}),
                accepted(
                        "reads of the same",
                        t ->
                                new Step[] {
                                    t.run(t.copy, t.a, 0, t.b, 0), t.run(t.copy, t.a, 0, t.b, 64)
                                }),
                accepted(
                        "every other half",
                        t -> new Step[] {t.run(t.halves, t.a, 0), t.run(t.halves, t.a, 2)}),
                accepted(
                        "atomics on one number",
                        t -> new Step[] {t.run(t.count, t.a, 0), t.run(t.count, t.a, 0)}));
    }

    @Test
    void aSerialEncoderOrdersItsDispatches() {
        assertEquals("", found(SERIAL, run(put, a, 0), run(copy, a, 0, b, 0)));
    }

    @Test
    void oneEncoderIsBehindAnother() {
        MemorySegment commands = metal.messages.send(metal.queue, "commandBuffer");
        for (Step step : List.of(run(put, a, 0), run(copy, a, 0, b, 0))) {
            MemorySegment encoder =
                    metal.messages.send(
                            commands, "computeCommandEncoderWithDispatchType:", CONCURRENT);
            step.into(encoder);
            metal.messages.send(encoder, "endEncoding");
        }
        assertEquals("", end(commands));
    }

    @Test
    void kernelsThatDoNotTellWhatTheyTouchAreNoted() {
        metal.set("HAZARDS", "0");
        MemorySegment untraced = metal.pipeline(SOURCE, "put");
        metal.set("HAZARDS", "1");
        String found = found(CONCURRENT, run(untraced, a, 0));
        metal.release(untraced);
        assertTrue(found.contains("put was compiled before HAZARDS was set"), found);
    }
}
