// The numeric functions of MSL that Ingot's kernels may use. A function that is missing here is a compile error: add it
// with its test, after a look into the Metal Shading Language Specification.
#pragma once

#include "types.h"

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define MAXFLOAT 3.402823466e+38f
#define FLT_MAX MAXFLOAT
#define FLT_MIN 1.17549435e-38f
#define FLT_EPSILON 1.1920929e-07f
#define MAXHALF ((half)65504.0f)
#define HALF_MAX MAXHALF
#define HALF_MIN ((half)6.103515625e-05f)
#define M_PI_F 3.14159274f
#define M_PI_2_F 1.57079637f
#define M_1_PI_F 0.318309886f
#define M_2_SQRTPI_F 1.12837917f
#define M_SQRT2_F 1.41421354f
#define M_SQRT1_2_F 0.707106769f
#define M_E_F 2.71828175f
#define M_LN2_F 0.693147182f
#define M_LOG2E_F 1.44269502f
#define CHAR_BIT 8
#define INT_MAX 0x7fffffff
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX 0xffffffffu
#define SHRT_MAX 0x7fff
#define USHRT_MAX 0xffff
#define UCHAR_MAX 0xff

#ifdef __NVPTX__
extern "C" {
float __nv_expf(float);
float __nv_exp2f(float);
float __nv_exp10f(float);
float __nv_logf(float);
float __nv_log2f(float);
float __nv_log10f(float);
float __nv_sinf(float);
float __nv_cosf(float);
float __nv_tanf(float);
float __nv_asinf(float);
float __nv_acosf(float);
float __nv_atanf(float);
float __nv_sinhf(float);
float __nv_coshf(float);
float __nv_tanhf(float);
float __nv_powf(float, float);
float __nv_atan2f(float, float);
float __nv_fmodf(float, float);
}
#define SM_LIBM(name) __nv_##name
#else
#define SM_LIBM(name) __builtin_##name
#endif

namespace metal {

template <class T>
struct numeric_limits;
#define SM_INTEGER_LIMITS(T, low, high)                          \
    template <>                                                  \
    struct numeric_limits<T> {                                   \
        static constexpr T max() { return (T)(high); }           \
        static constexpr T min() { return (T)(low); }            \
        static constexpr T lowest() { return (T)(low); }         \
    };
SM_INTEGER_LIMITS(char, -128, 127)
SM_INTEGER_LIMITS(uchar, 0, 255)
SM_INTEGER_LIMITS(short, -32768, 32767)
SM_INTEGER_LIMITS(ushort, 0, 65535)
SM_INTEGER_LIMITS(int, INT_MIN, INT_MAX)
SM_INTEGER_LIMITS(uint, 0, UINT_MAX)
#define SM_FLOAT_LIMITS(T, smallest, greatest)                                \
    template <>                                                               \
    struct numeric_limits<T> {                                                \
        static constexpr T max() { return (T)(greatest); }                    \
        static constexpr T min() { return (T)(smallest); }                    \
        static constexpr T lowest() { return (T)(-(greatest)); }              \
        static constexpr T infinity() { return (T)__builtin_inff(); }         \
        static constexpr T quiet_NaN() { return (T)__builtin_nanf(""); }      \
    };
SM_FLOAT_LIMITS(float, FLT_MIN, FLT_MAX)
SM_FLOAT_LIMITS(half, 6.103515625e-05f, 65504.0f)
SM_FLOAT_LIMITS(bfloat, FLT_MIN, 3.38953139e38f)
#undef SM_INTEGER_LIMITS
#undef SM_FLOAT_LIMITS

// One name for float, half and their vectors; half is computed in float and rounded once.
#define SM_UNARY(name, expression)                                            \
    SM_INLINE float name(float x) { return expression; }                      \
    SM_INLINE half name(half h) {                                             \
        float x = (float)h;                                                   \
        return (half)(expression);                                            \
    }                                                                         \
    template <int N>                                                          \
    SM_INLINE vec<float, N> name(vec<float, N> v) {                           \
        vec<float, N> r;                                                      \
        for (int i = 0; i < N; i++) {                                         \
            r[i] = name((float)v[i]);                                         \
        }                                                                     \
        return r;                                                             \
    }                                                                         \
    template <int N>                                                          \
    SM_INLINE vec<half, N> name(vec<half, N> v) {                             \
        vec<half, N> r;                                                       \
        for (int i = 0; i < N; i++) {                                         \
            r[i] = name((half)v[i]);                                          \
        }                                                                     \
        return r;                                                             \
    }
#define SM_BINARY(name, expression)                                           \
    SM_INLINE float name(float x, float y) { return expression; }             \
    SM_INLINE half name(half a, half b) {                                     \
        float x = (float)a, y = (float)b;                                     \
        return (half)(expression);                                            \
    }                                                                         \
    template <class T, int N>                                                 \
    SM_INLINE vec<T, N> name(vec<T, N> a, vec<T, N> b) {                      \
        vec<T, N> r;                                                          \
        for (int i = 0; i < N; i++) {                                         \
            r[i] = name((T)a[i], (T)b[i]);                                    \
        }                                                                     \
        return r;                                                             \
    }

SM_UNARY(exp, SM_LIBM(expf)(x))
SM_UNARY(exp2, SM_LIBM(exp2f)(x))
SM_UNARY(exp10, SM_LIBM(exp10f)(x))
SM_UNARY(log, SM_LIBM(logf)(x))
SM_UNARY(log2, SM_LIBM(log2f)(x))
SM_UNARY(log10, SM_LIBM(log10f)(x))
SM_UNARY(sin, SM_LIBM(sinf)(x))
SM_UNARY(cos, SM_LIBM(cosf)(x))
SM_UNARY(tan, SM_LIBM(tanf)(x))
SM_UNARY(asin, SM_LIBM(asinf)(x))
SM_UNARY(acos, SM_LIBM(acosf)(x))
SM_UNARY(atan, SM_LIBM(atanf)(x))
SM_UNARY(sinh, SM_LIBM(sinhf)(x))
SM_UNARY(cosh, SM_LIBM(coshf)(x))
SM_UNARY(tanh, SM_LIBM(tanhf)(x))
SM_UNARY(sqrt, __builtin_sqrtf(x))
SM_UNARY(rsqrt, 1.0f / __builtin_sqrtf(x))
SM_UNARY(floor, __builtin_floorf(x))
SM_UNARY(ceil, __builtin_ceilf(x))
SM_UNARY(trunc, __builtin_truncf(x))
SM_UNARY(round, __builtin_roundf(x))
SM_UNARY(rint, __builtin_rintf(x))
SM_UNARY(fabs, __builtin_fabsf(x))
SM_UNARY(fract, __builtin_fminf(x - __builtin_floorf(x), 0x1.fffffep-1f))
SM_UNARY(sign, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? x : 0.0f)
SM_UNARY(saturate, __builtin_fminf(__builtin_fmaxf(x, 0.0f), 1.0f))
SM_BINARY(pow, SM_LIBM(powf)(x, y))
SM_BINARY(powr, SM_LIBM(powf)(x, y))
SM_BINARY(atan2, SM_LIBM(atan2f)(x, y))
SM_BINARY(fmod, SM_LIBM(fmodf)(x, y))
SM_BINARY(fmax, __builtin_fmaxf(x, y))
SM_BINARY(fmin, __builtin_fminf(x, y))
SM_BINARY(copysign, __builtin_copysignf(x, y))
SM_BINARY(step, y < x ? 0.0f : 1.0f)
#undef SM_UNARY
#undef SM_BINARY

SM_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
SM_INLINE half fma(half a, half b, half c) { return (half)__builtin_fmaf((float)a, (float)b, (float)c); }
template <class T, int N>
SM_INLINE vec<T, N> fma(vec<T, N> a, vec<T, N> b, vec<T, N> c) {
    if constexpr (is_same_v<T, float>) {
        return __builtin_elementwise_fma(a, b, c);
    } else {
        vec<T, N> r;
        for (int i = 0; i < N; i++) {
            r[i] = fma((T)a[i], (T)b[i], (T)c[i]);
        }
        return r;
    }
}
template <class T>
SM_INLINE T mad(T a, T b, T c) {
    return a * b + c;
}

// Arguments of one type only: max(1, x) with an unsigned x is ambiguous on a Mac, and an error here.
// Of a float and a NaN these give the float, as fmax and fmin do.
template <class T>
SM_INLINE T max(T a, T b) {
    if constexpr (is_floating_point_v<T>) {
        return (T)__builtin_fmaxf((float)a, (float)b);
    } else {
        return __builtin_elementwise_max(a, b);
    }
}
template <class T>
SM_INLINE T min(T a, T b) {
    if constexpr (is_floating_point_v<T>) {
        return (T)__builtin_fminf((float)a, (float)b);
    } else {
        return __builtin_elementwise_min(a, b);
    }
}
template <class T, int N>
SM_INLINE vec<T, N> max(vec<T, N> a, T b) {
    return max(a, (vec<T, N>)(b));
}
template <class T, int N>
SM_INLINE vec<T, N> min(vec<T, N> a, T b) {
    return min(a, (vec<T, N>)(b));
}
template <class T>
SM_INLINE T max3(T a, T b, T c) {
    return max(max(a, b), c);
}
template <class T>
SM_INLINE T min3(T a, T b, T c) {
    return min(min(a, b), c);
}
template <class T>
SM_INLINE T clamp(T x, T low, T high) {
    return min(max(x, low), high);
}
template <class T, int N>
SM_INLINE vec<T, N> clamp(vec<T, N> x, T low, T high) {
    return min(max(x, low), high);
}
template <class T>
SM_INLINE T mix(T x, T y, T a) {
    return x + (y - x) * a;
}
template <class T>
SM_INLINE T select(T a, T b, bool c) {
    return c ? b : a;
}
/// Per component; clang's comparisons of vectors give integers, MSL's give bool: any non-zero integer is true.
template <class T, class C, int N>
SM_INLINE vec<T, N> select(vec<T, N> a, vec<T, N> b, vec<C, N> c) {
    static_assert(is_integral_v<C>, "select: the condition is a comparison or a vector of bool");
    vec<T, N> r;
    for (int i = 0; i < N; i++) {
        r[i] = c[i] ? b[i] : a[i];
    }
    return r;
}
template <class C, int N>
SM_INLINE bool any(vec<C, N> c) {
    static_assert(is_integral_v<C>, "any: of a comparison or a vector of bool");
    bool r = false;
    for (int i = 0; i < N; i++) {
        r = r || c[i];
    }
    return r;
}
template <class C, int N>
SM_INLINE bool all(vec<C, N> c) {
    static_assert(is_integral_v<C>, "all: of a comparison or a vector of bool");
    bool r = true;
    for (int i = 0; i < N; i++) {
        r = r && c[i];
    }
    return r;
}

SM_INLINE float abs(float x) { return __builtin_fabsf(x); }
SM_INLINE half abs(half x) { return (half)__builtin_fabsf((float)x); }
SM_INLINE int abs(int x) { return __builtin_elementwise_abs(x); }
template <class T, int N>
SM_INLINE vec<T, N> abs(vec<T, N> x) {
    return __builtin_elementwise_abs(x);
}

/// Products summed from the first component to the last.
template <class T, int N>
SM_INLINE T dot(vec<T, N> a, vec<T, N> b) {
    T r = a[0] * b[0];
    for (int i = 1; i < N; i++) {
        r += a[i] * b[i];
    }
    return r;
}
template <int N>
SM_INLINE float length(vec<float, N> a) {
    return __builtin_sqrtf(dot(a, a));
}

SM_INLINE bool isnan(float x) { return __builtin_isnan(x); }
SM_INLINE bool isnan(half x) { return __builtin_isnan((float)x); }
SM_INLINE bool isinf(float x) { return __builtin_isinf(x); }
SM_INLINE bool isinf(half x) { return __builtin_isinf((float)x); }
SM_INLINE bool isfinite(float x) { return __builtin_isfinite(x); }
SM_INLINE bool isfinite(half x) { return __builtin_isfinite((float)x); }
SM_INLINE bool signbit(float x) { return __builtin_signbit(x); }

SM_INLINE uint popcount(uint x) { return (uint)__builtin_popcount(x); }
SM_INLINE int popcount(int x) { return __builtin_popcount((uint)x); }
SM_INLINE ulong popcount(ulong x) { return (ulong)__builtin_popcountl(x); }
SM_INLINE uint clz(uint x) { return x ? (uint)__builtin_clz(x) : 32u; }
SM_INLINE int clz(int x) { return x ? __builtin_clz((uint)x) : 32; }
SM_INLINE uint ctz(uint x) { return x ? (uint)__builtin_ctz(x) : 32u; }
SM_INLINE int ctz(int x) { return x ? __builtin_ctz((uint)x) : 32; }
SM_INLINE uint reverse_bits(uint x) { return __builtin_bitreverse32(x); }
SM_INLINE uint rotate(uint x, uint by) { return __builtin_rotateleft32(x, by); }
SM_INLINE int mulhi(int a, int b) { return (int)(((long)a * (long)b) >> 32); }
SM_INLINE uint mulhi(uint a, uint b) { return (uint)(((ulong)a * (ulong)b) >> 32); }
SM_INLINE uint extract_bits(uint x, uint offset, uint bits) { return bits ? (x >> offset) & (0xffffffffu >> (32 - bits)) : 0u; }

namespace precise {
using metal::cos;
using metal::exp;
using metal::exp2;
using metal::log;
using metal::log2;
using metal::pow;
using metal::rsqrt;
using metal::sin;
using metal::sqrt;
using metal::tanh;
} // namespace precise
// The host has no less exact variants; what they may deviate by must come from a Mac.
namespace fast {
using metal::cos;
using metal::exp;
using metal::exp2;
using metal::log;
using metal::log2;
using metal::pow;
using metal::rsqrt;
using metal::sin;
using metal::sqrt;
using metal::tanh;
} // namespace fast

} // namespace metal

/// `as_type` is a keyword of MSL, outside every namespace.
template <class To, class From>
SM_INLINE To as_type(From from) {
    static_assert(sizeof(To) == sizeof(From), "as_type: the two types differ in size");
    return __builtin_bit_cast(To, from);
}
