package dev.ingot.kernels.softmetal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Kernels that compile and must not run to their end: the command buffer fails, the process lives.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KernelFaultTest {
    private static final String BARRIER = "threadgroup_barrier(mem_flags::mem_threadgroup);";

    private SoftMetal metal;

    @BeforeAll
    void open() {
        metal = new SoftMetal();
    }

    @AfterAll
    void close() {
        if (metal != null) {
            metal.close();
        }
    }

    private String outcome(String body) {
        String source =
                SoftMetal.HEADER
                        + "kernel void k(device float* x [[buffer(0)]], device atomic_uint* n"
                        + " [[buffer(1)]], uint t [[thread_position_in_threadgroup]], uint l"
                        + " [[thread_index_in_simdgroup]]) {\n"
                        + body
                        + "\n}\n";
        MemorySegment pipeline = metal.pipeline(source, "k");
        MemorySegment x = metal.buffer(256);
        MemorySegment n = metal.buffer(16);
        String error = metal.run(pipeline, 1, 64, x, n);
        metal.release(x);
        metal.release(n);
        metal.release(pipeline);
        return error;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void failsTheCommandBuffer(String what, String body, String message) {
        String error = outcome(body);
        assertTrue(
                error.startsWith("MTLCommandBufferErrorDomain") && error.contains(message), error);
    }

    static Stream<Arguments> failsTheCommandBuffer() {
        return Stream.of(
                Arguments.of(
                        "a barrier for some",
                        "if (t < 40) " + BARRIER + " x[t] = 1;",
                        "1: softmetal: "),
                Arguments.of(
                        "a barrier after a return",
                        "if (t > 40) return; " + BARRIER + " x[t] = 1;",
                        "returns while"),
                Arguments.of(
                        "two simdgroup operations at once",
                        "x[t] = (l & 1) ? simd_sum(1.0f) : simd_max(2.0f);",
                        "divergent simdgroup operations"),
                Arguments.of(
                        "one operation in two branches",
                        "if (l & 1) x[t] = simd_sum(1.0f); else x[t] = simd_sum(2.0f);",
                        "divergent simdgroup operations"),
                Arguments.of(
                        "a shuffle from a lane that returned",
                        "if (l >= 20) return; x[t] = simd_shuffle(1.0f, 25);",
                        "not active"),
                Arguments.of(
                        "a matrix with half the lanes",
                        "if (l >= 16) return; simdgroup_float8x8 m(1.0f), r; simdgroup_multiply(r,"
                                + " m, m); x[t] = r.thread_elements()[0];",
                        "all 32 lanes"),
                Arguments.of(
                        "a matrix multiplied in two branches",
                        "simdgroup_float8x8 m(1.0f), r; if (l & 1) simdgroup_multiply(r, m, m);"
                                + " else simdgroup_multiply(r, m, m); x[t] = r.thread_elements()[0];",
                        "divergent simdgroup operations"),
                Arguments.of(
                        "a write just beyond the last page",
                        "x[4096 + t] = 1;",
                        "3: softmetal: page fault"),
                Arguments.of("a division by zero", "x[t] = 7 / int(x[0]);", "division by zero"),
                Arguments.of(
                        "a stack that overflows",
                        "float y[20000]; for (uint i = 0; i < 20000; i++) y[i] = x[i & 63] + i;"
                                + " x[t] = y[t * 7] + y[19999 - t];",
                        "stack overflows"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void isFoundByMemoryChecking(String what, String body, String message) {
        metal.set("MEMCHECK", "1");
        try {
            String error = outcome(body);
            assertTrue(
                    error.startsWith("MTLCommandBufferErrorDomain") && error.contains(message),
                    error);
        } finally {
            metal.set("MEMCHECK", "0");
        }
    }

    static Stream<Arguments> isFoundByMemoryChecking() {
        String tile = "threadgroup float s[64]; ";
        return Stream.of(
                Arguments.of(
                        "a read one beyond a buffer",
                        "x[t] = x[t + 1];",
                        "read out of bounds: buffer(0) 'x', 4 bytes at offset 256"),
                Arguments.of(
                        "a write one before a buffer",
                        "x[int(t) - 1] = 1;",
                        "write out of bounds: buffer(0) 'x', 4 bytes at offset -4"),
                Arguments.of(
                        "a loop that could be one copy, beyond a buffer",
                        "float y[8]; for (uint i = 0; i < 8; i++) y[i] = x[t & i]; for (uint i = 0;"
                                + " i < 8; i++) x[t * 8 + i] = y[i];",
                        "write out of bounds: buffer(0) 'x'"),
                Arguments.of(
                        "an atomic beyond a buffer",
                        "atomic_fetch_add_explicit(n + 4, 1u, memory_order_relaxed);",
                        "out of bounds: buffer(1) 'n'"),
                Arguments.of(
                        "one beyond an array of threadgroup memory",
                        tile + "s[t + 1] = x[t]; x[t] = 1;",
                        "threadgroup memory: write of 4 bytes at offset 256, 256 are allocated"),
                Arguments.of(
                        "a missing barrier",
                        tile + "s[t] = x[t]; x[t] = s[63 - t];",
                        "race in threadgroup memory"),
                Arguments.of(
                        "a missing second barrier",
                        tile
                                + "s[t] = x[t]; "
                                + BARRIER
                                + " float y = s[63 - t]; s[t] = y; x[t] = y;",
                        "race in threadgroup memory"),
                Arguments.of(
                        "a matrix loaded by half the lanes",
                        "simdgroup_float8x8 m; if (l < 16) simdgroup_load(m, x, 8); x[t] ="
                                + " m.thread_elements()[0];",
                        "needs all 32 lanes"),
                Arguments.of(
                        "a matrix loaded beyond a buffer",
                        "simdgroup_float8x8 m; simdgroup_load(m, x, 8, ulong2(1, 0)); x[t] ="
                                + " m.thread_elements()[0] + m.thread_elements()[1];",
                        "read out of bounds: buffer(0) 'x'"),
                Arguments.of(
                        "a matrix read as it was written, without a barrier between",
                        tile
                                + "simdgroup_float8x8 m(1.0f); if (t < 32) { simdgroup_store(m, s,"
                                + " 8); simdgroup_load(m, s, 8, ulong2(0, 0), true); } x[t] ="
                                + " m.thread_elements()[0];",
                        "race in threadgroup memory"),
                Arguments.of(
                        "a simdgroup barrier where one for all is needed",
                        tile
                                + "s[t] = x[t]; simdgroup_barrier(mem_flags::mem_threadgroup); x[t]"
                                + " = s[63 - t];",
                        "race in threadgroup memory"));
    }

    /// On a Mac the system ends it; its words for that are looked for by those who handle it.
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void isEndedByTheWatchdog(String what, String body, boolean memcheck) {
        metal.set("MEMCHECK", memcheck ? "1" : "0");
        metal.set("WATCHDOG", "200");
        try {
            String error = outcome(body);
            assertTrue(
                    error.startsWith(
                            "MTLCommandBufferErrorDomain 2: Caused GPU Timeout Error"
                                    + " (00000002:kIOGPUCommandBufferCallbackErrorTimeout)"),
                    error);
            assertTrue(error.contains("did not end in time (k, threadgroup (0, 0, 0)"), error);
        } finally {
            metal.set("WATCHDOG", "60000");
            metal.set("MEMCHECK", "0");
        }
        assertEquals("", outcome("x[t] = 1;"), "the device works on");
    }

    static Stream<Arguments> isEndedByTheWatchdog() {
        String forEver = "while (atomic_load_explicit(n, memory_order_relaxed) == 0u) ";
        return Stream.of(
                Arguments.of("a loop that waits for another thread", forEver + "{}", false),
                Arguments.of(
                        "one thread that does not end", "if (t == 5) " + forEver + "{}", false),
                Arguments.of("a loop over barriers", forEver + "{ " + BARRIER + " }", false),
                Arguments.of(
                        "a loop over simdgroup operations",
                        "float y = 1; " + forEver + "{ y = simd_sum(y) * 0.01f; } x[t] = y;",
                        false),
                Arguments.of(
                        "a loop over functions of the library",
                        "float y = 1; " + forEver + "{ y = sin(y); } x[t] = y;",
                        false),
                Arguments.of("a loop under memory checking", forEver + "{}", true));
    }

    @ParameterizedTest(name = "{0}, memory checking: {2}")
    @MethodSource
    void runs(String what, String body, boolean memcheck) {
        metal.set("MEMCHECK", memcheck ? "1" : "0");
        try {
            assertEquals("", outcome(body));
        } finally {
            metal.set("MEMCHECK", "0");
        }
    }

    static Stream<Arguments> runs() {
        String tile = "threadgroup float s[64]; ";
        return Stream.of(
                        Arguments.of(
                                "barriers for all",
                                tile + "s[t] = x[t]; " + BARRIER + " x[t] = s[63 - t];"),
                        Arguments.of(
                                "simdgroup operations of those that are left",
                                "if (l >= 20) return; x[t] = simd_sum(1.0f);"),
                        Arguments.of(
                                "a simdgroup barrier among its lanes",
                                tile
                                        + "s[t] = x[t];"
                                        + " simdgroup_barrier(mem_flags::mem_threadgroup); x[t] ="
                                        + " s[t ^ 1];"),
                        Arguments.of(
                                "a matrix written, a simdgroup barrier, read",
                                tile
                                        + "simdgroup_float8x8 m(1.0f); if (t < 32) {"
                                        + " simdgroup_store(m, s, 8);"
                                        + " simdgroup_barrier(mem_flags::mem_threadgroup);"
                                        + " simdgroup_load(m, s, 8, ulong2(0, 0), true); } x[t] ="
                                        + " m.thread_elements()[0];"),
                        Arguments.of(
                                "reads by all, a barrier, a write",
                                tile
                                        + "s[t] = 1; "
                                        + BARRIER
                                        + " float y = s[0] + s[1]; "
                                        + BARRIER
                                        + " s[0] = y; x[t] = y;"
                                                .replace("s[0] = y;", "if (t == 0) s[0] = y;")),
                        Arguments.of(
                                "atomics in threadgroup memory",
                                "threadgroup atomic_uint c; if (t == 0) atomic_store_explicit(&c,"
                                        + " 0u, memory_order_relaxed); "
                                        + BARRIER
                                        + " atomic_fetch_add_explicit(&c, 1u,"
                                        + " memory_order_relaxed); "
                                        + BARRIER
                                        + " x[t] = atomic_load_explicit(&c,"
                                        + " memory_order_relaxed);"))
                .flatMap(test ->
                        Stream.of(false, true)
                                .map(memcheck ->
                                        Arguments.of(test.get()[0], test.get()[1], memcheck)));
    }
}
