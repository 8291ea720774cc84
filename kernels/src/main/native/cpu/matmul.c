/*
 * out = x * w^T, for one row and for thousands.
 *
 * One output element is one chain of fused multiply-adds over k = 0, 1, 2, ... starting from 0; then
 * the bias, then what was in out. Which rows share a tile decides only which chains run side by side,
 * so every tile gives the same bits.
 *
 * An item is a few panels of weights times a block of rows of x. A tile of up to TILE_ROWS rows keeps
 * its sums in registers; while the tiles of a block pass, the panel stays in the cache, so that the
 * weights are read from memory once a block. With one row there is nothing but reading: several panels
 * then run side by side, each a stream of its own for the prefetcher.
 */
#include "matmul.h"
#include "quants.h"

static cut dense_cut(const ingot_op *op, const context *ctx) {
    return cut_of(&op->matrix, op->t[1].rows, (int64_t)op->matrix.in * 4, ctx->threads);
}

static int32_t matmul_items(const ingot_op *op, const context *ctx, int32_t phase) {
    if (is_quantized(op->matrix.format)) {
        return quantized_items(op, ctx, phase);
    }
    if (phase > 0 || op->t[1].rows == 0) {
        return 0;
    }
    cut c = dense_cut(op, ctx);
    return c.panel_items * c.blocks;
}

/* `rows` rows from `row` on, times `streams` panels from `panel` on; both constants where inlined. */
INLINE void tile(const ingot_op *op, int format, int rows, int streams, int32_t row, int32_t panel) {
    const ingot_matrix *m = &op->matrix;
    const int64_t step = PANEL_ROWS * (format == INGOT_F32 ? 4 : 2);
    const int64_t panel_bytes = step * m->in;
    const char *w = (const char *)m->data + panel * panel_bytes;
    const float *x = row_of(&op->t[1], row);
    const int64_t stride = op->t[1].stride;
    vf sum[MAX_STREAMS][TILE_ROWS][PANEL_VECTORS];
    UNROLL
    for (int s = 0; s < streams; s++) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                sum[s][r][v] = vf_set1(0);
            }
        }
    }
    for (int64_t k = 0; k < m->in; k++) {
        UNROLL
        for (int s = 0; s < streams; s++) {
            const char *p = w + s * panel_bytes + k * step;
            /* Past the end of the matrix this touches nothing: a prefetch of no address is no fault. */
            __builtin_prefetch(p + PREFETCH_BYTES);
            vf wk[PANEL_VECTORS];
            load_panel(format, p, wk);
            UNROLL
            for (int r = 0; r < rows; r++) {
                vf xk = vf_set1(x[r * stride + k]);
                UNROLL
                for (int v = 0; v < PANEL_VECTORS; v++) {
                    sum[s][r][v] = vf_fma(wk[v], xk, sum[s][r][v]);
                }
            }
        }
    }
    UNROLL
    for (int s = 0; s < streams; s++) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            write_row(op, row + r, panel + s, sum[s][r]);
        }
    }
}

/* All rows of a block, in tiles of as equal heights as can be. */
INLINE void panel_times_block(const ingot_op *op, int format, int32_t panel, int32_t row, int32_t end) {
    int32_t tiles = divide_up(end - row, TILE_ROWS);
    for (; tiles > 0; tiles--) {
        int32_t height = divide_up(end - row, tiles);
        switch (height) {
        case 1:
            tile(op, format, 1, 1, row, panel);
            break;
        case 2:
            tile(op, format, 2, 1, row, panel);
            break;
        case 3:
            tile(op, format, 3, 1, row, panel);
            break;
        case 4:
            tile(op, format, 4, 1, row, panel);
            break;
        case 5:
            tile(op, format, 5, 1, row, panel);
            break;
        default:
            tile(op, format, 6, 1, row, panel);
        }
        row += height;
    }
}

INLINE void panels_times_block(
    const ingot_op *op, int format, int32_t panel, int32_t panel_end, int32_t row, int32_t end) {
    int32_t rows = end - row;
    while (rows == 1 && panel_end - panel >= 4) {
        tile(op, format, 1, 4, row, panel);
        panel += 4;
    }
    while (rows == 1 && panel_end - panel >= 2) {
        tile(op, format, 1, 2, row, panel);
        panel += 2;
    }
    while (rows == 2 && panel_end - panel >= 2) {
        tile(op, format, 2, 2, row, panel);
        panel += 2;
    }
    for (; panel < panel_end; panel++) {
        panel_times_block(op, format, panel, row, end);
    }
}

static void matmul_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    if (is_quantized(op->matrix.format)) {
        if (!quantized_run(op, ctx, phase, item)) {
            fail(ctx, INGOT_BAD_OP, op_index, 0, op->matrix.group, MAX_GROUP);
        }
        return;
    }
    cut c = dense_cut(op, ctx);
    int32_t panel = item % c.panel_items * c.panels_an_item;
    int32_t panel_end = min_int(panel + c.panels_an_item, c.panels);
    int32_t row = item / c.panel_items * c.rows_a_block;
    int32_t end = min_int(row + c.rows_a_block, op->t[1].rows);
    switch (op->matrix.format) {
    case INGOT_F32:
        panels_times_block(op, INGOT_F32, panel, panel_end, row, end);
        break;
    case INGOT_F16:
        panels_times_block(op, INGOT_F16, panel, panel_end, row, end);
        break;
    case INGOT_BF16:
        panels_times_block(op, INGOT_BF16, panel, panel_end, row, end);
        break;
    default:
        fail(ctx, INGOT_BAD_OP, op_index, 0, op->matrix.format, INGOT_FORMATS);
    }
}

static int64_t matmul_work(const ingot_op *op) { return op->t[1].rows * (int64_t)op->matrix.out * op->matrix.in / 16; }

const kernel matmul_kernel = {matmul_items, matmul_run, matmul_work};
