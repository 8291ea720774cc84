/*
 * Attention's inner loops: for a chunk of positions scores, weights, and the values' weighted sums. A load of K or V
 * feeds all rows of a tile, which share it.
 */
#include "attend.h"
#include "kv_cache.h"
#include "tangent.h"

enum {
    CHUNK = 64,
    SCORE_FLOATS = CHUNK + LANES,
    VECTORS = 4,                        /* of K at once */
    WIDE_VECTORS = LANES == 8 ? 4 : 8,  /* of V at once, for two rows: where vectors are 8 floats, registers are 16 */
    FIRST_LINES = 4,                    /* of a block, asked for at once: its address is translated by then */
    AHEAD_BYTES = 3072                  /* from what is read of a block to what goes into the first-level cache */
};

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
    const char *next[CHUNK]; /* what memory is asked for while a row of V is read, of its size */
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

/*
 * Where K and V are that follow, to be asked for in time. Blocks are a few KiB and lie anywhere, too short for the
 * processor's own prefetcher. In a block V follows K, and so what is AHEAD_BYTES on from K; with V that is V too, and at
 * its end K of the chunk that is read next, of this head or of the next one.
 */
static void find_next(const tile *t, int32_t from, int32_t count, chunk *found) {
    const ingot_cache *c = t->cache;
    const int64_t row_bytes = (int64_t)c->head_dim * kv_bytes(c);
    const int32_t ahead = max_int(1, (int32_t)(AHEAD_BYTES / row_bytes)), last = t->position[t->rows - 1];
    int32_t head = t->kv_head, next = from + CHUNK;
    if (next > last && t->next_kv_head >= 0) {
        head = t->next_kv_head;
        next = t->first[0] / CHUNK * CHUNK;
    }
    int32_t block = from / c->block_size, offset = from % c->block_size;
    for (int32_t i = 0; i < count; block++) {
        int32_t run = min_int(c->block_size - offset, count - i);
        const char *v = v_of(c, t->table[block], t->kv_head);
        const char *k = next <= last ? k_of(c, t->table[next / c->block_size], head) : v;
        UNROLL
        for (int j = 0; j < FIRST_LINES; j++) {
            __builtin_prefetch(k + j * 64, 0, 2);
        }
        for (int32_t j = offset; j < offset + run; j++) {
            int32_t row = j + ahead;
            found->next[i++] = row < c->block_size ? v + row * row_bytes : k + (row - c->block_size) * row_bytes;
        }
        next += run;
        offset = 0;
    }
}

/* Scores of `rows` query rows and `vectors` vectors of positions; both constants where inlined. */
INLINE void score_tile(
    const tile *t, int format, int rows, int vectors, int32_t row, const chunk *c, int32_t first,
    float score[][SCORE_FLOATS]) {
    const int64_t step = (int64_t)t->cache->block_size * bytes_of(format);
    const float *q = t->q[row], *end = q + t->cache->head_dim;
    const char *p[VECTORS];
    vf sum[TILE_ROWS][VECTORS];
    UNROLL
    for (int v = 0; v < vectors; v++) {
        p[v] = c->k[first + v];
        UNROLL
        for (int r = 0; r < rows; r++) {
            sum[r][v] = vf_set1(0);
        }
    }
    for (; q < end; q++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            __builtin_prefetch(p[v] + AHEAD_BYTES);
            vf k = load_kv(format, p[v]);
            p[v] += step;
            UNROLL
            for (int r = 0; r < rows; r++) {
                sum[r][v] = vf_fma(k, vf_set1(q[r * HEAD_FLOATS]), sum[r][v]);
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
    if (vectors > 2 && v + 2 <= c->vectors) {
        score_tile(t, format, rows, 2, row, c, v, score);
        v += 2;
    }
    for (; v < c->vectors; v++) {
        score_tile(t, format, rows, 1, row, c, v, score);
    }
}

/*
 * values += weights * V for `rows` rows, `vectors` vectors of the head and the positions from..to. Each
 * row of V asks for as much of what follows.
 */
INLINE void value_tile(
    int format, int rows, int vectors, int32_t row, int32_t d, const chunk *c, int32_t from, int32_t to,
    float weight[][SCORE_FLOATS], state *states) {
    const int64_t bytes = bytes_of(format);
    vf sum[TILE_ROWS][WIDE_VECTORS];
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
            __builtin_prefetch(next + v * LANES * bytes);
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
        find_next(t, at, count, &c);
        int32_t row = 0;
        for (; row + 8 <= t->rows; row += 8) {
            score_rows(t, format, 8, 1, row, &c, score);
        }
        for (; row + 4 <= t->rows; row += 4) {
            score_rows(t, format, 4, 2, row, &c, score);
        }
        for (; row + 2 <= t->rows; row += 2) {
            score_rows(t, format, 2, VECTORS, row, &c, score);
        }
        for (; row < t->rows; row++) {
            score_rows(t, format, 1, VECTORS, row, &c, score);
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
            value_rows(format, 2, WIDE_VECTORS, row, head_dim, &c, start, all, score, states);
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

void attend(const tile *t, int32_t from, int32_t to, state *states) {
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
