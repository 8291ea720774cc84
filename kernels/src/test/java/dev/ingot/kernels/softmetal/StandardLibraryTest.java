package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every function of the MSL library that the software device has, by a kernel of 64 threads that writes one number each.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StandardLibraryTest {
    private static final int THREADS = 64;
    private static final String[] ORDERS = {"forward", "reverse", "random:1", "random:2"};

    private SoftMetal metal;

    private MemorySegment library;

    /// All cases are kernels of one library: compiling it once is what takes the time.
    @BeforeAll
    void open() {
        metal = new SoftMetal();
        var source = new StringBuilder(SHARED);
        int number = 0;
        for (Case test : CASES) {
            source.append("kernel void k")
                    .append(number++)
                    .append(PARAMETERS)
                    .append(test.body)
                    .append("\n}\n");
        }
        library = metal.library(source.toString());
    }

    @AfterAll
    void close() {
        if (metal != null) {
            metal.release(library);
            metal.close();
        }
    }

    /// Runs a case in every order of the lanes.
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void computes(Case test) {
        MemorySegment pipeline = metal.pipeline(library, "k" + CASES.indexOf(test), Map.of());
        float[] x = new float[THREADS];
        for (int i = 0; i < THREADS; i++) {
            x[i] = i + 1;
        }
        MemorySegment in = metal.floats(x);
        for (String order : ORDERS) {
            metal.set("SCHED", order);
            MemorySegment out = metal.buffer(4 * THREADS);
            assertEquals("", metal.run(pipeline, 1, THREADS, in, out), order);
            for (int i = 0; i < THREADS; i++) {
                double want = test.expected.apply(i).doubleValue();
                assertEquals(
                        want,
                        metal.contents(out).getAtIndex(JAVA_FLOAT, i),
                        Math.abs(want) * 2e-6 + 1e-30,
                        order + ", thread " + i);
            }
            metal.release(out);
        }
        metal.release(in);
        metal.release(pipeline);
    }

    static Stream<Case> computes() {
        return CASES.stream();
    }

    /// One kernel of 64 threads; the number that thread t is to write.
    record Case(String name, String body, IntFunction<Number> expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    /// An expression of x (= thread + 1), t (thread), l (lane) and s (simdgroup).
    private static Case of(String expression, IntFunction<Number> expected) {
        return new Case(expression, "out[t] = float(" + expression + ");", expected);
    }

    private static Case of(String what, String body, IntFunction<Number> expected) {
        return new Case(what, body, expected);
    }

    private static final String SHARED =
            SoftMetal.HEADER
                    + """
                    struct Pair { float a; float b; };
                    constant float table[4] = {1.0f, 10.0f, 100.0f, 1000.0f};
                    template <typename T, uint N>
                    inline T sum(thread const T* values) {
                        T total = T(0);
                        for (uint i = 0; i < N; i++) { total += values[i]; }
                        return total;
                    }
                    inline float second(device const Pair* pairs, uint i) { return pairs[i].b; }
                    """;
    private static final String PARAMETERS =
            """
            (device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
             uint t [[thread_position_in_threadgroup]], ushort l [[thread_index_in_simdgroup]],
             ushort s [[simdgroup_index_in_threadgroup]], uint groups [[simdgroups_per_threadgroup]],
             uint width [[threads_per_simdgroup]]) {
                float x = in[t];
            """;

    private static final List<Case> CASES =
            List.of(
                    // Simdgroups
                    of("simd_sum(x)", t -> t < 32 ? 528 : 1552),
                    of("simd_product(1.0f + float(l == 3))", t -> 2),
                    of("simd_max(x)", t -> t < 32 ? 32 : 64),
                    of("simd_min(x)", t -> t < 32 ? 1 : 33),
                    of("simd_and(l | 4u)", t -> 4),
                    of("simd_or(uint(l))", t -> 31),
                    of("simd_xor(uint(l == 5) * 9u)", t -> 9),
                    of("simd_shuffle(x, 7)", t -> t < 32 ? 8 : 40),
                    of("simd_shuffle(x, ushort(31 - l))", t -> t < 32 ? 32 - t : 96 - t),
                    of("simd_shuffle_xor(x, 5)", t -> (t ^ 5) + 1),
                    of("simd_shuffle_down(x, 4)", t -> t % 32 < 28 ? t + 5 : t + 1),
                    of("simd_shuffle_up(x, 4)", t -> t % 32 >= 4 ? t - 3 : t + 1),
                    of("simd_shuffle_rotate_down(x, 1)", t -> t % 32 < 31 ? t + 2 : t - 30),
                    of("simd_broadcast(x, 3)", t -> t < 32 ? 4 : 36),
                    of("simd_broadcast_first(x)", t -> t < 32 ? 1 : 33),
                    of("simd_prefix_exclusive_sum(uint(2))", t -> 2 * (t % 32)),
                    of("simd_prefix_inclusive_sum(1.0f)", t -> t % 32 + 1),
                    of("simd_any(t == 40)", t -> t < 32 ? 0 : 1),
                    of("simd_all(t < 40)", t -> t < 32 ? 1 : 0),
                    of("popcount(ulong(simd_vote::vote_t(simd_ballot(l < 7))))", t -> 7),
                    of("simd_is_first()", t -> t % 32 == 0 ? 1 : 0),
                    of("simd_sum(half(0.5h))", t -> 16),
                    of("simd_sum(float4(1, 2, 3, x)).w", t -> t < 32 ? 528 : 1552),
                    of("width + groups * 100 + s * 1000", t -> 232 + t / 32 * 1000),
                    // Numbers
                    of("exp(x * 0.1f)", t -> Math.exp(0.1f * (t + 1))),
                    of("exp2(x)", t -> Math.pow(2, t + 1)),
                    of("log(x)", t -> Math.log(t + 1)),
                    of("log2(x)", t -> Math.log(t + 1) / Math.log(2)),
                    of("sqrt(x)", t -> Math.sqrt(t + 1)),
                    of("rsqrt(x)", t -> 1 / Math.sqrt(t + 1)),
                    of("sin(x)", t -> Math.sin(t + 1)),
                    of("cos(x)", t -> Math.cos(t + 1)),
                    of("tanh(x * 0.1f)", t -> Math.tanh(0.1f * (t + 1))),
                    of("pow(x, 1.5f)", t -> Math.pow(t + 1, 1.5)),
                    of("fma(x, x, 1.0f)", t -> (t + 1) * (t + 1) + 1),
                    of("rint(x * 0.5f)", t -> Math.rint((t + 1) * 0.5)),
                    of("floor(-x * 0.5f)", t -> Math.floor(-(t + 1) * 0.5)),
                    of("ceil(x * 0.5f)", t -> Math.ceil((t + 1) * 0.5)),
                    of("fabs(-x) + abs(-3)", t -> t + 4),
                    of("clamp(x, 10.0f, 20.0f)", t -> Math.clamp(t + 1, 10, 20)),
                    of("max(x, 30.0f) - min(x, 30.0f)", t -> Math.abs(t - 29)),
                    of("max(NAN, x) + fmin(x, NAN)", t -> 2 * (t + 1)),
                    of("select(1.0f, 2.0f, t > 5)", t -> t > 5 ? 2 : 1),
                    of("mix(0.0f, 10.0f, 0.25f) + sign(-x) + fract(1.25f)", t -> 1.75),
                    of("isnan(NAN) + isinf(INFINITY) * 2 + isfinite(x) * 4", t -> 7),
                    of(
                            "clz(t + 1u) + ctz(8u) * 100 + popcount(7u) * 1000",
                            t -> Integer.numberOfLeadingZeros(t + 1) + 3300),
                    of("mulhi(0x80000000u, t * 2u)", t -> t),
                    of("0.1", t -> 0.1f),
                    of("1.5h + 2", t -> 3.5),
                    of("0x10 + 1e2 + 07", t -> 123),
                    of("table[t % 4]", t -> Math.pow(10, t % 4)),
                    // half and bfloat, rounded to nearest even
                    of("half(1.0f + 0x1p-11f)", t -> 1),
                    of("half(1.0f + 0x1.8p-10f)", t -> 1 + 0x1p-9),
                    of("half(2048.0f) + half(1.0f)", t -> 2048),
                    of("half(65504.0f)", t -> 65504),
                    of("bfloat(1.0f + 0x1p-8f)", t -> 1),
                    of("bfloat(1.0f + 0x1.8p-7f)", t -> 1 + 0x1p-6),
                    of("as_type<float>(0x40490fdbu)", t -> (float) Math.PI),
                    of("as_type<half>(ushort(0x3c00))", t -> 1),
                    // Vectors
                    of("dot(float4(1, 2, 3, 4), float4(x))", t -> 10 * (t + 1)),
                    of("float4(half4(1.5h, 2.5h, 3.5h, 4.5h)).z", t -> 3.5),
                    of("float4(float2(1, 2), 3, 4).wzyx.x", t -> 4),
                    of("int4(float4(1.7f, -1.7f, 2.5f, x)).y", t -> -1),
                    of("float3(uchar3(1, 200, 3)).y", t -> 200),
                    of("(float4(1, 2, 3, 4) * 2.0f + 1.0f).y", t -> 5),
                    of(
                            "all(float4(1, 2, 3, 4) > 0.5f) + any(int2(0, 1) == int2(5, 1)) * 2",
                            t -> 3),
                    of(
                            "select(float2(1, 2), float2(3, 4), float2(x) > 8.0f).y",
                            t -> t + 1 > 8 ? 4 : 2),
                    of("max(float4(1, 5, 2, 0), 3.0f).x", t -> 3),
                    of("as_type<uint4>(float4(1.0f)).x == 0x3f800000u", t -> 1),
                    of("fma(float4(2), float4(x), float4(1)).w", t -> 2 * (t + 1) + 1),
                    of("vec<float, 2>(x, 2).y", t -> 2),
                    // More than an expression
                    of(
                            "a packed vector at any element",
                            "out[t] = ((device const packed_float4*)(in + t % 60))[0].w;",
                            t -> t % 60 + 4),
                    of(
                            "a struct read by its fields",
                            "out[t] = second((device const Pair*)in, t / 2);",
                            t -> t / 2 * 2 + 2),
                    of(
                            "a template over an array",
                            "float v[3] = {1.0f, 2.0f, x}; out[t] = sum<float, 3>(v);",
                            t -> t + 4),
                    of(
                            "threadgroup memory of two variables",
                            "threadgroup float a[64], b[64]; a[t] = x; b[63 - t] = x;"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); out[t] = a[63"
                                    + " - t] * 100 + b[t];",
                            t -> (64 - t) * 101),
                    of(
                            "a threadgroup array of vectors",
                            "threadgroup half4 tile[2][32]; tile[s][l] = half4(half(x));"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); out[t] ="
                                    + " float(tile[1 - s][l].y);",
                            t -> (t ^ 32) + 1),
                    of(
                            "unwritten threadgroup memory is NaN",
                            "threadgroup float a[64]; out[t] = isnan(a[t]);",
                            t -> 1),
                    of(
                            "atomics of all threads",
                            "threadgroup atomic_uint sum, greatest; if (t == 0) {"
                                    + " atomic_store_explicit(&sum, 0u, memory_order_relaxed);"
                                    + " atomic_store_explicit(&greatest, 0u, memory_order_relaxed); }"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup);"
                                    + " atomic_fetch_add_explicit(&sum, t, memory_order_relaxed);"
                                    + " atomic_fetch_max_explicit(&greatest, t, memory_order_relaxed);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); out[t] ="
                                    + " atomic_load_explicit(&sum, memory_order_relaxed) + 10000 *"
                                    + " atomic_load_explicit(&greatest, memory_order_relaxed);",
                            t -> 2016 + 630000),
                    of(
                            "an atomic float",
                            "threadgroup atomic_float sum; if (t == 0) atomic_store_explicit(&sum,"
                                    + " 0.0f, memory_order_relaxed);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup);"
                                    + " atomic_fetch_add_explicit(&sum, 0.5f, memory_order_relaxed);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); out[t] ="
                                    + " atomic_load_explicit(&sum, memory_order_relaxed);",
                            t -> 32),
                    // in holds the matrix A[r][c] = 8r + c + 1
                    of(
                            "a matrix loaded and stored",
                            "if (s == 0) { simdgroup_float8x8 m; simdgroup_load(m, in, 8);"
                                    + " simdgroup_store(m, out, 8); }",
                            t -> t + 1),
                    of(
                            "a matrix transposed",
                            "if (s == 0) { simdgroup_float8x8 m; simdgroup_load(m, in, 8, ulong2(0,"
                                    + " 0), true); simdgroup_store(m, out, 8); }",
                            t -> t % 8 * 8 + t / 8 + 1),
                    of(
                            "A times A plus the identity",
                            "if (s == 0) { simdgroup_float8x8 a, c(1.0f); simdgroup_load(a, in, 8);"
                                    + " simdgroup_multiply_accumulate(c, a, a, c); simdgroup_store(c,"
                                    + " out, 8); }",
                            t -> {
                                double sum = t / 8 == t % 8 ? 1 : 0;
                                for (int i = 0; i < 8; i++) {
                                    sum += (t / 8 * 8 + i + 1) * (i * 8 + t % 8 + 1);
                                }
                                return sum;
                            }),
                    of(
                            "half matrices into float",
                            "threadgroup half h[64]; h[t] = half(x);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); if (s == 0) {"
                                    + " simdgroup_half8x8 a, b(2.0h); simdgroup_float8x8 c;"
                                    + " simdgroup_load(a, h, 8); simdgroup_multiply(c, a, b);"
                                    + " simdgroup_store(c, out, 8); }",
                            t -> 2 * (t + 1)),
                    of(
                            "the elements of a lane",
                            "if (s == 0) { simdgroup_float8x8 m; simdgroup_load(m, in, 8); out[l *"
                                    + " 2] = m.thread_elements()[0]; out[l * 2 + 1] ="
                                    + " m.thread_elements()[1]; }",
                            t -> {
                                int lane = t / 2;
                                int row = (lane / 4 & 4) + lane / 2 % 4;
                                int column = (lane / 4 & 2) * 2 + lane % 2 * 2;
                                return row * 8 + column + t % 2 + 1;
                            }),
                    of(
                            "the elements of a lane, written",
                            "if (s == 0) { auto m = make_filled_simdgroup_matrix<float, 8,"
                                    + " 8>(0.0f); m.thread_elements()[0] = l; m.thread_elements()[1] ="
                                    + " l + 100; simdgroup_store(m, out, 8); }",
                            t -> {
                                int row = t / 8;
                                int column = t % 8;
                                int lane = (row & 4) << 2 | (column & 4) << 1;
                                lane |= ((row & 3) << 1) | ((column >> 1) & 1);
                                return lane + 100 * (column & 1);
                            }),
                    of(
                            "a matrix stored transposed",
                            "if (s == 0) { simdgroup_float8x8 m; simdgroup_load(m, in, 8);"
                                    + " simdgroup_store(m, out, 8, ulong2(0, 0), true); }",
                            t -> t % 8 * 8 + t / 8 + 1),
                    of(
                            "an origin of one number",
                            "if (s == 0) { simdgroup_float8x8 m; simdgroup_load(m, in, 8, 0, true);"
                                    + " simdgroup_store(m, out, 8, 0, true); }",
                            t -> t + 1),
                    of(
                            "a half matrix within a larger tile",
                            "threadgroup half h[160]; for (uint i = t; i < 160; i += 64) h[i] ="
                                    + " half(float(i));"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); if (s == 0) {"
                                    + " simdgroup_half8x8 m; simdgroup_float8x8 one(1.0f), r;"
                                    + " simdgroup_load(m, h, 12, ulong2(3, 2)); simdgroup_multiply(r,"
                                    + " m, one); simdgroup_store(r, out, 8); }",
                            t -> (t / 8 + 2) * 12 + 3 + t % 8),
                    of(
                            "a half matrix stored into a tile with a stride",
                            "threadgroup half h[96]; if (s == 0) { simdgroup_half8x8 m(3.0h);"
                                    + " simdgroup_store(m, h, 9, ulong2(1, 1)); }"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); out[t] ="
                                    + " float(h[(t / 8 + 1) * 9 + 1 + t % 8]);",
                            t -> t / 8 == t % 8 ? 3 : 0),
                    of(
                            "a bfloat matrix, transposed",
                            "threadgroup bfloat b[64]; b[t] = bfloat(x);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); if (s == 0) {"
                                    + " simdgroup_bfloat8x8 m, two(bfloat(2.0f)); simdgroup_float8x8 r;"
                                    + " simdgroup_load(m, b, 8, ulong2(0, 0), true);"
                                    + " simdgroup_multiply(r, two, m); simdgroup_store(r, out, 8); }",
                            t -> 2 * (t % 8 * 8 + t / 8 + 1)),
                    of(
                            "products added up in place, of half and float",
                            "threadgroup half h[64]; h[t] = half(x);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); if (s == 0) {"
                                    + " simdgroup_half8x8 a; simdgroup_float8x8 b(0.5f);"
                                    + " simdgroup_load(a, h); auto c ="
                                    + " make_filled_simdgroup_matrix<float, 8, 8>(1.0f); for (uint i ="
                                    + " 0; i < 4; i++) simdgroup_multiply_accumulate(c, a, b, c);"
                                    + " simdgroup_store(c, out); }",
                            t -> 2 * (t + 1) + 1),
                    of(
                            "a product over its own factor",
                            "if (s == 0) { simdgroup_float8x8 m(3.0f); simdgroup_multiply(m, m, m);"
                                    + " simdgroup_store(m, out, 8); }",
                            t -> t / 8 == t % 8 ? 9 : 0),
                    of(
                            "matrices of two simdgroups",
                            "threadgroup float f[2][64]; simdgroup_float8x8 c[2]; for (uint i = 0;"
                                    + " i < 2; i++) c[i] = make_filled_simdgroup_matrix<float, 8,"
                                    + " 8>(float(s + i)); simdgroup_store(c[1], f[s], 8);"
                                    + " threadgroup_barrier(mem_flags::mem_threadgroup); out[t] = f[1 -"
                                    + " s][t];",
                            t -> t < 32 ? 2 : 1),
                    of(
                            "an unwritten matrix is NaN",
                            "simdgroup_half8x8 m; out[t] = isnan(m.thread_elements()[0]) &&"
                                    + " isnan(m.thread_elements()[1]);",
                            t -> 1),
                    of(
                            "a filled matrix",
                            "if (s == 0) { auto m = make_filled_simdgroup_matrix<float, 8,"
                                    + " 8>(3.0f); simdgroup_store(m, out, 8); }",
                            t -> 3),
                    of(
                            "denormals are zero",
                            "float tiny = as_type<float>(1u + uint(x > 1000)); out[t] = tiny *"
                                    + " 0x1p100f;",
                            t -> 0));
}
