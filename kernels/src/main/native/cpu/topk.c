/* The largest values of each row, for a sampler that looks at no others. */
#include "kernels.h"
#include "simd.h"

/*
 * A row is read in stretches that stay in the first-level cache. A stretch whose largest value does not
 * beat the last of the list is done with after one pass of vectors, as nearly all are; in the others each
 * vector is asked the same, and only then each value.
 */
enum { STRETCH = 2048 };

typedef struct list {
    int32_t count, limit;
    int32_t id[INGOT_MAX_TOP_K];
    float value[INGOT_MAX_TOP_K]; /* falling; among equals the lower id first */
} list;

/* What a value has to exceed: one that equals the last of a full list comes later in the row and loses. */
static float bar_of(const list *l) { return l->count < l->limit ? -INFINITY : l->value[l->count - 1]; }

static void insert(list *l, int32_t id, float value) {
    int32_t place = l->count < l->limit ? l->count++ : l->count - 1;
    for (; place > 0 && l->value[place - 1] < value; place--) {
        l->id[place] = l->id[place - 1];
        l->value[place] = l->value[place - 1];
    }
    l->id[place] = id;
    l->value[place] = value;
}

static int top_of_row(list *l, const float *x, int32_t n) {
    for (int32_t from = 0; from < n; from += STRETCH) {
        int32_t to = min_int(from + STRETCH, n);
        float largest = vf_largest_of(x + from, to - from);
        if (largest == INFINITY) {
            return 0;
        }
        for (int32_t i = from; largest > bar_of(l) && i < to; i += LANES) {
            int32_t end = min_int(i + LANES, to);
            if (i + LANES <= to && !(vf_largest(vf_load(x + i)) > bar_of(l))) {
                continue;
            }
            for (int32_t j = i; j < end; j++) {
                if (x[j] > bar_of(l)) {
                    insert(l, j, x[j]);
                }
            }
        }
    }
    return 1;
}

static int32_t top_k_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[2].rows : 0;
}

static void top_k_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    list l = {.count = 0, .limit = op->t[0].columns};
    int whole = top_of_row(&l, row_of(&op->t[2], item), op->t[2].columns);
    int32_t *ids = (int32_t *)op->t[0].data + item * op->t[0].stride;
    float *values = row_of(&op->t[1], item);
    for (int32_t i = 0; i < l.limit; i++) {
        int listed = whole && i < l.count;
        ids[i] = listed ? l.id[i] : -1;
        values[i] = listed ? l.value[i] : whole ? -INFINITY : NAN;
    }
}

static int64_t top_k_work(const ingot_op *op) { return elements_of(&op->t[2]) / 12; }

const kernel top_k_kernel = {top_k_items, top_k_run, top_k_work};
