/*
 * A mixture of experts: each token goes through a few of many networks.
 *
 * Which rows an expert gets changes with the company in a batch; what it makes of a row does not, as its
 * matmul gives a row the same bits beside any others. A token's experts are added up by ascending id.
 */
#include "matmul.h"
#include "simd.h"

static int32_t *ints_of(const ingot_tensor *t, int64_t row) { return (int32_t *)t->data + row * t->stride; }

/* ------------------------------------------------------------------ route */

static int32_t moe_route_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[2].rows : 0;
}

/* Marks the `count` largest: one after another, the first of equals first. */
static void choose(const float *logits, int32_t n, int32_t count, uint8_t *chosen) {
    memset(chosen, 0, (size_t)n);
    for (int32_t j = 0; j < count; j++) {
        int32_t best = -1;
        for (int32_t e = 0; e < n; e++) {
            if (!chosen[e] && (best < 0 || logits[e] > logits[best])) {
                best = e;
            }
        }
        chosen[best] = 1;
    }
}

static void moe_route_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    const float *logits = row_of(&op->t[2], item);
    int32_t *ids = ints_of(&op->t[0], item);
    float *weights = row_of(&op->t[1], item);
    int32_t n = op->t[2].columns, count = op->t[0].columns;
    uint8_t chosen[INGOT_MAX_EXPERTS];
    float e[INGOT_MAX_EXPERTS + LANES];
    choose(logits, n, count, chosen);
    float largest = logits[0];
    for (int32_t i = 1; i < n; i++) {
        largest = logits[i] > largest ? logits[i] : largest;
    }
    for (int32_t i = 0; i < n; i += LANES) {
        vf_store(e + i, vf_exp(vf_load_n(logits + i, min_int(n - i, LANES)) - vf_set1(largest)));
    }
    float sum = 0;
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        if (chosen[i] || !op->count) {
            sum += e[i];
        }
        if (chosen[i]) {
            ids[j] = i;
            weights[j++] = e[i];
        }
    }
    for (j = 0; j < count; j++) {
        weights[j] /= sum;
    }
}

static int64_t moe_route_work(const ingot_op *op) { return elements_of(&op->t[2]); }

const kernel moe_route_kernel = {moe_route_items, moe_route_run, moe_route_work};

/* ------------------------------------------------------------------ group */

static int32_t moe_group_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)op, (void)ctx;
    return phase == 0 ? 1 : 0; /* a count of a few thousand integers */
}

static void moe_group_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase, (void)item;
    const ingot_tensor *starts = &op->t[0], *sources = &op->t[1], *places = &op->t[2], *ids = &op->t[3];
    int32_t experts = starts->rows - 1, next[INGOT_MAX_EXPERTS + 1] = {0};
    for (int32_t t = 0; t < ids->rows; t++) {
        for (int32_t j = 0; j < ids->columns; j++) {
            int32_t e = ints_of(ids, t)[j];
            if (e < 0 || e >= experts) {
                fail(ctx, INGOT_BAD_EXPERT, op_index, t, e, experts);
                return;
            }
            next[e + 1]++;
        }
    }
    for (int32_t e = 0; e <= experts; e++) {
        next[e] += e > 0 ? next[e - 1] : 0;
        *ints_of(starts, e) = next[e];
    }
    for (int32_t t = 0; t < ids->rows; t++) {
        for (int32_t j = 0; j < ids->columns; j++) {
            int32_t place = next[ints_of(ids, t)[j]]++;
            *ints_of(sources, place) = t;
            ints_of(places, t)[j] = place;
        }
    }
}

static int64_t moe_group_work(const ingot_op *op) { return elements_of(&op->t[3]) * 4; }

const kernel moe_group_kernel = {moe_group_items, moe_group_run, moe_group_work};

/* ------------------------------------------------------------------ matmul */

/* The rows of x in expert order are prepared together; then an item is one of some expert's. */
static const ingot_matrix *experts_of(const ingot_op *op) { return op->matrix.data; }

/* The rows of a stretch that are an expert's; none where the starts are broken. */
static int32_t first_row(const ingot_op *op, const stretch *s, int32_t expert) {
    return max_int(int_at(&op->t[2], expert), s->first);
}

static int32_t last_row(const ingot_op *op, const stretch *s, int32_t expert) {
    return min_int(int_at(&op->t[2], expert + 1), s->end);
}

/* The op of one expert: its matrix and its bias, all rows. */
static ingot_op expert_op(const ingot_op *op, int32_t expert) {
    ingot_op part = {.code = INGOT_OP_MATMUL, .matrix = experts_of(op)[expert]};
    part.t[0] = op->t[0];
    part.t[1] = op->t[1];
    if (op->t[3].data != NULL) {
        part.t[2] = op->t[3];
        part.t[2].data = row_of(&op->t[3], expert);
    }
    return part;
}

static int32_t moe_matmul_items(const ingot_op *op, const context *ctx, int32_t phase) {
    stretch s = stretch_of(op, experts_of(op), ctx, phase);
    if (s.preparing) {
        return prepare_items(&s);
    }
    int32_t items = 0;
    for (int32_t e = 0; e < op->count; e++) {
        items += multiply_items(experts_of(op), ctx, &s, first_row(op, &s, e), last_row(op, &s, e));
    }
    return items;
}

static void moe_matmul_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    stretch s = stretch_of(op, experts_of(op), ctx, phase);
    if (s.preparing) {
        prepare_item(op, experts_of(op), ctx, &s, item, op_index);
        return;
    }
    for (int32_t e = 0; e < op->count; e++) {
        int32_t from = first_row(op, &s, e), to = last_row(op, &s, e);
        int32_t items = multiply_items(experts_of(op), ctx, &s, from, to);
        if (item < items) {
            ingot_op part = expert_op(op, e);
            multiply_item(&part, ctx, &s, from, to, item, op_index);
            return;
        }
        item -= items;
    }
}

static int64_t moe_matmul_work(const ingot_op *op) {
    const ingot_matrix *expert = op->matrix.data;
    return op->t[1].rows * (int64_t)expert->out * expert->in / 16;
}

const kernel moe_matmul_kernel = {moe_matmul_items, moe_matmul_run, moe_matmul_work};

/* ------------------------------------------------------------------ combine */

static int32_t moe_combine_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows : 0;
}

static void moe_combine_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    const int32_t *places = ints_of(&op->t[2], item);
    const float *weights = row_of(&op->t[3], item);
    float *out = row_of(&op->t[0], item);
    int32_t n = op->t[0].columns, chosen = op->t[2].columns;
    for (int32_t j = 0; j < chosen; j++) {
        if (places[j] < 0 || places[j] >= op->t[1].rows) {
            fail(ctx, INGOT_BAD_EXPERT, op_index, item, places[j], op->t[1].rows);
            return;
        }
    }
    for (int32_t i = 0; i < n; i += LANES) {
        int count = min_int(n - i, LANES);
        vf sum = vf_set1(0);
        for (int32_t j = 0; j < chosen; j++) {
            sum = vf_fma(vf_load_n(row_of(&op->t[1], places[j]) + i, count), vf_set1(weights[j]), sum);
        }
        vf_store_n(out + i, vf_load_n(out + i, count) + sum, count);
    }
}

static int64_t moe_combine_work(const ingot_op *op) { return elements_of(&op->t[0]) * 2; }

const kernel moe_combine_kernel = {moe_combine_items, moe_combine_run, moe_combine_work};
