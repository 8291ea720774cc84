/* Weights into panels, and rows out of them again. */
#include "pack.h"
#include "quants.h"

int64_t ingot_matrix_bytes(const ingot_matrix *m) {
    if (m->out < 0 || m->in < 0) {
        return -1;
    }
    if (is_quantized(m->format)) {
        return quantized_is_sound(m) ? quantized_bytes(m) : -1;
    }
    int64_t panels = ((int64_t)m->out + PANEL_ROWS - 1) / PANEL_ROWS;
    return element_bytes(m->format) == 0 ? -1 : panels * panel_bytes(m);
}

static char *panel_of(const ingot_matrix *m, int64_t panel) {
    return (char *)m->data + panel * panel_bytes(m);
}

/*
 * Pack. t[0] has the source's rows, of m->in elements each, unaligned; op->count is the row of the
 * matrix that its first row becomes. An item is a panel. The destination is all zero before.
 */
static int32_t pack_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    if (phase > 0 || op->t[0].rows == 0) {
        return 0;
    }
    return (op->count + op->t[0].rows - 1) / PANEL_ROWS - op->count / PANEL_ROWS + 1;
}

INLINE void pack_rows(
    const ingot_op *op, int32_t format, int32_t bytes, int64_t panel, int32_t from, int32_t to) {
    const ingot_matrix *m = &op->matrix;
    const char *source = op->t[0].data;
    char *out = panel_of(m, panel);
    int64_t row_bytes = (int64_t)m->in * bytes;
    enum { K_BLOCK = 64 }; /* a block of the panel stays in the cache while its rows are filled in */
    for (int32_t k0 = 0; k0 < m->in; k0 += K_BLOCK) {
        int32_t k1 = min_int(k0 + K_BLOCK, m->in);
        for (int32_t row = from; row < to; row++) {
            const char *x = source + (row - op->count) * row_bytes;
            char *y = out + (int64_t)panel_slot(format, (int32_t)(row - panel * PANEL_ROWS)) * bytes;
            for (int32_t k = k0; k < k1; k++) {
                memcpy(y + panel_offset(format, k) * bytes, x + (int64_t)k * bytes, (size_t)bytes);
            }
        }
    }
}

static void pack_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    int64_t panel = op->count / PANEL_ROWS + item;
    int32_t from = max_int(op->count, (int32_t)(panel * PANEL_ROWS));
    int32_t to = (int32_t)((panel + 1) * PANEL_ROWS);
    to = min_int(to, op->count + op->t[0].rows);
    switch (op->matrix.format) {
    case INGOT_Q4:
    case INGOT_Q8:
        if (!quantized_pack(op, panel, from, to)) {
            fail(ctx, INGOT_BAD_OP, op_index, 0, op->source, INGOT_SOURCES);
        }
        break;
    case INGOT_F32:
        pack_rows(op, INGOT_F32, 4, panel, from, to);
        break;
    case INGOT_F16:
        pack_rows(op, INGOT_F16, 2, panel, from, to);
        break;
    case INGOT_BF16:
        pack_rows(op, INGOT_BF16, 2, panel, from, to);
        break;
    default:
        fail(ctx, INGOT_BAD_OP, op_index, 0, op->matrix.format, INGOT_FORMATS);
    }
}

static int64_t pack_work(const ingot_op *op) { return elements_of(&op->t[0]); }

const kernel pack_kernel = {pack_items, pack_run, pack_work};

/* Embed. t: out, ids. An item is a token; the row is picked from its panel element by element. */
static int32_t embed_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows : 0;
}

static void embed_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    const ingot_matrix *m = &op->matrix;
    int32_t id = int_at(&op->t[1], item);
    if (id < 0 || id >= m->out) {
        fail(ctx, INGOT_BAD_TOKEN, op_index, item, id, m->out);
        return;
    }
    if (is_quantized(m->format)) {
        quantized_row(m, id, row_of(&op->t[0], item));
        return;
    }
    int32_t bytes = element_bytes(m->format);
    const char *row = panel_of(m, id / PANEL_ROWS) + (int64_t)panel_slot(m->format, id % PANEL_ROWS) * bytes;
    float *out = row_of(&op->t[0], item);
    for (int32_t k = 0; k < m->in; k++) {
        const char *x = row + panel_offset(m->format, k) * bytes;
        switch (m->format) {
        case INGOT_F32:
            out[k] = *(const float *)x;
            break;
        case INGOT_F16:
            out[k] = f16_to_f32(*(const uint16_t *)x);
            break;
        default:
            out[k] = bf16_to_f32(*(const uint16_t *)x);
        }
    }
}

static int64_t embed_work(const ingot_op *op) { return elements_of(&op->t[0]); }

const kernel embed_kernel = {embed_items, embed_run, embed_work};
