/*
 * Products with weights in F32, F16 and BF16, and x as it is.
 *
 * One output element is one chain of fused multiply-adds over k = 0, 1, 2, ... starting from 0.
 */
#include "matmul.h"

/* `rows` rows from `x` on, a constant where inlined, times one panel. */
INLINE void tile(
    const ingot_op *op, int format, int rows, const char *x, int64_t row_bytes, int32_t row, int32_t panel) {
    const ingot_matrix *m = &op->matrix;
    const int64_t step = PANEL_ROWS * (format == INGOT_F32 ? 4 : 2);
    const char *w = (const char *)m->data + panel * panel_bytes(m);
    vf sum[LARGE_TILE][PANEL_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            sum[r][v] = vf_set1(0);
        }
    }
    for (int64_t k = 0; k < m->in; k++, w += step) {
        prefetch(w, step);
        vf wk[PANEL_VECTORS];
        load_panel(format, w, wk);
        UNROLL
        for (int r = 0; r < rows; r++) {
            vf xk = vf_set1(((const float *)(x + r * row_bytes))[k]);
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                sum[r][v] = vf_fma(wk[v], xk, sum[r][v]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        write_row(op, row + r, panel, sum[r]);
    }
}

#define TILE(height, at) tile(op, format, height, x + ((at) - row) * row_bytes, row_bytes, at, panel)

INLINE void panels_times_rows(
    const ingot_op *op, int format, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel,
    int32_t panel_end) {
    for (; panel < panel_end; panel++) {
        FOR_TILES(LARGE_TILE, row, end, TILE)
    }
}

static int multiply(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel,
    int32_t panel_end) {
    switch (op->matrix.format) {
    case INGOT_F32:
        panels_times_rows(op, INGOT_F32, x, row_bytes, row, end, panel, panel_end);
        return 1;
    case INGOT_F16:
        panels_times_rows(op, INGOT_F16, x, row_bytes, row, end, panel, panel_end);
        return 1;
    case INGOT_BF16:
        panels_times_rows(op, INGOT_BF16, x, row_bytes, row, end, panel, panel_end);
        return 1;
    default:
        return 0;
    }
}

const product dense_product = {NULL, NULL, multiply, LARGE_TILE, BLOCK_BYTES};
