/*
 * Products with weights of 4 and 8 bits: integer dot products, as exact as integers are.
 *
 * First the rows of x are quantized, group by group: x = step * q with q in -127..127 and the step such
 * that the group's largest is 127. Then for a group, with the weight's scale s and bias b:
 *
 *     sum of w * x  =  (s * step) * sum of level * q  +  b * (step * sum of q)
 *
 * and the groups ascend, from 0. Where b is -zero * s, the sum is one of (level - zero) * q, an integer
 * still. A row's bits depend on the row and the weights, never on its company.
 *
 * What this costs in accuracy: each x moves by at most half a step, 1/254 of its group's largest. A
 * group that holds what is not a number, or infinite, has a step of NaN and so makes its row NaN.
 */
#include "matmul_tiles.h"
#include "rows_8bit.h"

/* ------------------------------------------------------------------ the rows of x, quantized */

static int64_t prepared_bytes(const ingot_matrix *m) {
    return (terms_at(m) + m->in / m->group * (int64_t)sizeof(group_terms) + 63) / 64 * 64;
}

/* Below this a group counts as zero: its step would have no inverse. */
#define SMALLEST 1e-30f

static group_terms quantize_group(const ingot_matrix *m, const float *x, int8_t *q) {
    vu bits = vu_magnitude(vf_load(x));
    for (int32_t i = LANES; i < m->group; i += LANES) {
        bits = vu_max(bits, vu_magnitude(vf_load(x + i)));
    }
    float top = f32_from_bits(vu_largest(bits)); /* numbers ascend as their bits do; infinity and NaN are above */
    group_terms terms = {.step = top / 127};
    if (!(top >= SMALLEST && top < INFINITY)) {
        memset(q, 0, (size_t)m->group);
        terms.step = top < SMALLEST ? terms.step : NAN;
        return terms;
    }
    vf inverse = vf_set1(127 / top), sums = vf_set1(0); /* of integers: exact */
    for (int32_t i = 0; i < m->group; i += LANES) {
        vf rounded = vf_round(vf_load(x + i) * inverse);
        vf_store_i8(q + i, rounded);
        sums = sums + rounded;
    }
    float sum = vf_sum(sums);
    if (m->zero < 0) {
        terms.sum = terms.step * sum;
    } else {
        terms.start = -m->zero * (int32_t)sum;
    }
    return terms;
}

static void prepare(const ingot_matrix *m, const float *x, char *out) {
    group_terms *terms = (group_terms *)(out + terms_at(m));
    int8_t *q = (int8_t *)out;
    for (int32_t g = 0; g < m->in / m->group; g++, x += m->group, q += m->group) {
        terms[g] = quantize_group(m, x, q);
    }
}

/* ------------------------------------------------------------------ tiles */

/* A step of Q8: 4 inputs of a panel. */
INLINE void step_8(vi dot[SMALL_TILE][PANEL_VECTORS], int rows, const char *p, const int8_t *x, int64_t row_bytes) {
    vi level[PANEL_VECTORS];
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        level[v] = vi_load(p + v * LEVEL_BYTES);
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            dot[r][v] = vi_dot(dot[r][v], level[v], x + r * row_bytes);
        }
    }
}

/* A step of Q4: 8 inputs of a panel. `table` is NULL where a level is its own index. */
INLINE void step_4(
    vi dot[SMALL_TILE][PANEL_VECTORS], int rows, const vi *table, const char *p, const int8_t *x, int64_t row_bytes) {
    vi low[PANEL_VECTORS], high[PANEL_VECTORS];
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        vi both = vi_load(p + v * LEVEL_BYTES);
        low[v] = table == NULL ? vi_low(both) : vi_lookup(*table, vi_low(both));
        high[v] = table == NULL ? vi_high(both) : vi_lookup(*table, vi_high(both));
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        const int8_t *xr = x + r * row_bytes;
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            dot[r][v] = vi_dot_small(vi_dot_small(dot[r][v], low[v], xr), high[v], xr + 4);
        }
    }
}

/* `rows` rows from `x` on times one panel; all but where they are constant where inlined. */
INLINE void tile(
    const ingot_op *op, int format, int levels, int rows, const char *x, int64_t row_bytes, int32_t row,
    int32_t panel) {
    const ingot_matrix *m = &op->matrix;
    const int32_t group = m->group;
    const int64_t bytes = group_bytes(m), scales = scales_bytes(m), header = levels_at(m);
    const int step = format == INGOT_Q8 ? Q8_STEP : Q4_STEP;
    const vi table = vi_table(level_tables[INGOT_E2M1]);
    const vi *lookup = levels == INGOT_E2M1 ? &table : NULL;
    const char *w = group_of(m, panel, 0);
    const char *terms = x + terms_at(m);
    vf sum[SMALL_TILE][PANEL_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            sum[r][v] = vf_set1(0);
        }
    }
    for (int32_t g = 0; g < m->in / group; g++, w += bytes, terms += sizeof(group_terms)) {
        vi dot[SMALL_TILE][PANEL_VECTORS];
        UNROLL
        for (int r = 0; r < rows; r++) {
            const group_terms *t = (const group_terms *)(terms + r * row_bytes);
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                dot[r][v] = vi_set1(m->zero < 0 ? 0 : t->start);
            }
        }
        prefetch(w, PANEL_ROWS * 4);
        const char *p = w + header;
        const int8_t *q = (const int8_t *)x + (int64_t)g * group;
        for (int k = 0; k < group; k += step, p += PANEL_VECTORS * LEVEL_BYTES, q += step) {
            prefetch(p, PANEL_VECTORS * LEVEL_BYTES);
            if (format == INGOT_Q8) {
                step_8(dot, rows, p, q, row_bytes);
            } else {
                step_4(dot, rows, lookup, p, q, row_bytes);
            }
        }
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            vf scale = load_scales(m->scale_format, w, v * LANES);
            vf bias = m->zero < 0 ? load_scales(m->scale_format, w + scales, v * LANES) : scale;
            UNROLL
            for (int r = 0; r < rows; r++) {
                const group_terms *t = (const group_terms *)(terms + r * row_bytes);
                sum[r][v] = vf_fma(vi_floats(dot[r][v]), scale * vf_set1(t->step), sum[r][v]);
                if (m->zero < 0) {
                    sum[r][v] = vf_fma(bias, vf_set1(t->sum), sum[r][v]);
                }
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        write_row(op, row + r, panel, sum[r]);
    }
}

#define TILE(height, at) tile(op, format, levels, height, x + ((at) - row) * row_bytes, row_bytes, at, panel)

/* One function for each, so that the compiler has one set of tiles in sight at a time. */
#define PANELS_TIMES_ROWS(name, format_, levels_)                                                      \
    static __attribute__((noinline)) void name(                                                        \
        const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel, \
        int32_t panel_end) {                                                                           \
        const int format = (format_), levels = (levels_);                                              \
        for (; panel < panel_end; panel++) {                                                           \
            FOR_TILES(SMALL_TILE, row, end, TILE)                                                      \
        }                                                                                              \
    }
PANELS_TIMES_ROWS(q4_linear, INGOT_Q4, INGOT_LINEAR)
PANELS_TIMES_ROWS(q4_e2m1, INGOT_Q4, INGOT_E2M1)
PANELS_TIMES_ROWS(q8, INGOT_Q8, INGOT_LINEAR)

static int multiply(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel,
    int32_t panel_end) {
    const ingot_matrix *m = &op->matrix;
    if (m->group % Q4_STEP != 0 || m->group < Q4_STEP) {
        return 0;
    }
#if defined(TILES)
    if (end - row >= FEWEST_TILE_ROWS) {
        multiply_quantized_tiles(op, x, row_bytes, row, end, panel, panel_end);
        return 1;
    }
#endif
    if (m->format == INGOT_Q8) {
        q8(op, x, row_bytes, row, end, panel, panel_end);
    } else if (m->levels == INGOT_E2M1) {
        q4_e2m1(op, x, row_bytes, row, end, panel, panel_end);
    } else {
        q4_linear(op, x, row_bytes, row, end, panel, panel_end);
    }
    return 1;
}

#if defined(TILES)
const product quantized_product = {prepared_bytes, prepare, multiply, 2 * TILE_ROWS, LARGE_BLOCK_BYTES};
#else
const product quantized_product = {prepared_bytes, prepare, multiply, LARGE_TILE, BLOCK_BYTES};
#endif
