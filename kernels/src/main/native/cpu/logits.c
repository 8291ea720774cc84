/* Logits processors: bias, bans and penalties as a sparse list of edits (LogitEdits.java has what becomes of a logit). */
#include <math.h>

#include "kernels.h"

static int32_t edit_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows : 0;
}

static void edit_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    const ingot_tensor *tokens = &op->t[2];
    float *x = row_of(&op->t[0], item);
    int32_t end = int_at(&op->t[1], item + 1), from = int_at(&op->t[1], item);
    if (from < 0 || from > end || end > tokens->rows) {
        fail(ctx, INGOT_BAD_ROW, op_index, item, from < 0 || from > end ? from : end, tokens->rows + 1);
        return;
    }
    for (int32_t i = from; i < end; i++) {
        int32_t token = int_at(tokens, i);
        if (token < 0 || token >= op->t[0].columns) {
            fail(ctx, INGOT_BAD_TOKEN, op_index, i, token, op->t[0].columns);
            return;
        }
        const float *by = row_of(&op->t[3], i); /* bias, repetition, frequency, presence */
        *row_of(&op->t[4], i) = x[token];
        float biased = x[token] + by[0];
        float repeated = biased > 0 ? biased / by[1] - by[2] : fmaf(biased, by[1], -by[2]);
        x[token] = repeated - by[3];
    }
}

static int64_t edit_work(const ingot_op *op) { return (int64_t)op->t[2].rows * 4; }

const kernel process_logits_kernel = {edit_items, edit_run, edit_work};
