/*
 * A mixture of experts: each token goes through a few of many networks.
 *
 * Which rows an expert gets changes with the company in a batch; what it makes of a row does not, as its
 * matmul gives a row the same bits beside any others. A token's experts are added up by ascending id.
 */
#include "kernels.h"
#include "quants.h"
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

/* One expert's share as a matmul of its own; 0 where it has no rows, or the starts are broken. */
static int expert_op(const ingot_op *op, int32_t expert, ingot_op *part) {
    int32_t from = int_at(&op->t[2], expert), to = int_at(&op->t[2], expert + 1);
    if (from < 0 || to <= from || to > op->t[1].rows) {
        return 0;
    }
    *part = (ingot_op){.code = INGOT_OP_MATMUL, .matrix = ((const ingot_matrix *)op->matrix.data)[expert]};
    part->t[0] = op->t[0];
    part->t[0].data = row_of(&op->t[0], from);
    part->t[1] = op->t[1];
    part->t[1].data = row_of(&op->t[1], from);
    part->t[0].rows = part->t[1].rows = to - from;
    if (op->t[3].data != NULL) {
        part->t[2] = op->t[3];
        part->t[2].data = row_of(&op->t[3], expert);
        part->t[2].rows = 1;
    }
    return 1;
}

/*
 * Matmuls of floats keep nothing between phases: all experts' items are one phase. Quantized ones put their
 * rows into the scratch first, so the experts take turns, each with its own phases. Then `*expert` is whose
 * turn it is and `*phase` which of its phases; the number of experts if there are no more.
 */
static void find_turn(const ingot_op *op, const context *ctx, int32_t *phase, int32_t *expert) {
    ingot_op part;
    for (*expert = 0; *expert < op->count; (*expert)++) {
        if (expert_op(op, *expert, &part)) {
            for (int32_t own = 0; matmul_kernel.items(&part, ctx, own) > 0; own++) {
                if ((*phase)-- == 0) {
                    *phase = own;
                    return;
                }
            }
        }
    }
}

static int32_t moe_matmul_items(const ingot_op *op, const context *ctx, int32_t phase) {
    int32_t items = 0;
    ingot_op part;
    if (is_quantized(((const ingot_matrix *)op->matrix.data)->format)) {
        int32_t expert;
        find_turn(op, ctx, &phase, &expert);
        return expert < op->count && expert_op(op, expert, &part) ? matmul_kernel.items(&part, ctx, phase) : 0;
    }
    for (int32_t e = 0; e < op->count; e++) {
        if (expert_op(op, e, &part)) {
            items += matmul_kernel.items(&part, ctx, phase);
        }
    }
    return items;
}

static void moe_matmul_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    ingot_op part;
    if (is_quantized(((const ingot_matrix *)op->matrix.data)->format)) {
        int32_t expert;
        find_turn(op, ctx, &phase, &expert);
        if (expert < op->count && expert_op(op, expert, &part)) {
            matmul_kernel.run(&part, ctx, phase, item, op_index);
        }
        return;
    }
    for (int32_t e = 0; e < op->count; e++) {
        if (expert_op(op, e, &part)) {
            int32_t items = matmul_kernel.items(&part, ctx, phase);
            if (item < items) {
                matmul_kernel.run(&part, ctx, phase, item, op_index);
                return;
            }
            item -= items;
        }
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
