package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
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

/// A source for every rule of the lint, beside those that do not compile at all ([RefusedSourcesTest]).
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LintRulesTest {
    private static final String KERNEL =
            "kernel void k(device float* x [[buffer(0)]], uint t"
                    + " [[thread_position_in_threadgroup]]) {\n";

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

    private String lint(String source) {
        int bytes = 1 << 16;
        MemorySegment text = metal.arena.allocate(bytes);
        long found =
                (long)
                        metal.messages.call(
                                "softmetal_lint",
                                JAVA_LONG,
                                metal.arena.allocateFrom(SoftMetal.HEADER + source),
                                MemorySegment.NULL,
                                text,
                                (long) bytes);
        return found == 0 ? "" : text.getString(0);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void refuses(String rule, String source, String message) {
        String found = lint(source);
        assertTrue(found.contains(message), found.isEmpty() ? "accepted" : found);
        assertTrue(found.contains("program_source:"), found);
    }

    static Stream<Arguments> refuses() {
        return Stream.of(
                // What does not compile
                body("unknown names", "x[t] = nonsense; }", "undeclared identifier"),
                // The profile
                body("literals without f", "x[t] = x[t] * 0.5; }", "a literal without f or h"),
                source(
                        "helpers that are not inline",
                        "float twice(float v) { return v + v; }\n"
                                + KERNEL
                                + "x[t] = twice(x[t]); }",
                        "'twice' is neither a kernel nor inline"),
                source(
                        "templates that are not inline",
                        "template <typename T> T twice(T v) { return v + v; }\n"
                                + KERNEL
                                + "x[t] = twice(x[t]); }",
                        "'twice' is neither a kernel nor inline"),
                source(
                        "inheritance",
                        "struct A { float a; };\nstruct B : A { float b; };\n"
                                + KERNEL
                                + "B b; b.a = 1; x[t] = b.a; }",
                        "inheritance is outside"),
                source(
                        "a struct copied out of device memory",
                        "struct S { float a; float b; };\n"
                                + "kernel void k(device S* x [[buffer(0)]], uint t"
                                + " [[thread_position_in_threadgroup]]) { S s = x[t]; x[t + 1].a = s.b;"
                                + " }",
                        "no matching constructor"),
                source(
                        "a member function of an object in device memory",
                        "struct S { float a; float get() const { return a; } };\n"
                                + "kernel void k(device S* x [[buffer(0)]], uint t"
                                + " [[thread_position_in_threadgroup]]) { x[t].a = x[t + 1].get(); }",
                        "cannot initialize object parameter"),
                // Fast math
                body("infinity", "x[t] = max(x[t], -INFINITY); }", "INFINITY has no meaning"),
                body("NaN", "x[t] = x[t] > 0.0f ? x[t] : NAN; }", "NAN has no meaning"),
                body("isnan", "x[t] = isnan(x[t]) ? 0.0f : x[t]; }", "isnan has no meaning"),
                body(
                        "NaN by another name",
                        "x[t] = x[t] > __builtin_nanf(\"\") ? 1.0f : 0.0f; }",
                        "use of NaN is undefined behavior"),
                // What LLVM shows
                source(
                        "recursion",
                        "inline float f(uint n) { return n == 0 ? 1.0f : float(n) * f(n - 1); }\n"
                                + KERNEL
                                + "x[t] = f(t); }",
                        "'f' calls itself"),
                source(
                        "recursion of two",
                        "inline float g(uint n);\n"
                                + "inline float f(uint n) { return n == 0 ? 1.0f : g(n - 1); }\n"
                                + "inline float g(uint n) { return f(n / 2); }\n"
                                + KERNEL
                                + "x[t] = f(t); }",
                        "'g' calls itself"),
                source(
                        "function pointers",
                        "typedef float (*F)(float);\n"
                                + "inline float a(float v) { return v; }\n"
                                + "inline float b(float v) { return -v; }\n"
                                + KERNEL
                                + "F f = t > 3 ? a : b; x[t] = f(x[t]); }",
                        "'k' calls through a pointer"),
                body(
                        "a cast to another address space",
                        "thread float* p = (thread float*)x; p[t] = 1; }",
                        "'k' casts a pointer to another address space"),
                body(
                        "double, by its other name",
                        "x[t] = float(__builtin_sqrt(x[t])); }",
                        ": error: "),
                body(
                        "arrays that no registers hold",
                        "float y[300]; for (uint i = 0; i < 300; i++) y[i] = x[i]; x[t] = y[t * 7 %"
                                + " 300]; }",
                        "keeps 1200 bytes per thread outside of registers"),
                body(
                        "sums in a loop that is not unrolled",
                        "float y[8] = {}; _Pragma(\"clang loop unroll(disable)\")"
                                + " for (uint i = 0; i < 8; i++) y[i] = x[i]; x[t] = y[3]; }",
                        "keeps 32 bytes per thread outside of registers"),
                body(
                        "an index that is a choice",
                        "float y[2] = {x[0], x[1]}; x[t] = y[t > 3 ? 1 : 0]; }",
                        "keeps 8 bytes per thread outside of registers"),
                body(
                        "memory of no fixed size",
                        "thread float* y = (thread float*)__builtin_alloca(4 * t); y[0] = x[t];"
                                + " x[t] = y[t / 2]; }",
                        "takes memory of no fixed size from its stack"),
                // The other GPU
                source(
                        "overloads that differ in their address space only",
                        "inline float f(device const float* p) { return p[0]; }\n"
                                + "inline float f(constant float* p) { return -p[0]; }\n"
                                + "kernel void k(device float* x [[buffer(0)]], constant float* y"
                                + " [[buffer(1)]]) { x[0] = f(x) + f(y); }",
                        "redefinition of 'f'"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void accepts(String what, String source) {
        assertEquals("", lint(source));
    }

    static Stream<Arguments> accepts() {
        return Stream.of(
                Arguments.of(
                        "helpers, templates, constants, atomics, threadgroup memory",
                        """
                        constant bool FLAG [[function_constant(0)]];
                        constexpr constant float LOW = -1e30f;
                        struct Params { uint n; float scale; };
                        template <typename T> inline T twice(T v) { return v + v; }
                        inline void add(thread float* v, float by) { v[0] += by; }
                        template <typename T> kernel void k(device T* x [[buffer(0)]], constant Params& p [[buffer(1)]],
                                device atomic_uint* n [[buffer(2)]], threadgroup float* s [[threadgroup(0)]],
                                uint t [[thread_position_in_threadgroup]]) {
                            threadgroup float own[32];
                            own[t % 32] = 0.5f;
                            threadgroup_barrier(mem_flags::mem_threadgroup);
                            float v[2] = {max(LOW, float(x[t])), own[0]};
                            add(v, p.scale);
                            s[t] = simd_sum(v[0]);
                            if (FLAG) { atomic_fetch_max_explicit(n, p.n, memory_order_relaxed); }
                            x[t] = T(twice(s[t]) + float(1.0h));
                        }
                        template [[host_name("k_f16")]] kernel decltype(k<half>) k<half>;
                        template [[host_name("k_f32")]] kernel decltype(k<float>) k<float>;
                        """),
                Arguments.of(
                        "simdgroup matrices",
                        KERNEL
                                + "simdgroup_float8x8 a, b(2.0f); simdgroup_half8x8 c(1.0h); auto d"
                                + " = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);"
                                + " simdgroup_load(a, x, 8, ulong2(0, 0), true);"
                                + " simdgroup_multiply_accumulate(d, a, b, d);"
                                + " simdgroup_multiply_accumulate(d, c, a, d); simdgroup_store(d,"
                                + " x, 8); x[t] += d.thread_elements()[1]; }"));
    }

    private static Arguments source(String rule, String source, String message) {
        return Arguments.of(rule, source, message);
    }

    private static Arguments body(String rule, String body, String message) {
        return Arguments.of(rule, KERNEL + body, message);
    }
}
