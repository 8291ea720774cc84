/*
 * One vector type, so that a kernel is written once and compiled for every instruction set.
 *
 * vf is LANES floats, vu so many unsigned integers, of which vu_upper gives the upper halves of products;
 * + - * / work on a vf as they do on a float. Products and sums are fused only where
 * vf_fma says so (the build forbids the compiler to contract), so rounding is what is written here.
 */
#ifndef INGOT_SIMD_H
#define INGOT_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline, unused))

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
/* Vectors in a panel of packed weights: with 12 tokens' sums beside them, what the registers hold. */
#define PANEL_VECTORS 2
typedef __m512 vf;
typedef uint32_t vu __attribute__((vector_size(64)));

INLINE vf vf_set1(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
INLINE void vf_stream(float *p, vf v) { _mm512_stream_ps(p, v); }
INLINE void vf_streamed(void) { _mm_sfence(); }
INLINE vf vf_load_n(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void vf_store_n(float *p, vf v, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf vf_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vf vf_if_less(vf a, vf b, vf then, vf otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), otherwise, then);
}
INLINE vf vf_exp2i(vf n) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
}
INLINE vf vf_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE void vf_store_f16(uint16_t *p, vf v) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(v, 0)); }
INLINE vf vf_load_bf16(const uint16_t *p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
INLINE vf vf_load_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

INLINE vu vu_max(vu a, vu b) { return (vu)_mm512_max_epu32((__m512i)a, (__m512i)b); }
INLINE uint32_t vu_largest(vu v) { return _mm512_reduce_max_epu32((__m512i)v); }
INLINE vu vu_upper(vu a, vu b) {
    __m512i even = _mm512_mul_epu32((__m512i)a, (__m512i)b);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), _mm512_srli_epi64((__m512i)b, 32));
    return (vu)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}
INLINE void vf_store_i8(int8_t *p, vf v) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v))); }
#if defined(__AVX512BF16__)
/*
 * Lanes of two bf16. vp_dot adds the product of the upper halves to each sum, then that of the lower, each
 * rounded once, subnormal numbers taken for zero: what VDPBF16PS does.
 */
#define BF16_PAIRS
typedef __m512i vp;
INLINE vp vp_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE vp vp_set1(const void *pair) {
    int32_t two;
    memcpy(&two, pair, 4);
    return _mm512_set1_epi32(two);
}
INLINE vf vp_dot(vf sum, vp a, vp b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
/* 2 * LANES floats, each to the nearest bf16; neighbours in one lane, the first in the upper half. */
INLINE void vp_store_rounded(void *p, vf first, vf second) {
    _mm512_storeu_si512(p, _mm512_rol_epi32((__m512i)_mm512_cvtne2ps_pbh(second, first), 16));
}
#endif

#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>
#define LANES 8
#define PANEL_VECTORS 2
typedef __m256 vf;
typedef uint32_t vu __attribute__((vector_size(32)));

INLINE vf vf_set1(float x) { return _mm256_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
INLINE void vf_stream(float *p, vf v) { _mm256_stream_ps(p, v); }
INLINE void vf_streamed(void) { _mm_sfence(); }
INLINE __m256i first_lanes(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vf vf_load_n(const float *p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
INLINE void vf_store_n(float *p, vf v, int n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
INLINE vf vf_round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vf vf_if_less(vf a, vf b, vf then, vf otherwise) {
    return _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
INLINE vf vf_exp2i(vf n) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
INLINE vf vf_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE void vf_store_f16(uint16_t *p, vf v) { _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(v, 0)); }
INLINE vf vf_load_bf16(const uint16_t *p) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
INLINE vf vf_load_i8(const int8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

INLINE vu vu_max(vu a, vu b) { return (vu)_mm256_max_epu32((__m256i)a, (__m256i)b); }
INLINE vu vu_upper(vu a, vu b) {
    __m256i even = _mm256_mul_epu32((__m256i)a, (__m256i)b);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), _mm256_srli_epi64((__m256i)b, 32));
    return (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

#else /* four lanes: NEON, or whatever the compiler makes of plain vectors */
#define LANES 4
#define PANEL_VECTORS 4
typedef float vf __attribute__((vector_size(16)));
typedef uint32_t vu __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

INLINE vf vf_set1(float x) { return (vf){x, x, x, x}; }
INLINE vf vf_load(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void vf_store(float *p, vf v) { memcpy(p, &v, sizeof v); }
INLINE void vf_stream(float *p, vf v) { vf_store(p, v); }
INLINE void vf_streamed(void) {}
INLINE vf vf_load_n(const float *p, int n) {
    vf v = {0, 0, 0, 0};
    for (int i = 0; i < n; i++) {
        v[i] = p[i];
    }
    return v;
}
INLINE void vf_store_n(float *p, vf v, int n) {
    for (int i = 0; i < n; i++) {
        p[i] = v[i];
    }
}
INLINE vf vf_if_less(vf a, vf b, vf then, vf otherwise) {
    vi mask = a < b;
    return (vf)(((vi)then & mask) | ((vi)otherwise & ~mask));
}
INLINE vf vf_max(vf a, vf b) { return vf_if_less(b, a, a, b); }
INLINE vu vu_max(vu a, vu b) {
    vu mask = (vu)(a > b);
    return (a & mask) | (b & ~mask);
}

#if defined(__aarch64__) && !defined(INGOT_PORTABLE)
#include <arm_neon.h>
INLINE vu vu_upper(vu a, vu b) {
    uint64x2_t low = vmull_u32(vget_low_u32((uint32x4_t)a), vget_low_u32((uint32x4_t)b));
    uint64x2_t high = vmull_high_u32((uint32x4_t)a, (uint32x4_t)b);
    return (vu)vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high));
}
INLINE vf vf_fma(vf a, vf b, vf c) { return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
INLINE vf vf_round(vf a) { return (vf)vrndnq_f32((float32x4_t)a); }
INLINE vf vf_exp2i(vf n) {
    int32x4_t e = vaddq_s32(vcvtq_s32_f32((float32x4_t)n), vdupq_n_s32(127));
    return (vf)vshlq_n_s32(e, 23);
}
INLINE vf vf_load_f16(const uint16_t *p) {
    return (vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
INLINE void vf_store_f16(uint16_t *p, vf v) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)v))); }
#else
INLINE vu vu_upper(vu a, vu b) {
    vu upper;
    for (int i = 0; i < LANES; i++) {
        upper[i] = (uint32_t)((uint64_t)a[i] * b[i] >> 32);
    }
    return upper;
}
INLINE vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
/* Half-way cases to even, for |a| < 2^22: adding 1.5 * 2^23 leaves no bits for a fraction. */
INLINE vf vf_round(vf a) {
    vf magic = vf_set1(12582912.0f);
    return (a + magic) - magic;
}
INLINE vf vf_exp2i(vf n) {
    vf v;
    for (int i = 0; i < LANES; i++) {
        /* What is not a small number (NaN) only has to stay defined; the caller's factor is NaN then. */
        int32_t e = n[i] > -127 && n[i] < 128 ? (int32_t)n[i] : 0;
        uint32_t bits = (uint32_t)(e + 127) << 23;
        float f;
        memcpy(&f, &bits, sizeof f);
        v[i] = f;
    }
    return v;
}
#define SOFT_F16
#endif
#endif

/* ------------------------------------------------------------------ numbers of 16 bits */

INLINE float f32_from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

INLINE uint32_t f32_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

INLINE float bf16_to_f32(uint16_t h) { return f32_from_bits((uint32_t)h << 16); }

/* Exact: every f16, subnormals included, is a float. */
INLINE float f16_to_f32(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t magnitude = h & 0x7fffu;
    if (magnitude >= 0x7c00) {
        return f32_from_bits(sign | 0x7f800000u | (magnitude << 13));
    }
    /* 2^112 moves f16's exponent bias of 15 to f32's of 127, and makes subnormals normal. */
    return f32_from_bits(sign | f32_bits(f32_from_bits(magnitude << 13) * 0x1p112f));
}

/* To the nearest, ties to even; too large becomes infinite. */
INLINE uint16_t f32_to_f16(float f) {
    uint32_t bits = f32_bits(f);
    uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return (uint16_t)(sign | 0x7e00);
    }
    if (magnitude >= 0x477ff000u) { /* 65520, half way past the largest */
        return (uint16_t)(sign | 0x7c00);
    }
    if (magnitude < 0x38800000u) { /* below 2^-14: the sum's last bit is worth 2^-24, an f16 subnormal's */
        return (uint16_t)(sign | (f32_bits(f32_from_bits(magnitude) + 0.5f) - 0x3f000000u));
    }
    magnitude += 0xfffu + ((magnitude >> 13) & 1); /* round, then move the bias from 127 to 15 */
    return (uint16_t)(sign | ((magnitude - 0x38000000u) >> 13));
}

/* To the nearest, ties to even; NaN stays NaN. */
INLINE uint16_t f32_to_bf16(float f) {
    uint32_t bits = f32_bits(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (uint16_t)(bits >> 16 | 0x40);
    }
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

#if defined(SOFT_F16)
/* Not inlined: in unrolled tiles it would be most of the library. */
static __attribute__((noinline, unused)) vf vf_load_f16(const uint16_t *p) {
    return (vf){f16_to_f32(p[0]), f16_to_f32(p[1]), f16_to_f32(p[2]), f16_to_f32(p[3])};
}
INLINE void vf_store_f16(uint16_t *p, vf v) {
    for (int i = 0; i < LANES; i++) {
        p[i] = f32_to_f16(v[i]);
    }
}
#endif

#if LANES == 4
INLINE vf vf_load_bf16(const uint16_t *p) {
    return (vf){bf16_to_f32(p[0]), bf16_to_f32(p[1]), bf16_to_f32(p[2]), bf16_to_f32(p[3])};
}
INLINE vf vf_load_i8(const int8_t *p) { return (vf){p[0], p[1], p[2], p[3]}; }
#endif

/* A lane of 32 bits holds two bf16; each becomes a float by moving it to the upper half. */
INLINE void vf_load_bf16_pair(const uint16_t *p, vf *low, vf *high) {
    vu raw;
    memcpy(&raw, p, sizeof raw);
    *low = (vf)(raw << 16);
    *high = (vf)(raw & 0xffff0000u);
}

/* ------------------------------------------------------------------ across lanes */

/* Neighbouring halves first, always in this order. */
#if LANES == 16
INLINE float vf_sum(vf v) { return _mm512_reduce_add_ps(v); }
INLINE float vf_largest(vf v) { return _mm512_reduce_max_ps(v); }
#else
INLINE float vf_sum(vf v) {
    float lane[LANES];
    vf_store(lane, v);
    for (int width = LANES / 2; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) {
            lane[i] += lane[i + width];
        }
    }
    return lane[0];
}

INLINE float vf_largest(vf v) {
    float lane[LANES];
    vf_store(lane, v);
    float largest = lane[0];
    for (int i = 1; i < LANES; i++) {
        largest = lane[i] > largest ? lane[i] : largest;
    }
    return largest;
}

INLINE uint32_t vu_largest(vu v) {
    uint32_t largest = v[0];
    for (int i = 1; i < LANES; i++) {
        largest = v[i] > largest ? v[i] : largest;
    }
    return largest;
}

/* v holds integers of 8 bits. */
INLINE void vf_store_i8(int8_t *p, vf v) {
    for (int i = 0; i < LANES; i++) {
        p[i] = (int8_t)v[i];
    }
}
#endif

INLINE vu vu_set1(uint32_t x) { return x - (vu){0}; }

/* What is before the point, of numbers from 0 to below 2^31. */
INLINE vu vu_truncated(vf v) {
    typedef int32_t whole __attribute__((vector_size(sizeof v)));
    return (vu)__builtin_convertvector(v, whole);
}

/* The largest of n; +infinity where they hold that or a NaN. */
INLINE float vf_largest_of(const float *x, int32_t n) {
    vf infinity = vf_set1(INFINITY), largest = vf_set1(-INFINITY);
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf v = vf_load(x + i);
        largest = vf_max(largest, vf_if_less(v, infinity, v, infinity));
    }
    float result = vf_largest(largest);
    for (; i < n; i++) {
        float value = x[i] < INFINITY ? x[i] : INFINITY;
        result = value > result ? value : result;
    }
    return result;
}

/* Without its sign, as bits. */
INLINE vu vu_magnitude(vf v) { return (vu)v & 0x7fffffffu; }

/*
 * e^x within 2 units in the last place: 2^n * e^r with |r| <= ln2/2 and a polynomial of degree 7.
 * Below -87 it is 0, above 88 it stays at e^88; NaN stays NaN.
 */
INLINE vf vf_exp(vf x) {
    vf limit = vf_set1(88.0f);
    vf c = vf_if_less(limit, x, limit, x);
    vf n = vf_round(c * vf_set1(1.44269504f));
    vf r = vf_fma(n, vf_set1(-0.693359375f), c); /* ln2 in two parts, the first exact in few bits */
    r = vf_fma(n, vf_set1(2.12194440e-4f), r);
    vf p = vf_set1(1.0f / 5040);
    p = vf_fma(p, r, vf_set1(1.0f / 720));
    p = vf_fma(p, r, vf_set1(1.0f / 120));
    p = vf_fma(p, r, vf_set1(1.0f / 24));
    p = vf_fma(p, r, vf_set1(1.0f / 6));
    p = vf_fma(p, r, vf_set1(0.5f));
    p = vf_fma(p, r, vf_set1(1.0f));
    p = vf_fma(p, r, vf_set1(1.0f));
    return vf_if_less(x, vf_set1(-87.0f), vf_set1(0.0f), p * vf_exp2i(n));
}

INLINE vf vf_silu(vf x) { return x / (vf_set1(1) + vf_exp(-x)); }

INLINE float exp_one(float x) {
    float lane[LANES];
    vf_store(lane, vf_exp(vf_set1(x)));
    return lane[0];
}

#endif
