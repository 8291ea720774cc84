/*
 * out = x * w^T for weights of 4 and 8 bits: integer dot products, as exact as integers are.
 *
 * First the rows of x are quantized, group by group: x = step * q with q in -127..127 and the step such
 * that the group's largest is 127. Then for a group, with the weight's scale s and bias b:
 *
 *     sum of w * x  =  (s * step) * sum of level * q  +  b * (step * sum of q)
 *
 * and the groups ascend, from 0. A row's bits depend on the row and the weights, never on its company.
 *
 * What this costs in accuracy: each x moves by at most half a step, 1/254 of its group's largest. A
 * group that holds what is not a number, or infinite, has a step of NaN and so makes its row NaN.
 */
#include "matmul.h"
#include "quants.h"

/* ------------------------------------------------------------------ the rows of x, quantized */

/* In scratch: for each row its levels, then step and step * sum for each group. */
typedef struct quantized_rows {
    int64_t row_bytes;
    int64_t groups_at; /* in a row */
    int32_t most;      /* rows that fit */
} quantized_rows;

typedef struct group_terms {
    float step, sum;
} group_terms;

static quantized_rows rows_of(const ingot_matrix *m, const context *ctx) {
    quantized_rows q;
    q.groups_at = ((int64_t)m->in + 63) / 64 * 64;
    q.row_bytes = (q.groups_at + m->in / m->group * (int64_t)sizeof(group_terms) + 63) / 64 * 64;
    int64_t most = ctx->scratch_floats * 4 / q.row_bytes;
    q.most = most > INT32_MAX ? INT32_MAX : (int32_t)most;
    return q;
}

/* Below this a group counts as zero: its step would have no inverse. */
#define SMALLEST 1e-30f

static group_terms quantize_group(const float *x, int32_t n, int8_t *q) {
    vf zero = vf_set1(0), largest = zero, broken = zero; /* x * 0 is 0 for every finite x, else NaN */
    for (int32_t i = 0; i < n; i += LANES) {
        vf v = vf_load(x + i);
        largest = vf_max(largest, vf_max(v, -v));
        broken = broken + v * zero;
    }
    float top = vf_largest(largest);
    group_terms terms = {top / 127, 0};
    if (!(vf_sum(broken) == 0)) {
        terms.step = terms.sum = NAN;
    }
    if (!(vf_sum(broken) == 0) || top < SMALLEST) {
        memset(q, 0, (size_t)n);
        return terms;
    }
    float rounded[MAX_GROUP];
    vf inverse = vf_set1(127 / top);
    for (int32_t i = 0; i < n; i += LANES) {
        vf_store(rounded + i, vf_round(vf_load(x + i) * inverse));
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t level = (int32_t)rounded[i];
        q[i] = (int8_t)level;
        sum += level;
    }
    terms.sum = terms.step * (float)sum;
    return terms;
}

static void quantize_row(const ingot_op *op, int32_t row, char *out, const quantized_rows *q) {
    const ingot_matrix *m = &op->matrix;
    const float *x = row_of(&op->t[1], row);
    group_terms *terms = (group_terms *)(out + q->groups_at);
    for (int32_t g = 0; g < m->in / m->group; g++) {
        terms[g] = quantize_group(x + (int64_t)g * m->group, m->group, (int8_t *)out + (int64_t)g * m->group);
    }
}

/* ------------------------------------------------------------------ tiles */

/*
 * `rows` rows from `x` on times one panel. The format, the group and the number of rows are constants
 * where this is inlined.
 */
INLINE void tile(
    const ingot_op *op, int format, int group, int rows, const char *x, const quantized_rows *q, int32_t row,
    int32_t panel) {
    const ingot_matrix *m = &op->matrix;
    const int64_t bytes = group_bytes(m), scales = scales_bytes(m), levels = levels_at(m);
    const int32_t groups = m->in / group;
    const char *w = group_of(m, panel, 0);
    const vi table = vi_table(level_tables[m->levels]);
    vf sum[TILE_ROWS][PANEL_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            sum[r][v] = vf_set1(0);
        }
    }
    for (int32_t g = 0; g < groups; g++, w += bytes) {
        vi dot[TILE_ROWS][PANEL_VECTORS];
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                dot[r][v] = vi_zero();
            }
        }
        const char *p = w + levels;
        const int8_t *xq = (const int8_t *)x + (int64_t)g * group;
        if (format == INGOT_Q8) {
            for (int k = 0; k < group; k += Q8_STEP, p += PANEL_VECTORS * LEVEL_BYTES) {
                vi level[PANEL_VECTORS];
                UNROLL
                for (int v = 0; v < PANEL_VECTORS; v++) {
                    __builtin_prefetch(p + v * LEVEL_BYTES + PREFETCH_BYTES);
                    level[v] = vi_load(p + v * LEVEL_BYTES);
                }
                UNROLL
                for (int r = 0; r < rows; r++) {
                    UNROLL
                    for (int v = 0; v < PANEL_VECTORS; v++) {
                        dot[r][v] = vi_dot(dot[r][v], level[v], xq + r * q->row_bytes + k);
                    }
                }
            }
        } else {
            for (int k = 0; k < group; k += Q4_STEP, p += PANEL_VECTORS * LEVEL_BYTES) {
                vi low[PANEL_VECTORS], high[PANEL_VECTORS];
                UNROLL
                for (int v = 0; v < PANEL_VECTORS; v++) {
                    __builtin_prefetch(p + v * LEVEL_BYTES + PREFETCH_BYTES);
                    vi both = vi_load(p + v * LEVEL_BYTES);
                    low[v] = vi_lookup(table, vi_low(both));
                    high[v] = vi_lookup(table, vi_high(both));
                }
                UNROLL
                for (int r = 0; r < rows; r++) {
                    const int8_t *xr = xq + r * q->row_bytes + k;
                    UNROLL
                    for (int v = 0; v < PANEL_VECTORS; v++) {
                        dot[r][v] = vi_dot_small(vi_dot_small(dot[r][v], low[v], xr), high[v], xr + 4);
                    }
                }
            }
        }
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            vf scale = load_scales(m->scale_format, w, v * LANES);
            vf bias = scale * vf_set1((float)-m->zero);
            if (m->zero < 0) {
                bias = load_scales(m->scale_format, w + scales, v * LANES);
            }
            UNROLL
            for (int r = 0; r < rows; r++) {
                const group_terms *terms = (const group_terms *)(x + r * q->row_bytes + q->groups_at) + g;
                sum[r][v] = vf_fma(vi_floats(dot[r][v]), scale * vf_set1(terms->step), sum[r][v]);
                sum[r][v] = vf_fma(bias, vf_set1(terms->sum), sum[r][v]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        write_row(op, row + r, panel, sum[r]);
    }
}

/* All rows of a block, in tiles of as equal heights as can be. */
INLINE void panel_times_block(
    const ingot_op *op, int format, int group, int32_t panel, const char *x, const quantized_rows *q, int32_t row,
    int32_t end) {
    for (int32_t tiles = divide_up(end - row, TILE_ROWS); tiles > 0; tiles--) {
        int32_t height = divide_up(end - row, tiles);
        switch (height) {
        case 1:
            tile(op, format, group, 1, x, q, row, panel);
            break;
        case 2:
            tile(op, format, group, 2, x, q, row, panel);
            break;
        case 3:
            tile(op, format, group, 3, x, q, row, panel);
            break;
        case 4:
            tile(op, format, group, 4, x, q, row, panel);
            break;
        case 5:
            tile(op, format, group, 5, x, q, row, panel);
            break;
        default:
            tile(op, format, group, 6, x, q, row, panel);
        }
        row += height;
        x += height * q->row_bytes;
    }
}

/* One function for each, so that the compiler has one set of tiles in sight at a time. */
#define PANEL_TIMES_BLOCK(name, format, group)                                                              \
    static __attribute__((noinline)) void name(                                                             \
        const ingot_op *op, int32_t panel, const char *x, const quantized_rows *q, int32_t row, int32_t end) { \
        panel_times_block(op, format, group, panel, x, q, row, end);                                        \
    }
PANEL_TIMES_BLOCK(q4_16, INGOT_Q4, 16)
PANEL_TIMES_BLOCK(q4_32, INGOT_Q4, 32)
PANEL_TIMES_BLOCK(q4_64, INGOT_Q4, 64)
PANEL_TIMES_BLOCK(q8_16, INGOT_Q8, 16)
PANEL_TIMES_BLOCK(q8_32, INGOT_Q8, 32)
PANEL_TIMES_BLOCK(q8_64, INGOT_Q8, 64)

/* ------------------------------------------------------------------ items */

enum { QUANTIZE_ROWS = 4 };

/* Phases come in pairs, one for each stretch of rows that fits the scratch: quantize them, multiply them. */
static int32_t stretch_rows(const ingot_op *op, const quantized_rows *q, int32_t phase) {
    return max_int(0, min_int(q->most, op->t[1].rows - phase / 2 * q->most));
}

int32_t quantized_items(const ingot_op *op, const context *ctx, int32_t phase) {
    quantized_rows q = rows_of(&op->matrix, ctx);
    if (q.most == 0) {
        return phase == 0 ? 1 : 0; /* one item, to say so */
    }
    int32_t rows = stretch_rows(op, &q, phase);
    if (rows == 0) {
        return 0;
    }
    if (phase % 2 == 0) {
        return divide_up(rows, QUANTIZE_ROWS);
    }
    cut c = cut_of(&op->matrix, rows, q.row_bytes, ctx->threads);
    return c.panel_items * c.blocks;
}

int quantized_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item) {
    quantized_rows q = rows_of(&op->matrix, ctx);
    if (q.most == 0) {
        return 0;
    }
    int32_t first = phase / 2 * q.most, rows = stretch_rows(op, &q, phase);
    char *scratch = (char *)ctx->scratch;
    if (phase % 2 == 0) {
        int32_t end = min_int((item + 1) * QUANTIZE_ROWS, rows);
        for (int32_t row = item * QUANTIZE_ROWS; row < end; row++) {
            quantize_row(op, first + row, scratch + row * q.row_bytes, &q);
        }
        return 1;
    }
    cut c = cut_of(&op->matrix, rows, q.row_bytes, ctx->threads);
    int32_t panel = item % c.panel_items * c.panels_an_item;
    int32_t panel_end = min_int(panel + c.panels_an_item, c.panels);
    int32_t row = item / c.panel_items * c.rows_a_block;
    int32_t end = first + min_int(row + c.rows_a_block, rows);
    const char *x = scratch + row * q.row_bytes;
    for (; panel < panel_end; panel++) {
        switch (op->matrix.format << 8 | op->matrix.group) {
        case INGOT_Q4 << 8 | 16:
            q4_16(op, panel, x, &q, first + row, end);
            break;
        case INGOT_Q4 << 8 | 32:
            q4_32(op, panel, x, &q, first + row, end);
            break;
        case INGOT_Q4 << 8 | 64:
            q4_64(op, panel, x, &q, first + row, end);
            break;
        case INGOT_Q8 << 8 | 16:
            q8_16(op, panel, x, &q, first + row, end);
            break;
        case INGOT_Q8 << 8 | 32:
            q8_32(op, panel, x, &q, first + row, end);
            break;
        case INGOT_Q8 << 8 | 64:
            q8_64(op, panel, x, &q, first + row, end);
            break;
        default:
            return 0;
        }
    }
    return 1;
}
