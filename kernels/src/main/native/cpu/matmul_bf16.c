/*
 * Products with weights in BF16 where the processor multiplies pairs of them, at twice the speed of F32.
 *
 * The rows of x are rounded to BF16 first, each element to the nearest. One output element is then one
 * chain of fused multiply-adds over k = 0, 1, 2, ... starting from 0, as it would be without pairs; only
 * subnormal numbers count as zero.
 */
#include "matmul.h"
#include "tiles.h"

#if defined(BF16_PAIRS) && !defined(TILES)

static int64_t prepared_bytes(const ingot_matrix *m) { return ((int64_t)m->in * 2 + 63) / 64 * 64; }

static void prepare(const ingot_matrix *m, const float *x, char *out) {
    int32_t k = 0;
    for (; k + 2 * LANES <= m->in; k += 2 * LANES) {
        vp_store_rounded(out + 2 * k, vf_load(x + k), vf_load(x + k + LANES));
    }
    if (k < m->in) {
        int32_t first = min_int(m->in - k, LANES), second = max_int(m->in - k - LANES, 0);
        vf none = vf_set1(0);
        vp_store_rounded(out + 2 * k, vf_load_n(x + k, first), second > 0 ? vf_load_n(x + k + LANES, second) : none);
    }
}

/* `rows` rows from `x` on, a constant where inlined, times one panel. */
INLINE void tile(const ingot_op *op, int rows, const char *x, int64_t row_bytes, int32_t row, int32_t panel) {
    const ingot_matrix *m = &op->matrix;
    const int64_t step = PANEL_ROWS * 4;
    const char *w = (const char *)m->data + panel * panel_bytes(m), *end = w + panel_bytes(m);
    vf sum[LARGE_TILE][PANEL_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            sum[r][v] = vf_set1(0);
        }
    }
    for (; w < end; w += step, x += 4) {
        prefetch(w, step);
        vp wk[PANEL_VECTORS];
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            wk[v] = vp_load(w + v * LANES * 4);
        }
        UNROLL
        for (int r = 0; r < rows; r++) {
            vp xk = vp_set1(x + r * row_bytes);
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                sum[r][v] = vp_dot(sum[r][v], wk[v], xk);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        write_row(op, row + r, panel, sum[r]);
    }
}

#define TILE(height, at) tile(op, height, x + ((at) - row) * row_bytes, row_bytes, at, panel)

static int multiply(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel,
    int32_t panel_end) {
    for (; panel < panel_end; panel++) {
        FOR_TILES(LARGE_TILE, row, end, TILE)
    }
    return 1;
}

const product bf16_product = {prepared_bytes, prepare, multiply, LARGE_TILE, BLOCK_BYTES};

#elif !defined(TILES)
const product bf16_product = {0};
#endif
