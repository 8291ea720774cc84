/*
 * Packed weights: panels of PANEL_ROWS output rows, k-major.
 *
 * For each k, a panel holds one element of each of its rows, so that one load feeds all of them, the
 * sums of neighbouring rows lie in neighbouring lanes, and nothing is ever added across lanes. The
 * last panel is filled up with zero rows. Within one k:
 *
 *   f32, f16   row 0, row 1, row 2, ...
 *   bf16       vectors in pairs: lane i of 32 bits holds row i of the first (low half) and of the second
 *
 * Where the processor multiplies pairs of bf16, a panel of bf16 goes by two k at a time instead: lane i
 * holds row i's k in its upper half and k + 1 in its lower, zero where there is no k + 1. Where it multiplies
 * tiles of them, 32 k of a vector's rows lie together, a tile, and then those of the next vector.
 */
#ifndef INGOT_PANELS_H
#define INGOT_PANELS_H

#include "kernels.h"
#include "simd.h"
#include "tiles.h"

enum { PANEL_ROWS = PANEL_VECTORS * LANES };

INLINE int is_bf16_pairs(int32_t format) {
#if defined(BF16_PAIRS)
    return format == INGOT_BF16;
#else
    (void)format;
    return 0;
#endif
}

/* k that a panel of pairs is made of at a time, and so is filled up to. */
#if defined(TILES)
enum { PAIRS_STEP = TILE_DEPTH / 2 };
#else
enum { PAIRS_STEP = 2 };
#endif

/* Where row r's first element lies in its panel. */
INLINE int32_t panel_slot(int32_t format, int32_t r) {
    if (is_bf16_pairs(format)) {
#if defined(TILES)
        return r / LANES * LANES * PAIRS_STEP + r % LANES * 2 + 1;
#else
        return 2 * r + 1;
#endif
    }
    if (format != INGOT_BF16) {
        return r;
    }
    int32_t vector = r / LANES;
    return (vector / 2) * 2 * LANES + (r % LANES) * 2 + vector % 2;
}

/* How many elements after it a row's k-th lies. */
INLINE int64_t panel_offset(int32_t format, int32_t k) {
    if (!is_bf16_pairs(format)) {
        return (int64_t)k * PANEL_ROWS;
    }
    int64_t in_step = k % PAIRS_STEP / 2 * 2 * (PAIRS_STEP > 2 ? LANES : PANEL_ROWS);
    return (int64_t)(k / PAIRS_STEP) * PAIRS_STEP * PANEL_ROWS + in_step - k % 2;
}

INLINE int64_t panel_bytes(const ingot_matrix *m) {
    int64_t in = is_bf16_pairs(m->format) ? divide_up(m->in, PAIRS_STEP) * (int64_t)PAIRS_STEP : m->in;
    return PANEL_ROWS * in * element_bytes(m->format);
}

/* The elements of one k as floats. `format` must be a constant where this is inlined. */
INLINE void load_panel(int32_t format, const char *p, vf w[PANEL_VECTORS]) {
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v += 2) {
        if (format == INGOT_F32) {
            w[v] = vf_load((const float *)p + v * LANES);
            w[v + 1] = vf_load((const float *)p + (v + 1) * LANES);
        } else if (format == INGOT_F16) {
            w[v] = vf_load_f16((const uint16_t *)p + v * LANES);
            w[v + 1] = vf_load_f16((const uint16_t *)p + (v + 1) * LANES);
        } else {
            vf_load_bf16_pair((const uint16_t *)p + v * LANES, &w[v], &w[v + 1]);
        }
    }
}

#endif
