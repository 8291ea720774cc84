/*
 * Products with weights of 4 and 8 bits by the matrix unit: the integers of the product by vectors, which are exact, and
 * then the same steps in F32.
 *
 * A group's sums of products leave the tiles for memory, where the vectors find them while the tiles are at the next group.
 */
#include "matmul_tiles.h"
#include "rows_8bit.h"

#if defined(TILES)

enum {
    MOST_ROWS = 4 * TILE_ROWS, /* at once */
    STEP_BYTES = PANEL_VECTORS * LEVEL_BYTES,
    TWO_GROUPS = 4352, /* bytes of Q8 by groups of 64 */
    AHEAD_OF_MEMORY = 6144
};

/* What a group's tiles came to, and the rows' sums so far. */
typedef int32_t dots[MOST_ROWS][PANEL_VECTORS][LANES];
typedef float sums[MOST_ROWS][PANEL_VECTORS][LANES];

/* Neighbouring rows of x. */
typedef struct rows {
    const char *x;
    int64_t bytes; /* from one to the next */
    int32_t count;
    int32_t tile_rows; /* the last tile has some of the rows before it once more */
} rows;

INLINE int32_t tile_start(const rows *r, int32_t tile) { return min_int(tile * TILE_ROWS, r->count - r->tile_rows); }

/* A group of Q4 as bytes, in the order of Q8. */
INLINE void unpack(const vi *table, const char *p, int32_t group, char *out) {
    for (int32_t k = 0; k < group; k += Q4_STEP, p += STEP_BYTES, out += 2 * STEP_BYTES) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            vi both = vi_load(p + v * LEVEL_BYTES), low = vi_low(both), high = vi_high(both);
            _mm512_store_si512(out + v * LEVEL_BYTES, table == NULL ? low : vi_lookup(*table, low));
            _mm512_store_si512(out + STEP_BYTES + v * LEVEL_BYTES, table == NULL ? high : vi_lookup(*table, high));
        }
    }
}

/* One tile of rows; which tiles hold what is part of an instruction. */
#define MULTIPLY_TILE(rows_, first, second)                  \
    TILE_LOAD(rows_, x, r->bytes);                           \
    TILE_ZERO(first);                                        \
    TILE_ZERO(second);                                       \
    TILE_BYTES(first, rows_, 6);                             \
    TILE_BYTES(second, rows_, 7);                            \
    TILE_STORE(first, found[start][0], sizeof found[0]);     \
    TILE_STORE(second, found[start][1], sizeof found[0]);

/* The rows times the levels of a group, one byte each. */
INLINE void multiply_group(const rows *r, int64_t at, const char *levels, dots found) {
    TILE_LOAD(6, levels, STEP_BYTES);
    TILE_LOAD(7, levels + LEVEL_BYTES, STEP_BYTES);
    for (int32_t tile = 0; tile * TILE_ROWS < r->count; tile++) {
        int32_t start = tile_start(r, tile);
        const char *x = r->x + start * r->bytes + at;
        if (tile % 2 == 0) {
            MULTIPLY_TILE(4, 0, 1)
        } else { /* so that it need not wait for the tile before */
            MULTIPLY_TILE(5, 2, 3)
        }
    }
}

/*
 * What the product by vectors does after a group, all of it; `terms` are the first row's. Meanwhile the
 * groups after next are asked for, little by little: into the first-level cache what the tiles take next, into the
 * second what memory has to give. `biased` is a constant where inlined.
 */
INLINE void add_terms(
    const ingot_matrix *m, const rows *r, int biased, const char *terms, const char *w, const char *ahead,
    const dots found, sums sum) {
    const int64_t share = (group_bytes(m) / r->count + 63) / 64 * 64;
    const int32_t count = r->count;
    const int64_t bytes = r->bytes;
    vf scale[PANEL_VECTORS], bias[PANEL_VECTORS];
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        scale[v] = load_scales(m->scale_format, w, v * LANES);
        bias[v] = biased ? load_scales(m->scale_format, w + scales_bytes(m), v * LANES) : scale[v];
    }
    for (int32_t i = 0; i < count; i++, terms += bytes) {
        for (const char *end = ahead + share; ahead < end; ahead += 64) {
            __builtin_prefetch(ahead, 0, 3);
            __builtin_prefetch(ahead + AHEAD_OF_MEMORY - TWO_GROUPS, 0, 2);
        }
        const group_terms *t = (const group_terms *)terms;
        const vf step = vf_set1(t->step), biases = vf_set1(t->sum);
        const vi start = vi_set1(t->start);
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            vi dot = vi_load(found[i][v]);
            vf s = vf_fma(vi_floats(biased ? dot : _mm512_add_epi32(dot, start)), scale[v] * step, vf_load(sum[i][v]));
            vf_store(sum[i][v], biased ? vf_fma(bias[v], biases, s) : s);
        }
    }
}

static void add_group(
    const ingot_matrix *m, const rows *r, const char *terms, const char *w, const dots found, sums sum) {
    const char *ahead = w + TWO_GROUPS;
    if (m->zero < 0) {
        add_terms(m, r, 1, terms, w, ahead, found, sum);
    } else {
        add_terms(m, r, 0, terms, w, ahead, found, sum);
    }
}

static void multiply_panel(const ingot_op *op, const rows *r, int32_t row, int32_t panel) {
    const ingot_matrix *m = &op->matrix;
    const int32_t group = m->group, groups = m->in / group;
    const int64_t bytes = group_bytes(m), header = levels_at(m);
    const vi table = vi_table(level_tables[INGOT_E2M1]);
    const char *w = group_of(m, panel, 0), *terms = r->x + terms_at(m);
    _Alignas(64) char unpacked[2][MAX_GROUP * PANEL_ROWS];
    _Alignas(64) dots found[2];
    _Alignas(64) sums sum;
    memset(sum, 0, (size_t)r->count * sizeof sum[0]);
    for (int32_t g = 0; g <= groups; g++) {
        if (g < groups) {
            const char *levels = w + g * bytes + header;
            if (m->format == INGOT_Q4) {
                unpack(m->levels == INGOT_E2M1 ? &table : NULL, levels, group, unpacked[g % 2]);
                levels = unpacked[g % 2];
            }
            multiply_group(r, (int64_t)g * group, levels, found[g % 2]);
        }
        if (g > 0) {
            add_group(m, r, terms + (g - 1) * sizeof(group_terms), w + (g - 1) * bytes, found[(g - 1) % 2], sum);
        }
    }
    for (int32_t i = 0; i < r->count; i++) {
        write_row(op, row + i, panel, (vf[]){vf_load(sum[i][0]), vf_load(sum[i][1])});
    }
}

void multiply_quantized_tiles(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel, int32_t panel_end) {
    rows r = {.bytes = row_bytes, .tile_rows = min_int(end - row, TILE_ROWS)};
    tiles_begin(r.tile_rows, op->matrix.group);
    for (; panel < panel_end; panel++) {
        for (int32_t at = row; at < end; at += r.count) {
            int32_t parts = divide_up(end - at, MOST_ROWS);
            r.count = divide_up(end - at, parts);
            r.x = x + (at - row) * row_bytes;
            multiply_panel(op, &r, at, panel);
        }
    }
    tiles_end();
}

#endif
