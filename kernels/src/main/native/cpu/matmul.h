/* What the dense and the quantized products have in common: how an op is cut, and how a result is written. */
#ifndef INGOT_MATMUL_H
#define INGOT_MATMUL_H

#include "panels.h"

enum {
    TILE_ROWS = 6,
    MAX_STREAMS = 4,
    BLOCK_BYTES = 384 << 10, /* of x: half of a usual second-level cache */
    PREFETCH_BYTES = 1536,
    ITEMS_A_THREAD = 4
};

/* How rows times a matrix are cut into items: the same in every thread. */
typedef struct cut {
    int32_t panels;
    int32_t panels_an_item;
    int32_t panel_items;
    int32_t rows_a_block;
    int32_t blocks;
} cut;

INLINE cut cut_of(const ingot_matrix *m, int32_t rows, int64_t row_bytes, int32_t threads) {
    cut c;
    int32_t fitting = (int32_t)(BLOCK_BYTES / row_bytes) / TILE_ROWS * TILE_ROWS;
    c.rows_a_block = max_int(fitting, 4 * TILE_ROWS);
    c.blocks = divide_up(rows, c.rows_a_block);
    c.rows_a_block = divide_up(rows, max_int(c.blocks, 1));
    c.panels = divide_up(m->out, PANEL_ROWS);
    int32_t even = c.panels * c.blocks / (threads * ITEMS_A_THREAD);
    c.panels_an_item = max_int(1, min_int(MAX_STREAMS, even));
    c.panel_items = divide_up(c.panels, c.panels_an_item);
    return c;
}

/* One row of out from a panel's sums: then the bias, then what was in out. */
INLINE void write_row(const ingot_op *op, int32_t row, int32_t panel, const vf sum[PANEL_VECTORS]) {
    const float *bias = op->t[2].data;
    int32_t first = panel * PANEL_ROWS;
    float *out = row_of(&op->t[0], row) + first;
    int add = op->code == INGOT_OP_MATMUL_ADD;
    for (int v = 0; v < PANEL_VECTORS; v++) {
        int32_t n = min_int(op->matrix.out - first - v * LANES, LANES);
        if (n == LANES) {
            vf y = sum[v];
            if (bias != NULL) {
                y = y + vf_load(bias + first + v * LANES);
            }
            if (add) {
                y = y + vf_load(out + v * LANES);
            }
            vf_store(out + v * LANES, y);
        } else if (n > 0) {
            vf y = sum[v];
            if (bias != NULL) {
                y = y + vf_load_n(bias + first + v * LANES, n);
            }
            if (add) {
                y = y + vf_load_n(out + v * LANES, n);
            }
            vf_store_n(out + v * LANES, y, n);
        }
    }
}

/* matmul_quantized.c: what a kernel's functions do for INGOT_Q4 and INGOT_Q8; run answers 0 for no such matrix. */
int32_t quantized_items(const ingot_op *op, const context *ctx, int32_t phase);
int quantized_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item);

#endif
