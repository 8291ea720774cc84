/*
 * Products with weights in BF16 by the matrix unit.
 *
 * It multiplies pairs of BF16. A float of x is the sum of three: its first 8 significant bits, the next 8, the last 8.
 * So a step over 32 inputs adds the products with the last bits, then with those in the middle, then with the first:
 * every product is exact, and one output element is one chain of sums over the steps, whatever its company. With
 * INGOT_ROUNDED, x is rounded to BF16 instead and is one part only.
 */
#include "matmul_tiles.h"

#if defined(TILES)

enum {
    STEP = PAIRS_STEP,
    TILE_SIZE = TILE_ROWS * TILE_DEPTH,
    STEP_BYTES = PANEL_VECTORS * TILE_SIZE
};

/* ------------------------------------------------------------------ the rows of x, in parts */

/* Of a part of a row; what the row does not fill is zero. */
INLINE int64_t part_bytes(const ingot_matrix *m) { return ((int64_t)m->in + STEP - 1) / STEP * TILE_DEPTH; }

/* An odd number of cache lines: rows of a tile are read side by side, and should not meet in one set of the cache. */
static int64_t prepared_bytes(const ingot_matrix *m) { return BF16_PARTS * part_bytes(m) | 64; }

/* The first 8 significant bits of each; a NaN stays one. */
INLINE vf first_bits(vf x) {
    __m512i bits = _mm512_castps_si512(x);
    __mmask16 none = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    bits = _mm512_mask_or_epi32(bits, none, bits, _mm512_set1_epi32(0x00400000));
    return _mm512_castsi512_ps(_mm512_and_si512(bits, _mm512_set1_epi32((int32_t)0xffff0000)));
}

/* What is left of each; of what is no finite number nothing. */
INLINE vf rest_after(vf x, vf first) {
    __mmask16 finite = _mm512_cmp_ps_mask(_mm512_abs_ps(x), vf_set1(INFINITY), _CMP_LT_OQ);
    return _mm512_maskz_sub_ps(finite, x, first);
}

/* 2 * LANES floats that are BF16; neighbours in one lane, the first in the upper half. */
INLINE void store_pairs(char *out, vf first, vf second) {
    __m256i low = _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(first), 16));
    __m256i high = _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(second), 16));
    _mm512_storeu_si512(out, _mm512_rol_epi32(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1), 16));
}

INLINE void prepare_step(vf first, vf second, int64_t part, char *out) {
    if (BF16_PARTS == 1) {
        vp_store_rounded(out, first, second);
        return;
    }
    for (int p = 0; p < BF16_PARTS; p++, out += part) {
        vf a = first_bits(first), b = first_bits(second);
        store_pairs(out, a, b);
        first = rest_after(first, a);
        second = rest_after(second, b);
    }
}

static void prepare(const ingot_matrix *m, const float *x, char *out) {
    const int64_t part = part_bytes(m);
    int32_t k = 0;
    for (; k + STEP <= m->in; k += STEP) {
        prepare_step(vf_load(x + k), vf_load(x + k + LANES), part, out + 2 * k);
    }
    if (k < m->in) {
        int32_t first = min_int(m->in - k, LANES), second = max_int(m->in - k - LANES, 0);
        vf none = vf_set1(0);
        prepare_step(vf_load_n(x + k, first), second > 0 ? vf_load_n(x + k + LANES, second) : none, part, out + 2 * k);
    }
}

/* ------------------------------------------------------------------ tiles */

/* A step of 16 rows of x, or of twice 16 `to_second` bytes apart, times a panel. `both` is a constant where inlined. */
INLINE void add_step(
    int both, const char *x, int64_t row_bytes, int64_t to_second, int64_t part, const char *w) {
    TILE_LOAD(6, w, TILE_DEPTH);
    TILE_LOAD(7, w + TILE_SIZE, TILE_DEPTH);
    UNROLL
    for (int p = BF16_PARTS - 1; p >= 0; p--) {
        TILE_LOAD(4, x + p * part, row_bytes);
        TILE_PAIRS(0, 4, 6);
        TILE_PAIRS(1, 4, 7);
        if (both) {
            TILE_LOAD(5, x + to_second + p * part, row_bytes);
            TILE_PAIRS(2, 5, 6);
            TILE_PAIRS(3, 5, 7);
        }
    }
}

INLINE void add_steps(
    const ingot_matrix *m, int both, int is_first, const char *x, int64_t row_bytes, int64_t to_second, int32_t panel,
    float sum[2 * TILE_ROWS][PANEL_ROWS]) {
    const int64_t part = part_bytes(m);
    const char *w = (const char *)m->data + panel * panel_bytes(m), *end = w + panel_bytes(m);
    TILE_ZERO(0);
    TILE_ZERO(1);
    if (both) {
        TILE_ZERO(2);
        TILE_ZERO(3);
    }
    for (; w < end; w += STEP_BYTES, x += TILE_DEPTH) {
        if (is_first) {
            prefetch(w, STEP_BYTES);
            prefetch_page(w);
        }
        add_step(both, x, row_bytes, to_second, part, w);
    }
    TILE_STORE(0, sum[0], sizeof sum[0]);
    TILE_STORE(1, sum[0] + LANES, sizeof sum[0]);
    if (both) {
        TILE_STORE(2, sum[TILE_ROWS], sizeof sum[0]);
        TILE_STORE(3, sum[TILE_ROWS] + LANES, sizeof sum[0]);
    }
}

/* ------------------------------------------------------------------ one row */

/* A step's x as floats: of each part the first ones of the pairs, then the second ones. */
INLINE void unpack_step(const char *x, int64_t part, float out[BF16_PARTS][2][LANES]) {
    UNROLL
    for (int p = 0; p < BF16_PARTS; p++) {
        vp pairs = vp_load(x + p * part);
        vf_store(out[p][0], (vf)_mm512_and_si512(pairs, _mm512_set1_epi32((int32_t)0xffff0000)));
        vf_store(out[p][1], (vf)_mm512_slli_epi32(pairs, 16));
    }
}

/*
 * What the tiles do, by vectors, because those read memory faster and a lone row is multiplied at its speed: the very
 * bits, if subnormal numbers count as zero.
 */
static __attribute__((noinline)) void add_row_steps(
    const ingot_matrix *m, const char *x, int32_t panel, float sum[PANEL_ROWS]) {
    const int64_t part = part_bytes(m);
    const char *w = (const char *)m->data + panel * panel_bytes(m), *end = w + panel_bytes(m);
    vf total[PANEL_VECTORS] = {vf_set1(0), vf_set1(0)};
    for (; w < end; w += STEP_BYTES, x += TILE_DEPTH) {
        _Alignas(64) float xs[BF16_PARTS][2][LANES];
        unpack_step(x, part, xs);
        vf first[BF16_PARTS][PANEL_VECTORS], second[BF16_PARTS][PANEL_VECTORS];
        UNROLL
        for (int p = 0; p < BF16_PARTS; p++) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                first[p][v] = second[p][v] = vf_set1(0);
            }
        }
        for (int i = 0; i < LANES; i++) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                const char *pairs = w + v * TILE_SIZE + i * TILE_DEPTH;
                __builtin_prefetch(pairs + PREFETCH_BYTES);
                vf w1 = (vf)_mm512_and_si512(vp_load(pairs), _mm512_set1_epi32((int32_t)0xffff0000));
                vf w2 = (vf)_mm512_slli_epi32(vp_load(pairs), 16);
                UNROLL
                for (int p = 0; p < BF16_PARTS; p++) {
                    first[p][v] = vf_fma(w1, vf_set1(xs[p][0][i]), first[p][v]);
                    second[p][v] = vf_fma(w2, vf_set1(xs[p][1][i]), second[p][v]);
                }
            }
        }
        UNROLL
        for (int p = BF16_PARTS - 1; p >= 0; p--) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                total[v] = total[v] + (first[p][v] + second[p][v]);
            }
        }
    }
    vf_store(sum, total[0]);
    vf_store(sum + LANES, total[1]);
}

static void multiply_row(const ingot_op *op, const char *x, int32_t row, int32_t panel, int32_t panel_end) {
    const uint32_t usual = _mm_getcsr();
    float sum[PANEL_ROWS];
    for (; panel < panel_end; panel++) {
        _mm_setcsr(usual | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON);
        add_row_steps(&op->matrix, x, panel, sum);
        _mm_setcsr(usual);
        write_row(op, row, panel, (vf[]){vf_load(sum), vf_load(sum + LANES)});
    }
}

/* ------------------------------------------------------------------ rows */

/* Tiles are full, so that they have one shape: the last of them has some of the rows before it once more. */
static int multiply(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel,
    int32_t panel_end) {
    if (BF16_PARTS > 1 && end - row == 1) { /* of one part the tiles are as fast */
        multiply_row(op, x, row, panel, panel_end);
        return 1;
    }
    _Alignas(64) float sum[2 * TILE_ROWS][PANEL_ROWS];
    tiles_begin(min_int(end - row, TILE_ROWS), TILE_DEPTH);
    for (; panel < panel_end; panel++) {
        for (int32_t at = row, to; at < end; at = to) {
            to = min_int(at + 2 * TILE_ROWS, end);
            int both = to - at > TILE_ROWS;
            int32_t last = max_int(row, to - TILE_ROWS), first = both ? at : last;
            const char *from = x + (first - row) * row_bytes;
            if (both) {
                add_steps(&op->matrix, 1, at == row, from, row_bytes, (last - first) * row_bytes, panel, sum);
            } else {
                add_steps(&op->matrix, 0, at == row, from, row_bytes, 0, panel, sum);
            }
            for (int32_t r = at; r < to; r++) {
                const float *found = r - first < TILE_ROWS ? sum[r - first] : sum[TILE_ROWS + r - last];
                write_row(op, r, panel, (vf[]){vf_load(found), vf_load(found + LANES)});
            }
        }
    }
    tiles_end();
    return 1;
}

const product bf16_product = {prepared_bytes, prepare, multiply, 2 * TILE_ROWS, LARGE_BLOCK_BYTES};

#endif
