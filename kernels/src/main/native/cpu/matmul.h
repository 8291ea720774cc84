/* What all products have in common: how rows reach the tiles, how an op is cut, and how a result is written. */
#ifndef INGOT_MATMUL_H
#define INGOT_MATMUL_H

#include "panels.h"

enum {
    ITEM_PANELS = 16, /* at most: the longer an item, the less often reading starts anew */
#if defined(TILES)
    PREFETCH_BYTES = 3328, /* measured on processors that have them */
#else
    PREFETCH_BYTES = 6144, /* what memory takes to answer, at the pace of several rows */
#endif
    BLOCK_BYTES = 384 << 10, /* half of a usual second-level cache */
    LARGE_BLOCK_BYTES = 1 << 20, /* of those that come with tiles */
    STREAMED_BYTES = 4 << 20,    /* of results, that no cache waits for */
    ITEMS_A_THREAD = 2, /* at least, if there are as many panels */
    SINGLES_A_THREAD = 4 /* units of a phase that are dealt out one by one, at its end */
};

/*
 * Asks for weights that are read soon, into the second-level cache: the first has too few reads under way
 * for memory. Past the end of the matrix this touches nothing: it is no fault.
 */
INLINE void prefetch(const char *p, int64_t bytes) {
    UNROLL
    for (int64_t i = 0; i < bytes; i += 64) {
        __builtin_prefetch(p + PREFETCH_BYTES + i, 0, 2);
    }
}

/* ------------------------------------------------------------------ products */

/*
 * How x is multiplied with the matrices of a family of formats. Where there is nothing to prepare, the
 * tiles take the rows of x as they are; else as `prepare` wrote them into the scratch.
 */
typedef struct product {
    int64_t (*prepared_bytes)(const ingot_matrix *m); /* of a row; NULL where nothing is prepared */
    void (*prepare)(const ingot_matrix *m, const float *x, char *out);
    /* Rows row..end, `row_bytes` apart from x on, times panels panel..panel_end; 0 for no format of the family. */
    int (*multiply)(
        const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel,
        int32_t panel_end);
    int32_t tile_rows;   /* that go best together */
    int32_t block_bytes; /* of x, that go best with a panel */
} product;

extern const product dense_product, bf16_product, quantized_product;

/* ------------------------------------------------------------------ stretches */

/*
 * Rows of x that are multiplied in one phase: all of them, or where they have to be prepared as many as
 * the scratch holds. Then each stretch has a phase before, in which they are prepared.
 */
typedef struct stretch {
    const product *product;
    int64_t row_bytes; /* from a row to the next, for the tiles */
    int32_t first, end;
    int preparing;
} stretch;

/* Which rows an op's phase is about, none after its last; `m` is a matrix of the op's format. */
stretch stretch_of(const ingot_op *op, const ingot_matrix *m, const context *ctx, int32_t phase);

int32_t prepare_items(const stretch *s);
void prepare_item(
    const ingot_op *op, const ingot_matrix *m, context *ctx, const stretch *s, int32_t item, int32_t op_index);

/* How many items it takes to multiply the rows from..to, all in the stretch; and one of them. */
int32_t multiply_items(const ingot_matrix *m, const context *ctx, const stretch *s, int32_t from, int32_t to);
void multiply_item(
    const ingot_op *op, context *ctx, const stretch *s, int32_t from, int32_t to, int32_t item, int32_t op_index);

/* ------------------------------------------------------------------ results */

/* silu(gate) * up, where the gate is what out holds and `up` a panel's sums. */
void write_gated(const ingot_op *op, int32_t row, int32_t panel, const vf up[PANEL_VECTORS]);

/*
 * Whether results go to memory past the caches, which they would leave before anybody reads them: to write a line into
 * a cache is to read it first. What does ends with vf_streamed().
 */
INLINE int is_streamed(const ingot_op *op) {
    return op->code == INGOT_OP_MATMUL && elements_of(&op->t[0]) * 4 >= STREAMED_BYTES;
}

/* One row of out from a panel's sums: then the bias, then what was in out. */
INLINE void write_row(const ingot_op *op, int32_t row, int32_t panel, const vf sum[PANEL_VECTORS]) {
    const float *bias = op->t[2].data;
    int32_t first = panel * PANEL_ROWS;
    float *out = row_of(&op->t[0], row) + first;
    int add = op->code == INGOT_OP_MATMUL_ADD;
    if (op->code == INGOT_OP_MATMUL_SWIGLU) {
        vf up[PANEL_VECTORS]; /* so that nothing else has an address */
        memcpy(up, sum, sizeof up);
        write_gated(op, row, panel, up);
        return;
    }
    int stream = is_streamed(op) && (uintptr_t)out % sizeof(vf) == 0;
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
            if (stream) {
                vf_stream(out + v * LANES, y);
            } else {
                vf_store(out + v * LANES, y);
            }
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

/*
 * Calls `tile(height, row)` for all rows in row..end, heights constant and as equal as can be: at most
 * `most`, which is SMALL_TILE or LARGE_TILE.
 */
#if defined(INGOT_PORTABLE) /* no register file holds a tile: small ones are built sooner */
enum { SMALL_TILE = 2, LARGE_TILE = 2 };
#else
enum { SMALL_TILE = 6, LARGE_TILE = LANES == 16 ? 12 : 6 };
#endif
#define TILE_CASE(height, most, tile) \
    case height:                      \
        if (height <= most) {         \
            tile(height, row_);       \
        }                             \
        break;
#define FOR_TILES(most, row, end, tile)                                                            \
    for (int32_t row_ = (row), tiles_ = divide_up((end) - row_, most), height_; tiles_ > 0;        \
         tiles_--, row_ += height_) {                                                              \
        height_ = divide_up((end) - row_, tiles_);                                                 \
        switch (height_) {                                                                         \
            TILE_CASE(1, most, tile)                                                               \
            TILE_CASE(2, most, tile)                                                               \
            TILE_CASE(3, most, tile)                                                               \
            TILE_CASE(4, most, tile)                                                               \
            TILE_CASE(5, most, tile)                                                               \
            TILE_CASE(6, most, tile)                                                               \
            TILE_CASE(7, most, tile)                                                               \
            TILE_CASE(8, most, tile)                                                               \
            TILE_CASE(9, most, tile)                                                               \
            TILE_CASE(10, most, tile)                                                              \
            TILE_CASE(11, most, tile)                                                              \
            TILE_CASE(12, most, tile)                                                              \
        }                                                                                          \
    }

#endif
