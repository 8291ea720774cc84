/* Ops whose rows have nothing to do with each other: norms, rotations, gates, copies. */
#include "kernels.h"
#include "simd.h"

/* Rows in an item, so that dealing it out costs less than running it. */
static int32_t rows_an_item(const ingot_tensor *t) { return max_int(1, 4096 / max_int(t->columns, 1)); }

static int32_t row_items(const ingot_tensor *t, int32_t phase) {
    return phase == 0 ? divide_up(t->rows, rows_an_item(t)) : 0;
}

/* ------------------------------------------------------------------ rms norm */

/* Two sums side by side per row, folded once at the end. */
static void rms_norm_row(float *out, const float *x, const float *weight, int32_t n, float epsilon) {
    vf even = vf_set1(0), odd = vf_set1(0);
    int32_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        vf a = vf_load(x + i), b = vf_load(x + i + LANES);
        even = vf_fma(a, a, even);
        odd = vf_fma(b, b, odd);
    }
    for (; i < n; i += LANES) {
        vf a = vf_load_n(x + i, min_int(n - i, LANES));
        even = vf_fma(a, a, even);
    }
    float mean = vf_sum(even + odd) / (float)n;
    vf scale = vf_set1(1.0f / sqrtf(mean + epsilon));
    for (i = 0; i + LANES <= n; i += LANES) {
        vf_store(out + i, vf_load(x + i) * scale * vf_load(weight + i));
    }
    if (i < n) {
        vf_store_n(out + i, vf_load_n(x + i, n - i) * scale * vf_load_n(weight + i, n - i), n - i);
    }
}

static int32_t rms_norm_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return row_items(&op->t[0], phase);
}

static void rms_norm_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    int32_t per = rows_an_item(&op->t[0]);
    int32_t end = min_int((item + 1) * per, op->t[0].rows);
    int32_t n = op->t[2].columns;
    for (int32_t row = item * per; row < end; row++) {
        float *out = row_of(&op->t[0], row);
        const float *x = row_of(&op->t[1], row);
        for (int32_t group = 0; group < op->count; group++) {
            rms_norm_row(out + group * n, x + group * n, op->t[2].data, n, op->scalar);
        }
    }
}

static int64_t rms_norm_work(const ingot_op *op) { return elements_of(&op->t[0]) / 8; }

const kernel rms_norm_kernel = {rms_norm_items, rms_norm_run, rms_norm_work};

/* ------------------------------------------------------------------ rope */

/*
 * Sine and cosine of position * frequency, which is exact in double. The angle is brought to
 * [-pi/4, pi/4] with pi/2 in two parts (33 bits, then the rest), where Taylor's series are good to
 * 1e-13: the results are correctly rounded floats nearly always, and the same on every machine.
 */
static void rotation(double angle, float *sine, float *cosine) {
    const double half_pi_high = 1.57079632673412561417e+00, half_pi_low = 6.07710050650619224932e-11;
    if (!(fabs(angle) < 1e9)) {
        *sine = *cosine = NAN;
        return;
    }
    double n = rint(angle * 0.63661977236758134308);
    double r = angle - n * half_pi_high - n * half_pi_low;
    double q = r * r;
    double s = 1.0 / 6227020800;
    s = s * q - 1.0 / 39916800;
    s = s * q + 1.0 / 362880;
    s = s * q - 1.0 / 5040;
    s = s * q + 1.0 / 120;
    s = s * q - 1.0 / 6;
    s = r + r * q * s;
    double c = -1.0 / 87178291200;
    c = c * q + 1.0 / 479001600;
    c = c * q - 1.0 / 3628800;
    c = c * q + 1.0 / 40320;
    c = c * q - 1.0 / 720;
    c = c * q + 1.0 / 24;
    c = c * q - 0.5;
    c = 1.0 + q * c;
    switch ((int64_t)n & 3) {
    case 0:
        *sine = (float)s, *cosine = (float)c;
        break;
    case 1:
        *sine = (float)c, *cosine = (float)-s;
        break;
    case 2:
        *sine = (float)-s, *cosine = (float)-c;
        break;
    default:
        *sine = (float)-c, *cosine = (float)s;
    }
}

static int32_t rope_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return row_items(&op->t[0], phase);
}

INLINE void rotate(float *low, float *high, vf c, vf s, int n) {
    vf a = vf_load_n(low, n), b = vf_load_n(high, n);
    vf_store_n(low, vf_fma(a, c, -(b * s)), n);
    vf_store_n(high, vf_fma(b, c, a * s), n);
}

static void rope_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    float sine[INGOT_MAX_HEAD_DIM / 2 + LANES], cosine[INGOT_MAX_HEAD_DIM / 2 + LANES];
    const float *frequencies = op->t[2].data;
    int32_t head_dim = op->count, half = op->t[2].columns;
    int32_t per = rows_an_item(&op->t[0]);
    int32_t end = min_int((item + 1) * per, op->t[0].rows);
    for (int32_t row = item * per; row < end; row++) {
        double position = int_at(&op->t[1], row);
        for (int32_t i = 0; i < half; i++) {
            rotation(position * frequencies[i], &sine[i], &cosine[i]);
            sine[i] *= op->scalar;
            cosine[i] *= op->scalar;
        }
        float *x = row_of(&op->t[0], row);
        for (int32_t head = 0; head < op->t[0].columns; head += head_dim) {
            for (int32_t i = 0; i < half; i += LANES) {
                rotate(
                    x + head + i,
                    x + head + half + i,
                    vf_load(cosine + i),
                    vf_load(sine + i),
                    min_int(half - i, LANES));
            }
        }
    }
}

static int64_t rope_work(const ingot_op *op) { return op->t[0].rows * (int64_t)op->count * 8 + elements_of(&op->t[0]) / 8; }

const kernel rope_kernel = {rope_items, rope_run, rope_work};

/* ------------------------------------------------------------------ swiglu */

enum { SWIGLU_COLUMNS = 1024 };

static int32_t swiglu_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows * divide_up(op->t[0].columns, SWIGLU_COLUMNS) : 0;
}

static void swiglu_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    int32_t n = op->t[0].columns, parts = divide_up(n, SWIGLU_COLUMNS);
    int32_t row = item / parts, from = item % parts * SWIGLU_COLUMNS;
    int32_t to = min_int(from + SWIGLU_COLUMNS, n);
    float *out = row_of(&op->t[0], row);
    const float *gate = row_of(&op->t[1], row), *up = gate + n;
    for (int32_t i = from; i < to; i += LANES) {
        int count = min_int(to - i, LANES);
        vf g = vf_load_n(gate + i, count);
        vf y = vf_silu(g) * vf_load_n(up + i, count);
        vf_store_n(out + i, y, count);
    }
}

static int64_t swiglu_work(const ingot_op *op) { return elements_of(&op->t[0]) * 3 / 8; }

const kernel swiglu_kernel = {swiglu_items, swiglu_run, swiglu_work};

/* ------------------------------------------------------------------ gather */

static int32_t gather_rows_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows : 0;
}

static void gather_rows_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    int32_t row = int_at(&op->t[2], item);
    if (row < 0 || row >= op->t[1].rows) {
        fail(ctx, INGOT_BAD_ROW, op_index, item, row, op->t[1].rows);
        return;
    }
    memcpy(row_of(&op->t[0], item), row_of(&op->t[1], row), (size_t)op->t[0].columns * sizeof(float));
}

static int64_t gather_rows_work(const ingot_op *op) { return elements_of(&op->t[0]) / 16; }

const kernel gather_rows_kernel = {gather_rows_items, gather_rows_run, gather_rows_work};

/* ------------------------------------------------------------------ sampled tokens */

static int32_t feed_sampled_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)op, (void)ctx;
    return phase == 0 ? 1 : 0;
}

static void feed_sampled_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase, (void)item;
    for (int32_t t = 0; t < op->t[0].rows; t++) {
        int32_t row = int_at(&op->t[2], t);
        if (row >= op->t[1].rows) {
            fail(ctx, INGOT_BAD_ROW, op_index, t, row, op->t[1].rows);
            return;
        }
        if (row >= 0) {
            int32_t token = int_at(&op->t[1], row);
            ((int32_t *)op->t[0].data)[t * op->t[0].stride] = token < 0 ? 0 : token;
        }
    }
}

static int64_t feed_sampled_work(const ingot_op *op) { return op->t[0].rows; }

const kernel feed_sampled_kernel = {feed_sampled_items, feed_sampled_run, feed_sampled_work};

/* ------------------------------------------------------------------ calibration */

enum { READ_FLOATS = 256 << 10, READ_STREAMS = 4 };

static int32_t read_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? (int32_t)(op->t[1].stride / READ_FLOATS) : 0;
}

/* x is one row of `stride` floats, a multiple of READ_FLOATS; what it adds up to is of no interest. */
static void read_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    enum { PART = READ_FLOATS / READ_STREAMS };
    const float *x = (const float *)op->t[1].data + (int64_t)item * READ_FLOATS;
    vf sum[READ_STREAMS] = {vf_set1(0), vf_set1(0), vf_set1(0), vf_set1(0)};
    for (int32_t i = 0; i < PART; i += LANES) {
        UNROLL
        for (int s = 0; s < READ_STREAMS; s++) {
            __builtin_prefetch(x + s * PART + i + 384);
            sum[s] = sum[s] + vf_load(x + s * PART + i);
        }
    }
    float total = vf_sum(sum[0] + sum[1] + (sum[2] + sum[3]));
    if (total == 12345.678f) { /* never; but the compiler must not know */
        *(float *)op->t[0].data = total;
    }
}

static int64_t read_work(const ingot_op *op) { return op->t[1].stride / 8; }

const kernel read_kernel = {read_items, read_run, read_work};
