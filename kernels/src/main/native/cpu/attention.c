/*
 * The paged cache: writing to it, and causal attention over it (online softmax: Milakov & Gimelshein
 * 2018; in blocks: Dao et al. 2022).
 *
 * One query row (a token's head) goes the same way wherever it is computed:
 *
 *   positions are cut into chunks of CHUNK and splits of SPLIT, counted from absolute position 0;
 *   a score is one chain of fused multiply-adds over the head's elements, ascending;
 *   within a split, chunks ascend: largest, rescale, exponentials, their sum, the values' sum;
 *   the splits are merged, ascending, and a sink, if there is one, is added to the sum.
 *
 * With a window, chunks and splits that a row does not see are left out for it, and what it does not see
 * of a chunk has no weight.
 *
 * So its bits depend on its position and its inputs only. Rows that share a K/V head (a group's heads,
 * a prompt's neighbouring tokens) are computed side by side so that a load of K or V feeds them all;
 * when there are fewer rows than threads could use, splits are items of their own and a second phase
 * merges them. Blocks only say where a position lies: their size and place do not matter either.
 */
#include "kernels.h"
#include "tangent.h"

enum {
    CHUNK = 64,
    SPLIT = 256,
    TILE_ROWS = 8,
    ITEMS_A_THREAD = 3,
    HEAD_FLOATS = INGOT_MAX_HEAD_DIM + LANES, /* a head, and what a last vector overhangs */
    SCORE_FLOATS = CHUNK + LANES
};

int32_t ingot_cache_slack(void) { return 64; }

/* ------------------------------------------------------------------ where things lie */

static int32_t kv_bytes(const ingot_cache *c) { return c->format == INGOT_I8 ? 1 : element_bytes(c->format); }

/* K of a block and a head, without scales; V takes as much. */
static int64_t half_bytes(const ingot_cache *c) { return (int64_t)c->block_size * c->head_dim * kv_bytes(c); }

static int64_t block_bytes(const ingot_cache *c) {
    int64_t scales = c->format == INGOT_I8 ? (int64_t)2 * c->block_size * (int64_t)sizeof(float) : 0;
    return 2 * half_bytes(c) + scales;
}

static char *k_of(const ingot_cache *c, int64_t block, int32_t kv_head) {
    return (char *)c->data + (block * c->kv_heads + kv_head) * block_bytes(c);
}

static char *v_of(const ingot_cache *c, int64_t block, int32_t kv_head) {
    return k_of(c, block, kv_head) + half_bytes(c);
}

/* INGOT_I8: the scales of K by position, then those of V. */
static float *scales_of(const ingot_cache *c, int64_t block, int32_t kv_head) {
    return (float *)(k_of(c, block, kv_head) + 2 * half_bytes(c));
}

/* ------------------------------------------------------------------ store */

/*
 * An item is one head of neighbouring rows: positions of a block share cache lines of K, and two threads must not
 * write to one line by turns.
 */
enum { STORE_ROWS = 64 };

static int32_t store_kv_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? divide_up(op->t[0].rows, STORE_ROWS) * op->cache.kv_heads : 0;
}

static void store_head_f32(float *k, float *v, const float *new_k, const float *new_v, int32_t n, int32_t step) {
    for (int32_t i = 0; i < n; i++) {
        k[(int64_t)i * step] = new_k[i];
        v[i] = new_v[i];
    }
}

static void store_head_f16(
    uint16_t *k, uint16_t *v, const float *new_k, const float *new_v, int32_t n, int32_t step) {
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        uint16_t rounded[LANES];
        vf_store_f16(rounded, vf_load(new_k + i));
        vf_store_f16(v + i, vf_load(new_v + i));
        for (int32_t lane = 0; lane < LANES; lane++) {
            k[(int64_t)(i + lane) * step] = rounded[lane];
        }
    }
    for (; i < n; i++) {
        k[(int64_t)i * step] = f32_to_f16(new_k[i]);
        v[i] = f32_to_f16(new_v[i]);
    }
}

static void store_head_bf16(
    uint16_t *k, uint16_t *v, const float *new_k, const float *new_v, int32_t n, int32_t step) {
    for (int32_t i = 0; i < n; i++) {
        k[(int64_t)i * step] = f32_to_bf16(new_k[i]);
        v[i] = f32_to_bf16(new_v[i]);
    }
}

/*
 * x = scale * q with q in -127..127, such that the largest becomes 127: each x moves by at most 1/254 of
 * it. What is not finite makes the scale, and so the head, NaN; a head of next to nothing becomes 0.
 */
static float store_i8(int8_t *q, int32_t step, const float *x, int32_t n) {
    float largest = 0, broken = 0;
    for (int32_t i = 0; i < n; i++) {
        float magnitude = fabsf(x[i]);
        largest = magnitude > largest ? magnitude : largest;
        broken += x[i] * 0.0f;
    }
    int is_finite = broken == 0;
    float inverse = is_finite && largest > 1e-30f ? 127.0f / largest : 0.0f;
    for (int32_t i = 0; i < n; i++) {
        q[(int64_t)i * step] = inverse == 0 ? 0 : (int8_t)rintf(x[i] * inverse);
    }
    return is_finite ? largest / 127.0f : NAN;
}

static void store_kv_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    const ingot_cache *c = &op->cache;
    int64_t slots = (int64_t)c->block_count * c->block_size;
    int32_t head = item % c->kv_heads, first = item / c->kv_heads * STORE_ROWS;
    int32_t end = min_int(first + STORE_ROWS, op->t[0].rows);
    for (int32_t row = first; row < end; row++) {
        int32_t slot = int_at(&op->t[2], row);
        if (slot < 0 || slot >= slots) {
            fail(ctx, INGOT_BAD_SLOT, op_index, row, slot, slots);
            return;
        }
        int64_t block = slot / c->block_size, offset = slot % c->block_size;
        const float *new_k = row_of(&op->t[0], row) + head * c->head_dim;
        const float *new_v = row_of(&op->t[1], row) + head * c->head_dim;
        char *k = k_of(c, block, head), *v = v_of(c, block, head);
        int64_t v_row = offset * c->head_dim;
        if (c->format == INGOT_F32) {
            store_head_f32((float *)k + offset, (float *)v + v_row, new_k, new_v, c->head_dim, c->block_size);
        } else if (c->format == INGOT_F16) {
            store_head_f16(
                (uint16_t *)k + offset, (uint16_t *)v + v_row, new_k, new_v, c->head_dim, c->block_size);
        } else if (c->format == INGOT_BF16) {
            store_head_bf16(
                (uint16_t *)k + offset, (uint16_t *)v + v_row, new_k, new_v, c->head_dim, c->block_size);
        } else {
            float *scales = scales_of(c, block, head) + offset;
            scales[0] = store_i8((int8_t *)k + offset, c->block_size, new_k, c->head_dim);
            scales[c->block_size] = store_i8((int8_t *)v + v_row, 1, new_v, c->head_dim);
        }
    }
}

static int64_t store_kv_work(const ingot_op *op) { return 2 * elements_of(&op->t[0]); }

const kernel store_kv_kernel = {store_kv_items, store_kv_run, store_kv_work};

/* ------------------------------------------------------------------ copy */

static int32_t copy_blocks_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows * op->count : 0;
}

/* A pair in one layer. */
static void copy_blocks_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    const ingot_cache *c = &op->cache;
    int32_t row = item / op->count, layer = item % op->count;
    const int32_t *pair = (const int32_t *)op->t[0].data + row * op->t[0].stride;
    for (int32_t i = 0; i < 2; i++) {
        if (pair[i] < 0 || pair[i] >= c->block_count) {
            fail(ctx, INGOT_BAD_BLOCK, op_index, row, pair[i], c->block_count);
            return;
        }
    }
    int64_t bytes = c->kv_heads * block_bytes(c);
    char *base = (char *)c->data + layer * c->block_count * bytes;
    memcpy(base + pair[1] * bytes, base + pair[0] * bytes, (size_t)bytes);
}

static int64_t copy_blocks_work(const ingot_op *op) {
    return (int64_t)op->t[0].rows * op->count * op->cache.kv_heads * block_bytes(&op->cache) / 8;
}

const kernel copy_blocks_kernel = {copy_blocks_items, copy_blocks_run, copy_blocks_work};

/* ------------------------------------------------------------------ how an op is cut into tiles */

/* A tile: neighbouring tokens of one sequence times heads of one group; at most TILE_ROWS query rows. */
typedef struct cut {
    int32_t heads;
    int32_t group;       /* query heads of a K/V head */
    int32_t tile_heads;  /* of a group, in one tile */
    int32_t tile_tokens;
    int32_t head_tiles;  /* tiles beside each other over all heads */
    int32_t token_tiles; /* over all sequences; -1 where the query starts are broken */
    int32_t splits;      /* of the longest sequence, where splits are items of their own; else 0 */
} cut;

static cut cut_of(const ingot_op *op, const context *ctx) {
    const ingot_cache *c = &op->cache;
    const ingot_tensor *starts = &op->t[3], *lengths = &op->t[4];
    cut result = {0};
    result.heads = op->t[1].columns / c->head_dim;
    result.group = result.heads / c->kv_heads;
    result.tile_heads = min_int(result.group, TILE_ROWS);
    result.tile_tokens = TILE_ROWS / result.tile_heads;
    result.head_tiles = c->kv_heads * divide_up(result.group, result.tile_heads);
    int32_t longest = 0, previous = 0;
    for (int32_t s = 0; s < lengths->rows; s++) {
        int32_t from = int_at(starts, s), to = int_at(starts, s + 1);
        if (from != previous || to < from || to > op->t[1].rows) {
            result.token_tiles = -1;
            return result;
        }
        result.token_tiles += divide_up(to - from, result.tile_tokens);
        longest = max_int(longest, int_at(lengths, s));
        previous = to;
    }
    int64_t tiles = (int64_t)result.token_tiles * result.head_tiles;
    int32_t splits = divide_up(longest, SPLIT);
    if (ctx->threads > 1 && splits > 1 && tiles < (int64_t)ctx->threads * ITEMS_A_THREAD
        && tiles * splits * TILE_ROWS * (c->head_dim + 2) <= ctx->scratch_floats) {
        result.splits = splits;
    }
    return result;
}

/* ------------------------------------------------------------------ rows of a tile */

/* The softmax so far: sum of e^(score - largest), and the values weighted by the same. */
typedef struct state {
    float largest, sum;
    float values[HEAD_FLOATS];
} state;

typedef struct tile {
    const ingot_cache *cache;
    int32_t kv_head;
    int32_t rows;
    const int32_t *table; /* the sequence's blocks */
    float softcap; /* 0: none */
    int32_t position[TILE_ROWS]; /* ascending */
    int32_t first[TILE_ROWS];    /* the first position that the row sees; ascending too */
    float q[TILE_ROWS][HEAD_FLOATS];
} tile;

static void state_clear(state *s, int32_t head_dim) {
    s->largest = -INFINITY;
    s->sum = 0;
    for (int32_t d = 0; d < head_dim; d += LANES) {
        vf_store(s->values + d, vf_set1(0));
    }
}

/* Both over disjoint positions, `into` before `from`. Nothing yet in `into`: a copy, exactly. */
static void state_merge(state *into, const state *from, int32_t head_dim, int first) {
    if (first) {
        memcpy(into, from, offsetof(state, values) + (size_t)head_dim * sizeof(float));
        return;
    }
    float largest = into->largest > from->largest ? into->largest : from->largest;
    float old = exp_one(into->largest - largest), new = exp_one(from->largest - largest);
    into->largest = largest;
    into->sum = into->sum * old + from->sum * new;
    for (int32_t d = 0; d < head_dim; d += LANES) {
        vf y = vf_fma(vf_load(from->values + d), vf_set1(new), vf_load(into->values + d) * vf_set1(old));
        vf_store(into->values + d, y);
    }
}

/* A sink is a score without a value; NULL for none. */
static void state_write(const state *s, float *out, int32_t head_dim, const float *sink) {
    float scale = 1, sum = s->sum;
    if (sink != NULL) {
        float largest = s->largest > *sink ? s->largest : *sink;
        scale = exp_one(s->largest - largest);
        sum = sum * scale + exp_one(*sink - largest);
    }
    vf inverse = vf_set1(scale / sum);
    for (int32_t d = 0; d < head_dim; d += LANES) {
        vf_store_n(out + d, vf_load(s->values + d) * inverse, min_int(head_dim - d, LANES));
    }
}

/* ------------------------------------------------------------------ one chunk */

INLINE vf load_kv(int format, const char *p) {
    switch (format) {
    case INGOT_F32:
        return vf_load((const float *)p);
    case INGOT_F16:
        return vf_load_f16((const uint16_t *)p);
    case INGOT_BF16:
        return vf_load_bf16((const uint16_t *)p);
    default:
        return vf_load_i8((const int8_t *)p);
    }
}

INLINE int64_t bytes_of(int format) { return format == INGOT_F32 ? 4 : format == INGOT_I8 ? 1 : 2; }

/*
 * Where a chunk's K and V are: vectors of K, each the first element of LANES neighbouring positions of
 * a block (past the block's end: of whatever follows, to be overwritten or ignored), and V row by row.
 */
typedef struct chunk {
    int32_t vectors;
    const char *k[CHUNK];
    int32_t at[CHUNK]; /* the first position's place in the chunk */
    const char *v[CHUNK];
    float k_scale[CHUNK], v_scale[CHUNK]; /* INGOT_I8 */
    const char *next[CHUNK]; /* where K of the next chunk is, a row of V's size each; only to prefetch */
} chunk;

static void find_chunk(const tile *t, int32_t from, int32_t count, chunk *found) {
    const ingot_cache *c = t->cache;
    int32_t bytes = kv_bytes(c);
    found->vectors = 0;
    for (int32_t i = 0; i < count;) {
        int32_t offset = (from + i) % c->block_size;
        int32_t run = min_int(c->block_size - offset, count - i);
        int64_t block = t->table[(from + i) / c->block_size];
        const char *k = k_of(c, block, t->kv_head) + (int64_t)offset * bytes;
        const char *v = v_of(c, block, t->kv_head) + (int64_t)offset * c->head_dim * bytes;
        for (int32_t j = 0; j < run; j += LANES) {
            found->k[found->vectors] = k + (int64_t)j * bytes;
            found->at[found->vectors++] = i + j;
        }
        for (int32_t j = 0; j < run; j++) {
            found->v[i + j] = v + (int64_t)j * c->head_dim * bytes;
        }
        if (c->format == INGOT_I8) {
            const float *scales = scales_of(c, block, t->kv_head) + offset;
            memcpy(found->k_scale + i, scales, (size_t)run * sizeof(float));
            memcpy(found->v_scale + i, scales + c->block_size, (size_t)run * sizeof(float));
        }
        i += run;
    }
}

/* The same for what is read next: `count` positions from `from` on, at least one of which is there. */
static void find_next(const tile *t, int32_t from, int32_t last, int32_t count, chunk *found) {
    const ingot_cache *c = t->cache;
    int64_t row_bytes = (int64_t)c->head_dim * kv_bytes(c);
    for (int32_t i = 0; i < count;) {
        int32_t position = min_int(from + i, last);
        int32_t offset = position % c->block_size;
        int32_t run = min_int(c->block_size - offset, count - i);
        const char *k = k_of(c, t->table[position / c->block_size], t->kv_head) + offset * row_bytes;
        for (int32_t j = 0; j < run; j++) {
            found->next[i + j] = k + j * row_bytes;
        }
        i += run;
    }
}

/*
 * Scores of `rows` query rows and `vectors` vectors of positions; both constants where inlined.
 *
 * Blocks are a few KiB and lie anywhere, too short for the processor's own prefetcher: while K is read,
 * the V of the same block, of the same size, is asked for; into the second-level cache, because the
 * first holds not much more than the chunk that is being read.
 */
INLINE void score_tile(
    const tile *t, int format, int rows, int vectors, int32_t row, const chunk *c, int32_t first,
    float score[][SCORE_FLOATS]) {
    const int64_t to_v = half_bytes(t->cache);
    const int64_t step = (int64_t)t->cache->block_size * bytes_of(format);
    const float *q = t->q[row];
    vf sum[TILE_ROWS][4];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = vf_set1(0);
        }
    }
    for (int64_t d = 0; d < t->cache->head_dim; d++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const char *p = c->k[first + v] + d * step;
            __builtin_prefetch(p + to_v, 0, 2);
            vf k = load_kv(format, p);
            UNROLL
            for (int r = 0; r < rows; r++) {
                sum[r][v] = vf_fma(k, vf_set1(q[r * HEAD_FLOATS + d]), sum[r][v]);
            }
        }
    }
    /* Ascending: what a vector overhangs its block, the next one overwrites. */
    UNROLL
    for (int v = 0; v < vectors; v++) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            vf_store(score[row + r] + c->at[first + v], sum[r][v]);
        }
    }
}

INLINE void score_rows(
    const tile *t, int format, int rows, int vectors, int32_t row, const chunk *c, float score[][SCORE_FLOATS]) {
    int32_t v = 0;
    for (; v + vectors <= c->vectors; v += vectors) {
        score_tile(t, format, rows, vectors, row, c, v, score);
    }
    for (; v < c->vectors; v++) {
        score_tile(t, format, rows, 1, row, c, v, score);
    }
}

/*
 * values += weights * V for `rows` rows, `vectors` vectors of the head and the positions from..to. Each
 * row of V asks for as much of the next chunk's K.
 */
INLINE void value_tile(
    int format, int rows, int vectors, int32_t row, int32_t d, const chunk *c, int32_t from, int32_t to,
    float weight[][SCORE_FLOATS], state *states) {
    const int64_t bytes = bytes_of(format);
    vf sum[TILE_ROWS][4];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = vf_load(states[row + r].values + d + v * LANES);
        }
    }
    for (int32_t i = from; i < to; i++) {
        const char *p = c->v[i] + d * bytes;
        const char *next = c->next[i] + d * bytes;
        UNROLL
        for (int v = 0; v < vectors; v++) {
            __builtin_prefetch(next + v * LANES * bytes, 0, 2);
            vf x = load_kv(format, p + v * LANES * bytes);
            UNROLL
            for (int r = 0; r < rows; r++) {
                sum[r][v] = vf_fma(x, vf_set1(weight[row + r][i]), sum[r][v]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            vf_store(states[row + r].values + d + v * LANES, sum[r][v]);
        }
    }
}

INLINE void value_rows(
    int format, int rows, int vectors, int32_t row, int32_t head_dim, const chunk *c, int32_t from, int32_t to,
    float weight[][SCORE_FLOATS], state *states) {
    int32_t d = 0;
    for (; d + vectors * LANES <= head_dim; d += vectors * LANES) {
        value_tile(format, rows, vectors, row, d, c, from, to, weight, states);
    }
    for (; d < head_dim; d += LANES) {
        value_tile(format, rows, 1, row, d, c, from, to, weight, states);
    }
}

/*
 * Scores to weights e^(score - largest), for the positions from..count; those before get no weight. What
 * was summed is rescaled.
 */
static void softmax_row(float *score, int32_t from, int32_t count, float softcap, state *s, int32_t head_dim) {
    int32_t padded = divide_up(count, LANES) * LANES;
    if (softcap > 0) {
        vf cap = vf_set1(softcap);
        for (int32_t i = 0; i < padded; i += LANES) {
            vf_store(score + i, cap * vf_tanh(vf_load(score + i) / cap));
        }
    }
    for (int32_t i = 0; i < from; i++) {
        score[i] = -INFINITY;
    }
    for (int32_t i = count; i < padded; i++) {
        score[i] = -INFINITY;
    }
    vf top = vf_load(score);
    for (int32_t i = LANES; i < padded; i += LANES) {
        top = vf_max(top, vf_load(score + i));
    }
    float largest = vf_largest(top);
    if (largest > s->largest) {
        float scale = exp_one(s->largest - largest); /* 0 the first time */
        s->largest = largest;
        s->sum *= scale;
        for (int32_t d = 0; d < head_dim; d += LANES) {
            vf_store(s->values + d, vf_load(s->values + d) * vf_set1(scale));
        }
    }
    vf sum = vf_set1(0), shift = vf_set1(s->largest);
    for (int32_t i = 0; i < padded; i += LANES) {
        vf w = vf_exp(vf_load(score + i) - shift);
        vf_store(score + i, w);
        sum = sum + w;
    }
    s->sum += vf_sum(sum);
}

/* The scales of INGOT_I8 belong to positions: they are put on the scores, and on the weights of V. */
static void scale_row(float *row, const float *scale, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        row[i] *= scale[i];
    }
}

/* The rows' states over one split: the positions from..to, as far as each row may see. */
INLINE void attend_split(const tile *t, int format, int32_t from, int32_t to, state *states) {
    float score[TILE_ROWS][SCORE_FLOATS];
    chunk c;
    int32_t head_dim = t->cache->head_dim;
    for (int32_t r = 0; r < t->rows; r++) {
        state_clear(&states[r], head_dim);
    }
    int32_t end = min_int(to, t->position[t->rows - 1] + 1);
    for (int32_t at = max_int(from, t->first[0] / CHUNK * CHUNK); at < end; at += CHUNK) {
        int32_t count = min_int(CHUNK, end - at);
        find_chunk(t, at, count, &c);
        find_next(t, at + CHUNK, t->position[t->rows - 1], count, &c);
        int32_t row = 0;
        for (; row + 8 <= t->rows; row += 8) {
            score_rows(t, format, 8, 1, row, &c, score);
        }
        for (; row + 4 <= t->rows; row += 4) {
            score_rows(t, format, 4, 2, row, &c, score);
        }
        for (; row + 2 <= t->rows; row += 2) {
            score_rows(t, format, 2, 4, row, &c, score);
        }
        for (; row < t->rows; row++) {
            score_rows(t, format, 1, 4, row, &c, score);
        }
        /* Positions that each row may see; a weight of 0 would not do for the others, as 0 * NaN is NaN. */
        int32_t hidden[TILE_ROWS] = {0}, seen[TILE_ROWS] = {0};
        for (int32_t r = 0; r < t->rows; r++) {
            seen[r] = max_int(0, min_int(count, t->position[r] + 1 - at));
            hidden[r] = min_int(seen[r], max_int(0, t->first[r] - at));
            if (hidden[r] < seen[r]) {
                if (format == INGOT_I8) {
                    scale_row(score[r], c.k_scale, seen[r]);
                }
                softmax_row(score[r], hidden[r], seen[r], t->softcap, &states[r], head_dim);
                if (format == INGOT_I8) {
                    scale_row(score[r], c.v_scale, seen[r]);
                }
            }
        }
        /* What all rows see, side by side; before it and after it, each row what it sees alone. */
        int32_t start = 0, all = seen[0];
        for (int32_t r = 0; r < t->rows; r++) {
            start = max_int(start, hidden[r]);
        }
        if (start > all) {
            start = all;
        }
        for (int32_t r = 0; r < t->rows; r++) {
            if (hidden[r] < start) {
                value_rows(format, 1, 4, r, head_dim, &c, hidden[r], start, score, states);
            }
        }
        row = 0;
        for (; row + 8 <= t->rows; row += 8) {
            value_rows(format, 8, 1, row, head_dim, &c, start, all, score, states);
        }
        for (; row + 4 <= t->rows; row += 4) {
            value_rows(format, 4, 2, row, head_dim, &c, start, all, score, states);
        }
        for (; row + 2 <= t->rows; row += 2) {
            value_rows(format, 2, 4, row, head_dim, &c, start, all, score, states);
        }
        for (; row < t->rows; row++) {
            value_rows(format, 1, 4, row, head_dim, &c, start, all, score, states);
        }
        for (int32_t r = 0; r < t->rows; r++) {
            int32_t rest = max_int(all, hidden[r]);
            if (seen[r] > rest) {
                value_rows(format, 1, 4, r, head_dim, &c, rest, seen[r], score, states);
            }
        }
    }
}

static void attend(const tile *t, int32_t from, int32_t to, state *states) {
    switch (t->cache->format) {
    case INGOT_F32:
        attend_split(t, INGOT_F32, from, to, states);
        break;
    case INGOT_F16:
        attend_split(t, INGOT_F16, from, to, states);
        break;
    case INGOT_BF16:
        attend_split(t, INGOT_BF16, from, to, states);
        break;
    default:
        attend_split(t, INGOT_I8, from, to, states);
    }
}

/* ------------------------------------------------------------------ items */

typedef struct place {
    int32_t sequence, token, tokens; /* of the tile */
    int32_t head, heads;
    int32_t kv_head;
} place;

static place place_of(const ingot_op *op, const cut *c, int32_t tile_index) {
    place p;
    int32_t head_tile = tile_index % c->head_tiles, token_tile = tile_index / c->head_tiles;
    int32_t tiles_a_group = divide_up(c->group, c->tile_heads);
    p.kv_head = head_tile / tiles_a_group;
    int32_t first = head_tile % tiles_a_group * c->tile_heads;
    p.head = p.kv_head * c->group + first;
    p.heads = min_int(c->tile_heads, c->group - first);
    for (p.sequence = 0;; p.sequence++) {
        int32_t from = int_at(&op->t[3], p.sequence), to = int_at(&op->t[3], p.sequence + 1);
        int32_t tiles = divide_up(to - from, c->tile_tokens);
        if (token_tile < tiles) {
            p.token = from + token_tile * c->tile_tokens;
            p.tokens = min_int(c->tile_tokens, to - p.token);
            return p;
        }
        token_tile -= tiles;
    }
}

/* Everything that a tile will touch is checked here, before it is touched. */
static int fill_tile(const ingot_op *op, context *ctx, const place *p, int32_t op_index, tile *t) {
    const ingot_cache *c = &op->cache;
    const ingot_tensor *tables = &op->t[5];
    t->cache = c;
    t->kv_head = p->kv_head;
    t->rows = 0;
    t->softcap = op->limit;
    t->table = (const int32_t *)tables->data + p->sequence * tables->stride;
    int64_t reach = (int64_t)tables->columns * c->block_size;
    reach = int_at(&op->t[4], p->sequence) < reach ? int_at(&op->t[4], p->sequence) : reach;
    int32_t previous = -1;
    for (int32_t i = 0; i < p->tokens; i++) {
        int32_t token = p->token + i, position = int_at(&op->t[2], token);
        if (position <= previous || position >= reach) {
            fail(ctx, INGOT_BAD_POSITION, op_index, token, position, reach);
            return 0;
        }
        previous = position;
        const float *q = row_of(&op->t[1], token) + p->head * c->head_dim;
        for (int32_t h = 0; h < p->heads; h++, q += c->head_dim) {
            t->position[t->rows] = position;
            t->first[t->rows] = op->count > 0 ? max_int(0, position + 1 - op->count) : 0;
            float *scaled = t->q[t->rows++];
            for (int32_t d = 0; d < c->head_dim; d++) {
                scaled[d] = q[d] * op->scalar;
            }
        }
    }
    for (int32_t b = 0; b <= previous / c->block_size; b++) {
        if (t->table[b] < 0 || t->table[b] >= c->block_count) {
            fail(ctx, INGOT_BAD_BLOCK, op_index, p->sequence, t->table[b], c->block_count);
            return 0;
        }
    }
    return 1;
}

static float *out_of(const ingot_op *op, const place *p, int32_t row) {
    int32_t token = p->token + row / p->heads, head = p->head + row % p->heads;
    return row_of(&op->t[0], token) + head * op->cache.head_dim;
}

/* The sink of a tile's row, or NULL. */
static const float *sink_of(const ingot_op *op, const place *p, int32_t row) {
    const float *sinks = op->t[6].data;
    return sinks == NULL ? NULL : sinks + p->head + row % p->heads;
}

/* Where a row's first split begins. */
static int32_t first_split(const tile *t, int32_t row) { return t->first[row] / SPLIT * SPLIT; }

/* The whole context of a tile, split after split. */
static void run_whole(const ingot_op *op, const place *p, const tile *t) {
    state total[TILE_ROWS], part[TILE_ROWS];
    int32_t head_dim = op->cache.head_dim;
    for (int32_t from = first_split(t, 0); from <= t->position[t->rows - 1]; from += SPLIT) {
        attend(t, from, from + SPLIT, part);
        for (int32_t r = 0; r < t->rows; r++) {
            if (t->position[r] >= from && from >= first_split(t, r)) {
                state_merge(&total[r], &part[r], head_dim, from == first_split(t, r));
            }
        }
    }
    for (int32_t r = 0; r < t->rows; r++) {
        state_write(&total[r], out_of(op, p, r), head_dim, sink_of(op, p, r));
    }
}

/* Where the state of a tile's row over one split waits for the second phase: largest, sum, values. */
static float *part_of(const ingot_op *op, const context *ctx, const cut *c, int32_t tile_index, int32_t split, int32_t row) {
    int64_t index = ((int64_t)tile_index * c->splits + split) * TILE_ROWS + row;
    return ctx->scratch + index * (op->cache.head_dim + 2);
}

static void run_split(
    const ingot_op *op, const context *ctx, const cut *c, const tile *t, int32_t tile_index, int32_t split) {
    state part[TILE_ROWS];
    if (t->position[t->rows - 1] < split * SPLIT || first_split(t, 0) > split * SPLIT) {
        return;
    }
    attend(t, split * SPLIT, (split + 1) * SPLIT, part);
    for (int32_t r = 0; r < t->rows; r++) {
        float *saved = part_of(op, ctx, c, tile_index, split, r);
        saved[0] = part[r].largest;
        saved[1] = part[r].sum;
        memcpy(saved + 2, part[r].values, (size_t)op->cache.head_dim * sizeof(float));
    }
}

static void merge_splits(
    const ingot_op *op, const context *ctx, const cut *c, const place *p, const tile *t, int32_t tile_index) {
    state total, part;
    int32_t head_dim = op->cache.head_dim;
    for (int32_t r = 0; r < t->rows; r++) {
        int32_t first = first_split(t, r) / SPLIT;
        for (int32_t split = first; split * SPLIT <= t->position[r]; split++) {
            const float *saved = part_of(op, ctx, c, tile_index, split, r);
            part.largest = saved[0];
            part.sum = saved[1];
            memcpy(part.values, saved + 2, (size_t)head_dim * sizeof(float));
            state_merge(&total, &part, head_dim, split == first);
        }
        state_write(&total, out_of(op, p, r), head_dim, sink_of(op, p, r));
    }
}

static int32_t attention_items(const ingot_op *op, const context *ctx, int32_t phase) {
    cut c = cut_of(op, ctx);
    if (c.token_tiles < 0) {
        return phase == 0 ? 1 : 0; /* one item, to say so */
    }
    int32_t tiles = c.token_tiles * c.head_tiles;
    if (phase == 0) {
        return tiles * max_int(c.splits, 1);
    }
    return phase == 1 && c.splits > 0 ? tiles : 0;
}

static void attention_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    cut c = cut_of(op, ctx);
    if (c.token_tiles < 0) {
        fail(ctx, INGOT_BAD_QUERY_START, op_index, 0, -1, op->t[1].rows);
        return;
    }
    /* Splits of a tile are dealt out one after another; a prompt's last tiles, the longest, come last. */
    int32_t parts = phase == 0 ? max_int(c.splits, 1) : 1;
    int32_t tile_index = item / parts;
    place p = place_of(op, &c, tile_index);
    tile t;
    if (!fill_tile(op, ctx, &p, op_index, &t)) {
        return;
    }
    if (c.splits == 0) {
        run_whole(op, &p, &t);
    } else if (phase == 0) {
        run_split(op, ctx, &c, &t, tile_index, item % parts);
    } else {
        merge_splits(op, ctx, &c, &p, &t, tile_index);
    }
}

static int64_t attention_work(const ingot_op *op) {
    int64_t work = 0;
    for (int32_t s = 0; s < op->t[4].rows; s++) {
        int64_t tokens = int_at(&op->t[3], s + 1) - int_at(&op->t[3], s);
        work += tokens * int_at(&op->t[4], s) * op->t[0].columns / 8;
    }
    return work;
}

const kernel attention_kernel = {attention_items, attention_run, attention_work};
