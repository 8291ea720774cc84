/* Layer norm. (RMS norm lies with the other row ops.) */
#include "kernels.h"
#include "simd.h"

static int32_t layer_norm_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows : 0;
}

/* The sum of x - shift, or of its square, in one order whatever else is computed. */
INLINE float sum_of(const float *x, int32_t n, float shift, int squared) {
    vf sum = vf_set1(0), s = vf_set1(shift);
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf d = vf_load(x + i) - s;
        if (squared) {
            sum = vf_fma(d, d, sum);
        } else {
            sum = sum + d;
        }
    }
    float tail = 0;
    for (; i < n; i++) {
        float d = x[i] - shift;
        tail += squared ? d * d : d;
    }
    return vf_sum(sum) + tail;
}

/* Twice over the row: the variance of a row far from zero is not lost in the difference of squares. */
static void layer_norm_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    int32_t n = op->t[1].columns;
    float *out = row_of(&op->t[0], item);
    const float *x = row_of(&op->t[1], item), *weight = op->t[2].data, *bias = op->t[3].data;
    float mean = sum_of(x, n, 0, 0) / (float)n;
    float variance = sum_of(x, n, mean, 1) / (float)n;
    vf shift = vf_set1(mean), scale = vf_set1(1.0f / sqrtf(variance + op->scalar));
    for (int32_t i = 0; i < n; i += LANES) {
        int count = min_int(n - i, LANES);
        vf y = (vf_load_n(x + i, count) - shift) * scale * vf_load_n(weight + i, count);
        if (bias != NULL) {
            y = y + vf_load_n(bias + i, count);
        }
        vf_store_n(out + i, y, count);
    }
}

static int64_t layer_norm_work(const ingot_op *op) { return elements_of(&op->t[0]) / 8; }

const kernel layer_norm_kernel = {layer_norm_items, layer_norm_run, layer_norm_work};
