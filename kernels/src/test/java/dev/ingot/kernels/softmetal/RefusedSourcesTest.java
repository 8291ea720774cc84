package dev.ingot.kernels.softmetal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// One source for every rule of the language: what Metal, or the kernels' profile of it, does not have must not compile.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedSourcesTest {
    private static final String KERNEL =
            "kernel void k(device float* x [[buffer(0)]], uint t"
                    + " [[thread_position_in_threadgroup]], uint g [[threadgroup_position_in_grid]])"
                    + " {\n";

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

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void refuses(String rule, String source, String message) {
        String refusal = metal.refusal(SoftMetal.HEADER + source);
        assertTrue(
                refusal.contains("error: ") && refusal.contains(message),
                refusal.isEmpty() ? "accepted" : refusal);
        assertTrue(refusal.contains("program_source:"), refusal);
    }

    static Stream<Arguments> refuses() {
        return Stream.concat(words(), rules());
    }

    /// What C++ has and Metal has not.
    private static Stream<Arguments> words() {
        return Stream.of(
                body("delete", "delete x; }", "no dynamic memory"),
                body("throw", "throw 1; }", "no exceptions"),
                body("typeid", "x[t] = sizeof(typeid(float)); }", "no run-time type information"),
                body("casts by type", "dynamic_cast<int&>(x); }", "no run-time type information"),
                body("thread_local", "thread_local float y = 1; x[t] = y; }", "no thread_local"),
                body("register", "register float y = 1; x[t] = y; }", "no register"),
                body("assembly", "asm(\"nop\"); x[t] = 1; }", "no inline assembly"),
                body("wide characters", "wchar_t c = 1; x[t] = c; }", "no wide characters"),
                body("volatile", "volatile float y = 1; x[t] = y; }", "volatile is outside"),
                body("textures", "texture2d<float> y; x[t] = 1; }", "textures are not supported"),
                body("long double literals", "x[t] = 1.0L; }", "no long double"),
                body("long long literals", "x[t] = 1ll; }", "no long long"),
                body(
                        "the translator's names",
                        "float sm_y = 1; x[t] = sm_y; }",
                        "the translator's"));
    }

    private static Stream<Arguments> rules() {
        return Stream.of(
                // Address spaces
                body(
                        "a threadgroup pointer as a device pointer",
                        "threadgroup float s[4]; threadgroup float* p = s; device float* q = p;"
                                + " q[0] = x[t]; }",
                        "cannot initialize a variable of type"),
                source(
                        "a device pointer for a thread pointer",
                        "inline void f(thread float* p) { p[0] = 1; }\n" + KERNEL + "f(x); }",
                        "no matching function"),
                source(
                        "a pointer parameter without address space",
                        "inline void f(float* p) { p[0] = 1; }\n" + KERNEL + "x[t] = 1; }",
                        "pointer type must have explicit address space qualifier"),
                source(
                        "a reference parameter without address space",
                        "struct S { float a; };\ninline float f(const S& s) { return s.a; }\n"
                                + KERNEL
                                + "x[t] = 1; }",
                        "reference type must have explicit address space qualifier"),
                body(
                        "a local pointer without address space",
                        "float y[2]; float* p = y; p[0] = 1; x[t] = p[0]; }",
                        "pointer type must have explicit address space qualifier"),
                source(
                        "a write through constant",
                        "struct P { uint n; };\n"
                                + "kernel void k(device float* x [[buffer(0)]], constant P& p"
                                + " [[buffer(1)]]) { p.n = 3; x[0] = p.n; }",
                        "cannot assign to"),
                source(
                        "a buffer in no address space",
                        "kernel void k(float* x [[buffer(0)]]) { x[0] = 1; }",
                        "is in the device or constant address space"),
                source(
                        "a program variable that is not constant",
                        "float shared_value = 1;\n" + KERNEL + "x[t] = shared_value; }",
                        "program scope variable must reside in constant address space"),
                source(
                        "a constant without value",
                        "constant float table[2];\n" + KERNEL + "x[t] = table[0]; }",
                        "must be initialized"),
                source(
                        "a threadgroup variable in a helper",
                        "inline float f() { threadgroup float s[2]; return s[0]; }\n"
                                + KERNEL
                                + "x[t] = f(); }",
                        "declared in a kernel"),
                body(
                        "a threadgroup variable with a value",
                        "threadgroup float s = 1; x[t] = s; }",
                        "cannot have an initializer"),
                // Kernels and their parameters
                source(
                        "a threadgroup parameter in device memory",
                        "kernel void k(device float* x [[threadgroup(0)]]) { x[0] = 1; }",
                        "is in the threadgroup address space"),
                source(
                        "a buffer that is no pointer",
                        "kernel void k(device float* x [[buffer(0)]], constant float n"
                                + " [[buffer(1)]]) { x[0] = n; }",
                        "is a pointer or a reference"),
                source(
                        "an unknown attribute of a kernel",
                        "[[early_tests]] kernel void k(device float* x [[buffer(0)]]) { x[0] = 1;"
                                + " }",
                        "unknown attribute [[early_tests]] of a kernel"),
                source(
                        "an unknown attribute of an instantiation",
                        "template <typename T> kernel void k(device T* x [[buffer(0)]]) { x[0] = 1;"
                                + " }\n"
                                + "template [[visible]] [[host_name(\"a\")]] kernel decltype(k<float>)"
                                + " k<float>;",
                        "unknown attribute [[visible]] of an instantiation"),
                source(
                        "an instantiation of nothing",
                        "template <typename T> kernel void k(device T* x [[buffer(0)]]) { x[0] = 1;"
                                + " }\n"
                                + "template [[host_name(\"a\")]] kernel decltype(k<float>) 3;",
                        "expected the name of the kernel to instantiate"),
                source(
                        "a kernel without a name",
                        "kernel void (device float* x [[buffer(0)]]) { x[0] = 1; }",
                        "expected the kernel's name"),
                source(
                        "a kernel in a namespace",
                        "struct S { kernel void k(device float* x [[buffer(0)]]) { x[0] = 1; } };",
                        "a kernel stands at program scope"),
                source(
                        "a second kernel",
                        "kernel void k(device float* x [[buffer(0)]]) { x[0] = 1; }\n"
                                + "kernel void k(device half* x [[buffer(0)]]) { x[0] = 1.0h; }",
                        "a second kernel 'k'"),
                source(
                        "a function constant of index 64",
                        "constant bool a [[function_constant(64)]];\n" + KERNEL + "x[t] = a; }",
                        "a number below 64"),
                source(
                        "a function constant with a value",
                        "constant bool a [[function_constant(0)]] = true;\n"
                                + KERNEL
                                + "x[t] = a; }",
                        "a function constant has no initializer"),
                body(
                        "attributes of C++",
                        "[[clang::nomerge]] x[t] = 1; }",
                        "the attribute [[clang]] is not supported here"),
                source(
                        "a buffer index beyond 30",
                        "kernel void k(device float* x [[buffer(31)]]) { x[0] = 1; }",
                        "between 0 and 30"),
                source(
                        "a buffer index used twice",
                        "kernel void k(device float* x [[buffer(1)]], device float* y"
                                + " [[buffer(1)]]) { x[0] = y[0]; }",
                        "used twice"),
                source(
                        "a parameter without attribute",
                        "kernel void k(device float* x) { x[0] = 1; }",
                        "needs an explicit attribute"),
                source(
                        "an unknown attribute",
                        "kernel void k(device float* x [[buffer(0)]], uint t [[thread_colour]]) {"
                                + " x[t] = 1; }",
                        "unknown attribute [[thread_colour]]"),
                source(
                        "a position of type float",
                        "kernel void k(device float* x [[buffer(0)]], float t"
                                + " [[thread_position_in_grid]]) { x[0] = t; }",
                        "positions and sizes are uint, ushort"),
                source(
                        "positions of different widths",
                        "kernel void k(device float* x [[buffer(0)]], uint3 a"
                                + " [[thread_position_in_threadgroup]], uint b"
                                + " [[threadgroup_position_in_grid]]) { x[a.x] = b; }",
                        "the same number of components"),
                source(
                        "a kernel that returns a value",
                        "kernel int k(device float* x [[buffer(0)]]) { return 1; }",
                        "a kernel returns void"),
                source(
                        "an instantiation without a name",
                        "template <typename T> kernel void k(device T* x [[buffer(0)]]) { x[0] = 1;"
                                + " }\n"
                                + "template kernel decltype(k<float>) k<float>;",
                        "host_name"),
                source(
                        "two kernels of one name",
                        "kernel void a(device float* x [[buffer(0)]]) { x[0] = 1; }\n"
                                + "[[host_name(\"a\")]] kernel void b(device float* x [[buffer(0)]]) {"
                                + " x[0] = 1; }",
                        "two kernels are named 'a'"),
                source(
                        "function constants that share an index",
                        "constant bool a [[function_constant(0)]];\n"
                                + "constant bool b [[function_constant(0)]];\n"
                                + KERNEL
                                + "x[t] = a && b; }",
                        "share index 0"),
                // Words
                body("double", "double d = x[t]; x[t] = d; }", "no double"),
                body("long long", "long long n = 1; x[t] = n; }", "no long long"),
                body("new", "float* p = new float[2]; x[t] = p[0]; }", "no dynamic memory"),
                source(
                        "virtual functions",
                        "struct S { virtual int f() { return 1; } };\n" + KERNEL + "x[t] = 1; }",
                        "no virtual functions"),
                body("exceptions", "try { x[t] = 1; } catch (...) {} }", "no exceptions"),
                body("goto", "again: x[t] = 1; if (t > 100) goto again; }", "no goto"),
                body("static locals", "static int n = 0; x[t] = n; }", "cannot be declared static"),
                body(
                        "the standard library of C++",
                        "x[t] = std::max(1.0f, 2.0f); }",
                        "C++ standard library is not available"),
                source(
                        "headers of C++",
                        "#include <vector>\n" + KERNEL + "x[t] = 1; }",
                        "file not found"),
                body(
                        "arrays of variable length",
                        "float y[t + 1]; y[0] = 1; x[t] = y[0]; }",
                        "variable length array"),
                body("lambdas", "auto f = [&](uint i) { return x[i]; }; x[t] = f(t); }", "lambdas"),
                source(
                        "unions",
                        "union U { float f; uint u; };\n" + KERNEL + "x[t] = 1; }",
                        "unions are outside"),
                body(
                        "functions that MSL does not have",
                        "x[t] = simd_frobnicate(x[t]); }",
                        "undeclared identifier"),
                // Matrices of a simdgroup
                body(
                        "a half matrix from floats",
                        "simdgroup_half8x8 m; simdgroup_load(m, x, 8); x[t] ="
                                + " m.thread_elements()[0]; }",
                        "no matching function"),
                body(
                        "a matrix from the thread's own memory",
                        "float y[64]; y[0] = x[t]; simdgroup_float8x8 m; simdgroup_load(m, y, 8);"
                                + " x[t] = m.thread_elements()[0]; }",
                        "no matching function"),
                body(
                        "a matrix of integers",
                        "simdgroup_matrix<int, 8, 8> m(1); x[t] = m.thread_elements()[0]; }",
                        "of half, bfloat or float"),
                body(
                        "a matrix of 16 by 16",
                        "simdgroup_matrix<float, 16, 16> m(1.0f); x[t] = m.thread_elements()[0]; }",
                        "simdgroup_matrix is 8x8"),
                body(
                        "a lane's elements as a vector",
                        "simdgroup_float8x8 m(1.0f); float2 v = m.thread_elements(); x[t] = v.x; }",
                        "no viable conversion"),
                // Vectors
                body(
                        "a float4 from a half4 without construction",
                        "half4 h = half4(1.0h); float4 f = h; x[t] = f.x; }",
                        "cannot initialize a variable of type"),
                body(
                        "a float4 of three components",
                        "float4 f = float4(1.0f, 2.0f, 3.0f); x[t] = f.x; }",
                        "wrong number of components"),
                body(
                        "a float2 from a float4",
                        "float2 f = float2(float4(1.0f)); x[t] = f.x; }",
                        "one of another size"),
                body(
                        "a C cast of vectors",
                        "half4 h = half4(1.0h); float4 f = (float4)(h); x[t] = f.x; }",
                        "cast vectors by construction"),
                body("max of two types", "uint n = 3; x[t] = max(1, n); }", "no matching function"),
                body(
                        "as_type of another size",
                        "x[t] = as_type<float>(half(1)); }",
                        "the two types differ in size"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void accepts(String what, String source) {
        assertEquals("", metal.refusal(SoftMetal.HEADER + source));
    }

    static Stream<Arguments> accepts() {
        return Stream.of(
                body("literals without suffix", "x[t] = x[t] * 0.1 + 2.0 + 1e-3; }"),
                body(
                        "vectors of vectors",
                        "float2 a = float2(1, 2); float4 f = float4(a, float2(x[t])); x[t] = f.w;"
                                + " }"),
                body(
                        "threadgroup pointers",
                        "threadgroup float s[4]; threadgroup float* p = s + 1; p[0] = 1; x[t] ="
                                + " s[1]; }"),
                body(
                        "if constexpr and pragmas",
                        """
                        constexpr uint n = 4; if constexpr (n > 2) {
                        #pragma unroll
                        for (uint i = 0; i < n; i++) x[i] = i; } }\
                        """),
                source(
                        "program constants",
                        "constant float table[3] = {1.0f, 2.0f, 3.0f};\n"
                                + "constexpr constant uint N = 3;\n"
                                + KERNEL
                                + "x[t] = table[t % N]; }"),
                source(
                        "helpers with thread pointers",
                        "inline void f(thread float* p) { p[0] = 1; }\n"
                                + KERNEL
                                + "float y[2]; f(y); x[t] = y[0]; }"),
                source(
                        "structs with comparison operators in templates",
                        "template <typename T, uint N> struct Tile { T v[N]; };\n"
                                + KERNEL
                                + "Tile<float, 4> tile; tile.v[0] = t < 3 ? 1.0f : 0.0f; x[t] ="
                                + " tile.v[0]; }"));
    }

    @Test
    void namesEveryErrorAtItsPlace() {
        String refusal =
                metal.refusal(
                        SoftMetal.HEADER
                                + "#define SUM(a, b) ((a) + (b))\n"
                                + KERNEL
                                + "    x[t]   =   SUM(1, 2)  + missing;\n}\n");
        assertTrue(
                refusal.contains(
                        "program_source:5:29: error: use of undeclared identifier 'missing'"),
                refusal);
        assertTrue(
                refusal.contains(
                        "    x[t]   =   SUM(1, 2)  + missing;\n                            ^"),
                refusal);
    }

    private static Arguments source(String rule, String source, String message) {
        return Arguments.of(rule, source, message);
    }

    private static Arguments source(String what, String source) {
        return Arguments.of(what, source);
    }

    private static Arguments body(String rule, String body, String message) {
        return Arguments.of(rule, KERNEL + body, message);
    }

    private static Arguments body(String what, String body) {
        return Arguments.of(what, KERNEL + body);
    }
}
