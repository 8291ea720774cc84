/*
 * Quantized weights in panels, and the integer vectors that they are multiplied with.
 *
 * A weight is scale * level + bias, the level a small unsigned integer, scale and bias those of its row
 * and of the group of neighbouring inputs that it belongs to. A panel holds its groups one after another:
 *
 *   the scales of its rows; their biases, where they are not -zero * scale; then the levels, k-major:
 *   INGOT_Q8   vectors of LANES rows times 4 inputs, one byte each
 *   INGOT_Q4   vectors of LANES rows times 8 inputs: inputs 0..3 in the lower halves of the bytes, 4..7
 *              in the upper, each an index into a table of 16 levels
 *
 * What the vectors add up to is exact, so every instruction set arrives at the same integers.
 */
#ifndef INGOT_QUANTS_H
#define INGOT_QUANTS_H

#include "panels.h"

enum { Q8_STEP = 4, Q4_STEP = 8, LEVEL_BYTES = LANES * 4, MAX_GROUP = 64 };

INLINE int is_quantized(int32_t format) { return format == INGOT_Q4 || format == INGOT_Q8; }

/* ------------------------------------------------------------------ where things lie */

INLINE int64_t scales_bytes(const ingot_matrix *m) { return PANEL_ROWS * (m->scale_format == INGOT_F32 ? 4 : 2); }

/* From the beginning of a group in a panel to its levels. */
INLINE int64_t levels_at(const ingot_matrix *m) { return scales_bytes(m) * (m->zero < 0 ? 2 : 1); }

INLINE int64_t group_bytes(const ingot_matrix *m) {
    return levels_at(m) + (int64_t)PANEL_ROWS * m->group / (m->format == INGOT_Q4 ? 2 : 1);
}

INLINE char *group_of(const ingot_matrix *m, int64_t panel, int64_t group) {
    return (char *)m->data + (panel * (m->in / m->group) + group) * group_bytes(m);
}

/* Where the level of a panel's row and of a group's input lies among the group's levels. */
INLINE int32_t level_byte(int32_t format, int32_t row, int32_t k) {
    int32_t step = k / (format == INGOT_Q4 ? Q4_STEP : Q8_STEP);
    return (step * PANEL_VECTORS + row / LANES) * LEVEL_BYTES + row % LANES * 4 + k % 4;
}

/* E2M1 (OCP Microscaling Formats 1.0): twice the values 0, .5, 1, 1.5, 2, 3, 4, 6 and their negatives, plus 12. */
enum { E2M1_ZERO = 12 };
static const uint8_t level_tables[2][16] = {
    [INGOT_LINEAR] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    [INGOT_E2M1] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0},
};

/* ------------------------------------------------------------------ vectors of bytes */

/*
 * vi is LANES integers of 32 bits, or of as many bytes four times.
 *
 *   vi_dot        adds to each lane its four bytes, unsigned, times the four signed bytes at x
 *   vi_dot_small  the same for bytes below 32, which some instruction sets do faster
 *   vi_low, _high the lower and upper halves of the bytes; vi_lookup replaces them by the table's entries
 */
#if defined(__AVX512F__)
typedef __m512i vi;
INLINE vi vi_set1(int32_t x) { return _mm512_set1_epi32(x); }
INLINE vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE vi vi_table(const uint8_t *table) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
}
INLINE vi vi_low(vi v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
INLINE vi vi_high(vi v) { return vi_low(_mm512_srli_epi16(v, 4)); }
INLINE vi vi_lookup(vi table, vi v) { return _mm512_shuffle_epi8(table, v); }
INLINE vf vi_floats(vi v) { return _mm512_cvtepi32_ps(v); }
INLINE vi vi_dot(vi sum, vi w, const int8_t *x) {
    int32_t four;
    memcpy(&four, x, 4);
    return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(four));
}
INLINE vi vi_dot_small(vi sum, vi w, const int8_t *x) { return vi_dot(sum, w, x); }

#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
typedef __m256i vi;
INLINE vi vi_set1(int32_t x) { return _mm256_set1_epi32(x); }
INLINE vi vi_load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE vi vi_table(const uint8_t *table) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}
INLINE vi vi_low(vi v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
INLINE vi vi_high(vi v) { return vi_low(_mm256_srli_epi16(v, 4)); }
INLINE vi vi_lookup(vi table, vi v) { return _mm256_shuffle_epi8(table, v); }
INLINE vf vi_floats(vi v) { return _mm256_cvtepi32_ps(v); }
/* Sums of two products in 16 bits: 2 * 31 * 127 is far from saturation. */
INLINE vi vi_dot_small(vi sum, vi w, const int8_t *x) {
    int32_t four;
    memcpy(&four, x, 4);
    vi pairs = _mm256_maddubs_epi16(w, _mm256_set1_epi32(four));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
/* 2 * 255 * 127 would saturate: the halves of the bytes one after the other, the upper worth 16. */
INLINE vi vi_dot(vi sum, vi w, const int8_t *x) {
    int32_t four;
    memcpy(&four, x, 4);
    vi pairs = _mm256_maddubs_epi16(vi_high(w), _mm256_set1_epi32(four));
    return vi_dot_small(_mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(16))), vi_low(w), x);
}

#elif defined(__aarch64__) && !defined(INGOT_PORTABLE)
INLINE vi vi_set1(int32_t x) { return (vi)vdupq_n_s32(x); }
INLINE vi vi_load(const void *p) { return (vi)vld1q_u8(p); }
INLINE vi vi_table(const uint8_t *table) { return vi_load(table); }
INLINE vi vi_low(vi v) { return (vi)vandq_u8((uint8x16_t)v, vdupq_n_u8(15)); }
INLINE vi vi_high(vi v) { return (vi)vshrq_n_u8((uint8x16_t)v, 4); }
INLINE vi vi_lookup(vi table, vi v) { return (vi)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)v); }
INLINE vf vi_floats(vi v) { return (vf)vcvtq_f32_s32((int32x4_t)v); }
INLINE vi vi_dot(vi sum, vi w, const int8_t *x) {
    int32_t four;
    memcpy(&four, x, 4);
#if defined(__ARM_FEATURE_MATMUL_INT8)
    return (vi)vusdotq_s32((int32x4_t)sum, (uint8x16_t)w, (int8x16_t)vdupq_n_s32(four));
#elif defined(__ARM_FEATURE_DOTPROD)
    /* w is 64 + 64 + (w - 128), each a signed byte. */
    int8x16_t x4 = (int8x16_t)vdupq_n_s32(four), half = vdupq_n_s8(64);
    int32x4_t offset = vdotq_s32(vdotq_s32((int32x4_t)sum, half, x4), half, x4);
    return (vi)vdotq_s32(offset, (int8x16_t)veorq_u8((uint8x16_t)w, vdupq_n_u8(0x80)), x4);
#else
    int16x4_t q = vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four))));
    int16x8_t first = (int16x8_t)vmovl_u8(vget_low_u8((uint8x16_t)w));
    int16x8_t last = (int16x8_t)vmovl_u8(vget_high_u8((uint8x16_t)w));
    int32x4_t rows01 = vpaddq_s32(vmull_s16(vget_low_s16(first), q), vmull_s16(vget_high_s16(first), q));
    int32x4_t rows23 = vpaddq_s32(vmull_s16(vget_low_s16(last), q), vmull_s16(vget_high_s16(last), q));
    return (vi)vaddq_s32((int32x4_t)sum, vpaddq_s32(rows01, rows23));
#endif
}
INLINE vi vi_dot_small(vi sum, vi w, const int8_t *x) {
#if defined(__ARM_FEATURE_DOTPROD)
    int32_t four;
    memcpy(&four, x, 4);
    return (vi)vdotq_s32((int32x4_t)sum, (int8x16_t)w, (int8x16_t)vdupq_n_s32(four));
#else
    return vi_dot(sum, w, x);
#endif
}

#else
typedef uint8_t vb __attribute__((vector_size(16)));
INLINE vi vi_set1(int32_t x) { return (vi){x, x, x, x}; }
INLINE vi vi_load(const void *p) {
    vi v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE vi vi_table(const uint8_t *table) { return vi_load(table); }
INLINE vi vi_low(vi v) { return (vi)((vb)v & 15); }
INLINE vi vi_high(vi v) { return (vi)((vb)v >> 4); }
INLINE vi vi_lookup(vi table, vi v) {
    vb found;
    for (int i = 0; i < 16; i++) {
        found[i] = ((vb)table)[((vb)v)[i]];
    }
    return (vi)found;
}
INLINE vf vi_floats(vi v) { return (vf){(float)v[0], (float)v[1], (float)v[2], (float)v[3]}; }
INLINE vi vi_dot(vi sum, vi w, const int8_t *x) {
    vb bytes = (vb)w;
    for (int i = 0; i < LANES; i++) {
        sum[i] += bytes[4 * i] * x[0] + bytes[4 * i + 1] * x[1] + bytes[4 * i + 2] * x[2] + bytes[4 * i + 3] * x[3];
    }
    return sum;
}
INLINE vi vi_dot_small(vi sum, vi w, const int8_t *x) { return vi_dot(sum, w, x); }
#endif

/* ------------------------------------------------------------------ scales */

/* The scales or biases of LANES rows, from row `first` of the panel on. */
INLINE vf load_scales(int32_t format, const char *p, int32_t first) {
    switch (format) {
    case INGOT_F32:
        return vf_load((const float *)p + first);
    case INGOT_F16:
        return vf_load_f16((const uint16_t *)p + first);
    default:
        return vf_load_bf16((const uint16_t *)p + first);
    }
}

INLINE float load_scale(int32_t format, const char *p, int32_t row) {
    switch (format) {
    case INGOT_F32:
        return ((const float *)p)[row];
    case INGOT_F16:
        return f16_to_f32(((const uint16_t *)p)[row]);
    default:
        return bf16_to_f32(((const uint16_t *)p)[row]);
    }
}

#endif
