/*
 * out = x * w^T, for one row and for thousands: how it is shared.
 *
 * An item is a few panels of weights times a block of rows of x. While the tiles of a block pass, the
 * panel stays in the cache, so that the weights are read from memory once a block. Which rows share a
 * tile decides only which sums run side by side: every tile gives a row the same bits.
 */
#include "matmul.h"
#include "quants.h"

enum {
    PREPARED_ROWS = 4, /* in an item */
    PART_OF_AN_OP = -1 /* the code of what is no op by itself */
};

/* ------------------------------------------------------------------ stretches */

static const product *product_of(const ingot_matrix *m) {
    if (is_quantized(m->format)) {
        return &quantized_product;
    }
    return is_bf16_pairs(m->format) ? &bf16_product : &dense_product;
}

stretch stretch_of(const ingot_op *op, const ingot_matrix *m, const context *ctx, int32_t phase) {
    stretch s = {.product = product_of(m), .end = op->t[1].rows};
    if (s.product->prepared_bytes == NULL) {
        s.row_bytes = op->t[1].stride * 4;
        s.first = phase == 0 ? 0 : s.end;
        return s;
    }
    s.row_bytes = s.product->prepared_bytes(m);
    int64_t most = ctx->scratch_floats * 4 / s.row_bytes; /* if 0, preparing fails */
    int64_t first = phase / 2 * (most > 0 ? most : s.end);
    s.first = first < s.end ? (int32_t)first : s.end;
    s.end = s.end - s.first > most && most > 0 ? s.first + (int32_t)most : s.end;
    s.preparing = phase % 2 == 0;
    return s;
}

int32_t prepare_items(const stretch *s) { return divide_up(s->end - s->first, PREPARED_ROWS); }

void prepare_item(
    const ingot_op *op, const ingot_matrix *m, context *ctx, const stretch *s, int32_t item, int32_t op_index) {
    if (s->row_bytes > ctx->scratch_floats * 4) {
        fail(ctx, INGOT_BAD_OP, op_index, 0, s->row_bytes, ctx->scratch_floats * 4);
        return;
    }
    int32_t row = s->first + item * PREPARED_ROWS, end = min_int(row + PREPARED_ROWS, s->end);
    for (; row < end; row++) {
        s->product->prepare(m, row_of(&op->t[1], row), (char *)ctx->scratch + (row - s->first) * s->row_bytes);
    }
}

/* ------------------------------------------------------------------ items */

/*
 * How rows times a matrix are cut into items: the same in every thread. A unit is a panel times a block of
 * rows; an item is several, and near the end of a phase one, so that nobody waits long for the last.
 */
typedef struct cut {
    int32_t panels;
    int32_t rows_a_block;
    int32_t units;
    int32_t units_an_item;
    int32_t full_items;   /* of so many */
    int32_t units_at_end; /* of an item after them */
    int32_t items;
} cut;

static cut cut_of(const ingot_matrix *m, const stretch *s, int32_t rows, int32_t to, int32_t threads) {
    cut c = {.rows_a_block = rows, .panels = (m->out + PANEL_ROWS - 1) / PANEL_ROWS};
    int32_t blocks = 1;
    const int32_t tile = s->product->tile_rows, block = s->product->block_bytes;
    if (rows * s->row_bytes > block && rows > 4 * tile) {
        blocks = divide_up(rows, max_int((int32_t)(block / s->row_bytes) / tile * tile, 4 * tile));
        c.rows_a_block = divide_up(divide_up(rows, blocks), tile) * tile;
        blocks = divide_up(rows, c.rows_a_block);
    }
    c.units = c.panels * blocks;
    c.units_an_item = max_int(1, min_int(ITEM_PANELS, c.units / (threads * ITEMS_A_THREAD)));
    /* Few rows are multiplied at the speed of memory: the less often it is read anew the better. */
    int32_t is_long = rows > 2 * tile && to == s->end;
    int32_t singles = is_long ? min_int(c.units / 4, threads * SINGLES_A_THREAD) : 0;
    c.full_items = (c.units - singles) / c.units_an_item;
    int32_t rest = c.units - c.full_items * c.units_an_item;
    c.units_at_end = singles > 0 ? 1 : max_int(rest, 1);
    c.items = c.full_items + divide_up(rest, c.units_at_end);
    return c;
}

int32_t multiply_items(const ingot_matrix *m, const context *ctx, const stretch *s, int32_t from, int32_t to) {
    return to <= from ? 0 : cut_of(m, s, to - from, to, ctx->threads).items;
}

/* An item of `op`, and of `second`, if there is one: a matrix like the op's, whose panels follow on those of the op. */
static void multiply_both(
    const ingot_op *op, const ingot_op *second, context *ctx, const stretch *s, int32_t from, int32_t to, int32_t item,
    int32_t op_index) {
    cut c = cut_of(&op->matrix, s, to - from, to, ctx->threads);
    int32_t past = max_int(item - c.full_items, 0);
    int32_t unit = (item - past) * c.units_an_item + past * c.units_at_end;
    int32_t last = min_int(unit + (item < c.full_items ? c.units_an_item : c.units_at_end), c.units);
    int prepared = s->product->prepared_bytes != NULL;
    while (unit < last) {
        int32_t panel = unit % c.panels, row = from + unit / c.panels * c.rows_a_block;
        int32_t panel_end = min_int(panel + last - unit, c.panels), end = min_int(row + c.rows_a_block, to);
        const char *x = prepared ? (const char *)ctx->scratch + (row - s->first) * s->row_bytes
                                 : (const char *)row_of(&op->t[1], row);
        if (!s->product->multiply(op, x, s->row_bytes, row, end, panel, panel_end)
            || (second != NULL && !s->product->multiply(second, x, s->row_bytes, row, end, panel, panel_end))) {
            fail(ctx, INGOT_BAD_OP, op_index, 0, op->matrix.format, INGOT_FORMATS);
            return;
        }
        unit += panel_end - panel;
    }
    if (is_streamed(op)) {
        vf_streamed();
    }
}

void multiply_item(
    const ingot_op *op, context *ctx, const stretch *s, int32_t from, int32_t to, int32_t item, int32_t op_index) {
    multiply_both(op, NULL, ctx, s, from, to, item, op_index);
}

static int32_t matmul_items(const ingot_op *op, const context *ctx, int32_t phase) {
    stretch s = stretch_of(op, &op->matrix, ctx, phase);
    return s.preparing ? prepare_items(&s) : multiply_items(&op->matrix, ctx, &s, s.first, s.end);
}

static void matmul_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    stretch s = stretch_of(op, &op->matrix, ctx, phase);
    if (s.preparing) {
        prepare_item(op, &op->matrix, ctx, &s, item, op_index);
    } else {
        multiply_item(op, ctx, &s, s.first, s.end, item, op_index);
    }
}

static int64_t matmul_work(const ingot_op *op) { return op->t[1].rows * (int64_t)op->matrix.out * op->matrix.in / 16; }

const kernel matmul_kernel = {matmul_items, matmul_run, matmul_work};

/* ------------------------------------------------------------------ a gate and what it gates */

/*
 * Their panels come in pairs: first the gate's goes to out, and then, while it still is in the cache, what becomes of it.
 * So memory gets out once, and never what lies between the two ops.
 */
_Static_assert(INGOT_SWIGLU_MULTIPLE % PANEL_ROWS == 0, "the second half begins with a panel");

void write_gated(const ingot_op *op, int32_t row, int32_t panel, const vf up[PANEL_VECTORS]) {
    const float *bias = op->t[2].data;
    float *out = row_of(&op->t[0], row) + panel * PANEL_ROWS;
    for (int v = 0; v < PANEL_VECTORS; v++) {
        vf y = up[v];
        if (bias != NULL) {
            y = y + vf_load(bias + panel * PANEL_ROWS + v * LANES);
        }
        vf gate = vf_load(out + v * LANES);
        vf_store(out + v * LANES, vf_silu(gate) * y);
    }
}

static ingot_op gate_of(const ingot_op *op) {
    ingot_op gate = *op;
    gate.code = PART_OF_AN_OP;
    gate.matrix.out = op->matrix.out / 2;
    return gate;
}

static ingot_op up_of(const ingot_op *op) {
    ingot_op up = *op;
    const ingot_matrix *m = &op->matrix;
    int64_t one = is_quantized(m->format) ? group_bytes(m) * (m->in / m->group) : panel_bytes(m);
    up.matrix.out = m->out / 2;
    up.matrix.data = (char *)m->data + up.matrix.out / PANEL_ROWS * one;
    if (up.t[2].data != NULL) {
        up.t[2].data = (float *)up.t[2].data + up.matrix.out;
    }
    return up;
}

static int32_t matmul_swiglu_items(const ingot_op *op, const context *ctx, int32_t phase) {
    ingot_op gate = gate_of(op);
    return op->matrix.out % (2 * INGOT_SWIGLU_MULTIPLE) == 0 ? matmul_items(&gate, ctx, phase) : phase == 0;
}

static void matmul_swiglu_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    if (op->matrix.out % (2 * INGOT_SWIGLU_MULTIPLE) != 0) {
        fail(ctx, INGOT_BAD_OP, op_index, 0, op->matrix.out, 2 * INGOT_SWIGLU_MULTIPLE);
        return;
    }
    ingot_op gate = gate_of(op);
    stretch s = stretch_of(&gate, &gate.matrix, ctx, phase);
    if (s.preparing) {
        prepare_item(&gate, &gate.matrix, ctx, &s, item, op_index);
        return;
    }
    ingot_op up = up_of(op);
    multiply_both(&gate, &up, ctx, &s, s.first, s.end, item, op_index);
}

const kernel matmul_swiglu_kernel = {matmul_swiglu_items, matmul_swiglu_run, matmul_work};
