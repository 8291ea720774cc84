/*
 * Causal attention over the paged cache (online softmax: Milakov & Gimelshein 2018; in blocks: Dao et
 * al. 2022): how it is cut into items, and how the parts are put together.
 *
 * One query row (a token's head) goes the same way wherever it is computed:
 *
 *   positions are cut into chunks (see attend.c) and splits of SPLIT, counted from absolute position 0;
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
#include "attend.h"

enum {
    SPLIT = 256,
    ITEMS_A_THREAD = 3, /* with fewer, splits are items of their own */
    MANY_ITEMS = 8,     /* a thread; with more, tiles share one */
    ITEM_TILES = 8      /* at most: while one is read, memory is asked for what the next begins with */
};

/* ------------------------------------------------------------------ how an op is cut into tiles */

/* A tile: neighbouring tokens of one sequence times heads of one group; at most TILE_ROWS query rows. */
typedef struct cut {
    int32_t heads;
    int32_t group;       /* query heads of a K/V head */
    int32_t tile_heads;  /* of a group, in one tile */
    int32_t tile_tokens;
    int32_t head_tiles;  /* tiles beside each other over all heads */
    int32_t token_tiles; /* over all sequences; -1 where the query starts are broken */
    int32_t item_tiles;  /* neighbours in one item, where splits are none */
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
    result.item_tiles = (int32_t)(tiles / ((int64_t)ctx->threads * MANY_ITEMS));
    result.item_tiles = max_int(1, min_int(ITEM_TILES, result.item_tiles));
    if (ctx->threads > 1 && splits > 1 && tiles < (int64_t)ctx->threads * ITEMS_A_THREAD
        && tiles * splits * TILE_ROWS * (c->head_dim + 2) <= ctx->scratch_floats) {
        result.splits = splits;
    }
    return result;
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
    t->next_kv_head = -1;
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
    if (c.splits == 0) {
        return phase == 0 ? divide_up(tiles, c.item_tiles) : 0;
    }
    return phase == 0 ? tiles * c.splits : phase == 1 ? tiles : 0;
}

/* Some neighbouring tiles, each with its whole context. */
static void run_tiles(const ingot_op *op, context *ctx, const cut *c, int32_t first, int32_t end, int32_t op_index) {
    place p = place_of(op, c, first);
    for (int32_t i = first; i < end; i++) {
        tile t;
        if (!fill_tile(op, ctx, &p, op_index, &t)) {
            return;
        }
        place next = p;
        if (i + 1 < end) {
            next = place_of(op, c, i + 1);
            t.next_kv_head = next.token == p.token ? next.kv_head : -1;
        }
        run_whole(op, &p, &t);
        p = next;
    }
}

static void attention_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    cut c = cut_of(op, ctx);
    if (c.token_tiles < 0) {
        fail(ctx, INGOT_BAD_QUERY_START, op_index, 0, -1, op->t[1].rows);
        return;
    }
    if (c.splits == 0) {
        /* A prompt's last tiles, the longest, come last. */
        int32_t first = item * c.item_tiles;
        run_tiles(op, ctx, &c, first, min_int(first + c.item_tiles, c.token_tiles * c.head_tiles), op_index);
        return;
    }
    /* Splits of a tile are dealt out one after another. */
    int32_t parts = phase == 0 ? c.splits : 1;
    int32_t tile_index = item / parts;
    place p = place_of(op, &c, tile_index);
    tile t;
    if (!fill_tile(op, ctx, &p, op_index, &t)) {
        return;
    }
    if (phase == 0) {
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
