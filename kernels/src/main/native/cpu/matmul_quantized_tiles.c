/*
 * Products with weights of 4 and 8 bits by the matrix unit: the integers of the product by vectors, which are exact, and
 * then the same steps in F32.
 *
 * A group's sums of products leave the tiles for memory, where the vectors find them. Three groups are under way, a few
 * rows of each by turns, because a core does not see far enough ahead to do so by itself: the tiles multiply one, the
 * vectors add up the one before, and where there is something to unpack they unpack the one after. Between the rows memory
 * is asked for what follows.
 */
#include "matmul_tiles.h"
#include "rows_8bit.h"

#if defined(TILES)

enum {
    MOST_ROWS = 4 * TILE_ROWS, /* at once */
    STEP_BYTES = PANEL_VECTORS * LEVEL_BYTES,
    NEAR_BYTES = 2176, /* from a group to what goes into the first-level cache, for the tiles to take in a moment */
    FAR_BYTES = 10880  /* to what goes into the second, from memory */
};

/* What a group's tiles came to, and the rows' sums so far. */
typedef int32_t group_dots[MOST_ROWS][PANEL_VECTORS][LANES];
typedef float row_sums[MOST_ROWS][PANEL_VECTORS][LANES];

/* Neighbouring rows of x, and the panels that they are multiplied with, one after the other. */
typedef struct work {
    const ingot_op *op;
    const ingot_matrix *m;
    const char *x, *w; /* w: of the panel */
    int32_t row;       /* the first */
    int32_t panel, panel_end;
    uint32_t turn; /* groups so far: what they leave lies in one of two places by turns */
    int64_t row_bytes, group_bytes; /* from one to the next */
    int32_t header;                 /* of a group, in bytes */
    int32_t groups;
    int32_t count;     /* of rows */
    int32_t tile_rows; /* the last tile has some of the rows before it once more */
    _Alignas(64) char unpacked[2][MAX_GROUP * PANEL_ROWS];
    _Alignas(64) group_dots found[2];
    _Alignas(64) row_sums sums;
} work;

/* What is multiplied: constants where inlined. */
typedef struct kind {
    int format, levels, biased;
    int32_t group;
} kind;

/* ------------------------------------------------------------------ unpacking */

INLINE int32_t packed_vectors(kind k) { return k.format == INGOT_Q4 ? k.group * PANEL_ROWS / 2 / LEVEL_BYTES : 0; }

/* Vector `i` of a group of Q4 as bytes, in the order of Q8. */
INLINE void unpack_vector(kind k, const char *p, int32_t i, char *out) {
    const vi both = vi_load(p + i * LEVEL_BYTES), table = vi_table(level_tables[INGOT_E2M1]);
    vi low = vi_low(both), high = vi_high(both);
    out += i / PANEL_VECTORS * 2 * STEP_BYTES + i % PANEL_VECTORS * LEVEL_BYTES;
    _mm512_store_si512(out, k.levels == INGOT_E2M1 ? vi_lookup(table, low) : low);
    _mm512_store_si512(out + STEP_BYTES, k.levels == INGOT_E2M1 ? vi_lookup(table, high) : high);
}

/* ------------------------------------------------------------------ adding up */

typedef struct scales {
    vf scale[PANEL_VECTORS], bias[PANEL_VECTORS];
} scales;

INLINE scales scales_of(const ingot_matrix *m, const char *w, int biased) {
    scales s;
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        s.scale[v] = load_scales(m->scale_format, w, v * LANES);
        s.bias[v] = biased ? load_scales(m->scale_format, w + scales_bytes(m), v * LANES) : s.scale[v];
    }
    return s;
}

/* What the product by vectors does after a group. */
INLINE void add_row(
    const group_terms *t, const scales *s, int biased, int32_t dots[PANEL_VECTORS][LANES],
    float sums[PANEL_VECTORS][LANES]) {
    const vf step = vf_set1(t->step), biases = vf_set1(t->sum);
    const vi start = vi_set1(t->start);
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        vi dot = vi_load(dots[v]);
        vf sum = vf_fma(vi_floats(biased ? dot : _mm512_add_epi32(dot, start)), s->scale[v] * step, vf_load(sums[v]));
        vf_store(sums[v], biased ? vf_fma(s->bias[v], biases, sum) : sum);
    }
}

/* ------------------------------------------------------------------ a group */

/* What is done while a group passes: constants where inlined. */
typedef struct part {
    int multiply; /* the group, by the tiles */
    int add;      /* the group before it */
    int full;     /* all rows of the tile are its own */
} part;

#define ROWS(from, to)                                                                             \
    UNROLL                                                                                         \
    for (int32_t i = from; i < (to); i++) {                                                        \
        if (does.add && (does.full || row + i < a->count)) {                                       \
            add_row((const group_terms *)(terms + i * row_bytes), &s, k.biased, dots[i], sums[i]); \
        }                                                                                          \
        if (unpacks) {                                                                             \
            for (int32_t v = packed * i / TILE_ROWS; v < packed * (i + 1) / TILE_ROWS; v++) {      \
                unpack_vector(k, next + a->header, v, unpacked);                                   \
            }                                                                                      \
        }                                                                                          \
        if (does.multiply && tile == 0) {                                                          \
            for (int32_t l = lines * i / TILE_ROWS; l < lines * (i + 1) / TILE_ROWS; l++) {        \
                __builtin_prefetch(w + NEAR_BYTES + l * 64, 0, 3);                                 \
                __builtin_prefetch(w + FAR_BYTES + l * 64, 0, 2);                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define BY_TILES(...)    \
    if (does.multiply) { \
        __VA_ARGS__;     \
    }

/* A tile of rows; with the first one the next group is unpacked, and those after it are asked for. */
INLINE void tile_of_group(work *a, kind k, part does, int32_t g, int32_t tile) {
    const int32_t packed = packed_vectors(k), lines = k.group * PANEL_ROWS / (k.format == INGOT_Q4 ? 2 : 1) / 64;
    const int32_t row = tile * TILE_ROWS, start = does.full ? row : min_int(row, a->count - a->tile_rows);
    const int64_t row_bytes = a->row_bytes;
    const char *w = a->w + g * a->group_bytes, *next = w + a->group_bytes;
    const char *levels = packed > 0 ? a->unpacked[a->turn & 1] : w + a->header;
    const char *x = a->x + start * row_bytes + (int64_t)g * k.group;
    const int unpacks = does.multiply && packed > 0 && tile == 0 && (g + 1 < a->groups || a->panel + 1 < a->panel_end);
    char *unpacked = a->unpacked[(a->turn + 1) & 1];
    /* Of the group before, which may be the last of the panel before. */
    const int32_t before = (g > 0 ? g : a->groups) - 1;
    const char *terms = a->x + row * row_bytes + terms_at(a->m) + before * (int64_t)sizeof(group_terms);
    int32_t(*dots)[PANEL_VECTORS][LANES] = a->found[(a->turn - 1) & 1] + row;
    float(*sums)[PANEL_VECTORS][LANES] = a->sums + row;
    scales s = {0};
    if (does.add) {
        s = scales_of(a->m, w - a->group_bytes, k.biased);
    }
    if (does.multiply && tile == 0) {
        prefetch_page(w);
    }
    BY_TILES(TILE_LOAD(6, levels, STEP_BYTES))
    ROWS(0, 2)
    BY_TILES(TILE_LOAD(7, levels + LEVEL_BYTES, STEP_BYTES))
    ROWS(2, 4)
    BY_TILES(TILE_LOAD(4, x, row_bytes))
    ROWS(4, 6)
    BY_TILES(TILE_ZERO(0); TILE_ZERO(1); TILE_BYTES(0, 4, 6))
    ROWS(6, 8)
    BY_TILES(TILE_BYTES(1, 4, 7))
    ROWS(8, 12)
    BY_TILES(TILE_STORE(0, a->found[a->turn & 1][start][0], sizeof a->found[0][0]))
    ROWS(12, 14)
    BY_TILES(TILE_STORE(1, a->found[a->turn & 1][start][1], sizeof a->found[0][0]))
    ROWS(14, TILE_ROWS)
    for (int32_t at = 0; does.multiply && tile == 0 && at < a->header; at += 64) {
        __builtin_prefetch(w + FAR_BYTES + lines * 64 + at, 0, 2);
    }
}

INLINE void rows_of_group(work *a, kind k, int multiply, int add, int32_t g) {
    int32_t tile = 0;
    for (; (tile + 1) * TILE_ROWS <= a->count; tile++) {
        tile_of_group(a, k, (part){multiply, add, 1}, g, tile);
    }
    if (tile * TILE_ROWS < a->count) {
        tile_of_group(a, k, (part){multiply, add, 0}, g, tile);
    }
    a->turn++;
}

/* ------------------------------------------------------------------ panels */

/* The rows' sums are those of a panel: they go to where they belong, and the next ones begin. */
static __attribute__((noinline)) void end_panel(work *a, int32_t panel) {
    for (int32_t i = 0; i < a->count; i++) {
        write_row(a->op, a->row + i, panel, (vf[]){vf_load(a->sums[i][0]), vf_load(a->sums[i][1])});
    }
    memset(a->sums, 0, (size_t)a->count * sizeof a->sums[0]);
}

/* A panel's last group is added up while the first one of the next is multiplied: it lies right before it. */
INLINE void groups_of_panels(work *a, kind k) {
    a->turn = 0;
    a->w = group_of(a->m, a->panel, 0);
    for (int32_t v = 0; v < packed_vectors(k); v++) {
        unpack_vector(k, a->w + a->header, v, a->unpacked[0]);
    }
    memset(a->sums, 0, (size_t)a->count * sizeof a->sums[0]);
    rows_of_group(a, k, 1, 0, 0);
    for (;;) {
        for (int32_t g = 1; g < a->groups; g++) {
            rows_of_group(a, k, 1, 1, g);
        }
        a->panel++;
        a->w += a->groups * a->group_bytes;
        if (a->panel == a->panel_end) {
            rows_of_group(a, k, 0, 1, 0);
            end_panel(a, a->panel - 1);
            return;
        }
        rows_of_group(a, k, 1, 1, 0);
        end_panel(a, a->panel - 1);
    }
}

typedef void multiply_panels(work *a);

/* One function for each usual kind, without what that kind does not need. */
#define MULTIPLY_PANELS(name, ...)                        \
    static __attribute__((noinline)) void name(work *a) { \
        groups_of_panels(a, (kind){__VA_ARGS__});         \
    }
MULTIPLY_PANELS(q8_by_64, INGOT_Q8, INGOT_LINEAR, 0, 64)
MULTIPLY_PANELS(q8_by_32, INGOT_Q8, INGOT_LINEAR, 0, 32)
MULTIPLY_PANELS(q8_biased_by_64, INGOT_Q8, INGOT_LINEAR, 1, 64)
MULTIPLY_PANELS(q8_biased_by_32, INGOT_Q8, INGOT_LINEAR, 1, 32)
MULTIPLY_PANELS(q4_by_64, INGOT_Q4, INGOT_LINEAR, 0, 64)
MULTIPLY_PANELS(q4_by_32, INGOT_Q4, INGOT_LINEAR, 0, 32)
MULTIPLY_PANELS(q4_biased_by_64, INGOT_Q4, INGOT_LINEAR, 1, 64)
MULTIPLY_PANELS(q4_biased_by_32, INGOT_Q4, INGOT_LINEAR, 1, 32)
MULTIPLY_PANELS(e2m1_by_32, INGOT_Q4, INGOT_E2M1, 0, 32)
MULTIPLY_PANELS(any_kind, a->m->format, a->m->levels, a->m->zero < 0, a->m->group)

static multiply_panels *panels_of_kind(const ingot_matrix *m) {
    static multiply_panels *const linear[2][2][2] = {
        {{q8_by_64, q8_by_32}, {q8_biased_by_64, q8_biased_by_32}},
        {{q4_by_64, q4_by_32}, {q4_biased_by_64, q4_biased_by_32}},
    };
    const int biased = m->zero < 0, by_32 = m->group == 32;
    if (!by_32 && m->group != 64) {
        return any_kind;
    }
    if (m->format == INGOT_Q4 && m->levels != INGOT_LINEAR) {
        return by_32 && !biased ? e2m1_by_32 : any_kind;
    }
    return linear[m->format == INGOT_Q4][biased][by_32];
}

void multiply_quantized_tiles(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel, int32_t panel_end) {
    const ingot_matrix *m = &op->matrix;
    multiply_panels *multiply = panels_of_kind(m);
    work a;
    a.op = op;
    a.m = m;
    a.row_bytes = row_bytes;
    a.group_bytes = group_bytes(m);
    a.header = (int32_t)levels_at(m);
    a.groups = m->in / m->group;
    a.tile_rows = min_int(end - row, TILE_ROWS);
    tiles_begin(a.tile_rows, m->group);
    /* What is too much for one turn goes panel by panel, so that each is read from memory once. */
    const int32_t at_once = end - row <= MOST_ROWS ? panel_end - panel : 1;
    for (; panel < panel_end; panel += at_once) {
        for (a.row = row; a.row < end; a.row += a.count) {
            int32_t parts = divide_up(end - a.row, MOST_ROWS);
            a.count = divide_up(end - a.row, parts);
            a.x = x + (a.row - row) * row_bytes;
            a.panel = panel;
            a.panel_end = panel + at_once;
            multiply(&a);
        }
    }
    tiles_end();
}

#endif
