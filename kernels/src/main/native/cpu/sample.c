/*
 * The last op of a step: the draw of each row's token, or the likeliest ones.
 *
 * The token of a row is a function of integers (Encoder.sample has the rules), so neither the variant's vectors nor the
 * ways below to look at few of a row's logits can change it.
 */
#include "draw.h"

/* ------------------------------------------------------------------ cuts */

/* Keys are looked at 11 bits at a time, the upper ones first, and below them only those of the bin of the cut. */
static const int32_t SHIFTS[] = {21, 10, 0};
static const int32_t WIDTHS[] = {11, 11, 10};
enum { LEVELS = 3 };

/* -1 where the upper bits are not the prefix. */
static int32_t bin_of(uint32_t key, int32_t level, uint32_t prefix) {
    uint64_t shifted = (uint64_t)key >> SHIFTS[level];
    return shifted >> WIDTHS[level] == prefix ? (int32_t)(shifted & ((1u << WIDTHS[level]) - 1)) : -1;
}

/* From the highest bin down to the one that has what is left of the target, which is taken off it. */
static uint32_t descend(const row *r, uint32_t prefix, int32_t level, uint64_t *target) {
    uint32_t bin = (1u << WIDTHS[level]) - 1;
    for (; r->bins[bin] < *target; bin--) {
        *target -= r->bins[bin];
    }
    return prefix << WIDTHS[level] | bin;
}

static void clear_bins(row *r) { memset(r->bins, 0, sizeof r->bins); }

/* The k highest ranks of n > k scores. */
static cut cut_by_count(row *r, const float *x, int32_t n, int32_t k) {
    uint64_t left = (uint64_t)k;
    uint32_t prefix = 0;
    for (int32_t level = 0; level < LEVELS; level++) {
        clear_bins(r);
        for (int32_t i = 0; i < n; i++) {
            int32_t bin = bin_of(key_of(x[i]), level, prefix);
            if (bin >= 0) {
                r->bins[bin]++;
            }
        }
        prefix = descend(r, prefix, level, &left);
    }
    return (cut){of_key(prefix), (int64_t)left};
}

/* What is left in one bin of distances, by itself if there is room for it. */
static void gather_near(row *r, view *v, cut *c, uint32_t near) {
    int32_t count = 0;
    cut left = *c;
    for (int32_t from = 0; from < v->n; from += r->block) {
        if (!is_left(r, *v, from, *c)) {
            continue;
        }
        const float *x = v->x + from;
        int32_t n = min_int(v->n - from, r->block);
        if (count + n > POOL) {
            return;
        }
        measure(r, x, n);
        for (int32_t i = 0; i < n; i++) {
            r->near[count] = x[i];
            int is_near = r->distances[i] >> NEAR_BITS == near && x[i] >= c->score;
            count += is_near && (x[i] != c->score || --left.equals >= 0);
        }
    }
    *v = (view){r->near, NULL, count};
    *c = ALL;
}

/*
 * The shortest run of highest ranks of what is left that weighs at least the target, which is at most all of it:
 * by the distances' upper bits first, of which there is a bin for every 128th of a halving, and in which the weights
 * lie already. What is left then is the new total.
 */
static cut cut_by_weight(row *r, view v, cut c, uint64_t target, uint64_t *total) {
    *total = target;
    uint32_t near = 0;
    for (; r->bins[near] < target; near++) {
        target -= r->bins[near];
    }
    gather_near(r, &v, &c, near);
    uint32_t prefix = 0;
    for (int32_t level = 0; level < LEVELS; level++) {
        clear_bins(r);
        cut left = c;
        for (int32_t from = 0; from < v.n; from += r->block) {
            if (!is_left(r, v, from, c)) {
                continue;
            }
            const float *x = v.x + from;
            int32_t n = min_int(v.n - from, r->block);
            weigh_left(r, x, n, &left);
            for (int32_t i = 0; i < n; i++) {
                int32_t bin = r->distances[i] >> NEAR_BITS == near ? bin_of(key_of(x[i]), level, prefix) : -1;
                if (bin >= 0) {
                    r->bins[bin] += r->weights[i];
                }
            }
        }
        prefix = descend(r, prefix, level, &target);
    }
    float score = of_key(prefix);
    uint64_t each = weigh(r, &score, 1);
    uint64_t equals = (target + each - 1) / each;
    *total += equals * each - target;
    return (cut){score, (int64_t)equals};
}

/* All scores from `bound` up, if the pool holds them. */
static void gather(row *r, view *v, float bound) {
    int32_t count = 0;
    for (int32_t from = 0; from < v->n; from += r->block) {
        int32_t to = min_int(from + r->block, v->n);
        if (r->largest[from / r->block] < bound) {
            continue;
        }
        if (count + to - from > POOL) {
            return;
        }
        for (int32_t i = from; i < to; i++) {
            r->pool[count] = v->x[i];
            r->pool_ids[count] = i;
            count += v->x[i] >= bound;
        }
    }
    *v = (view){r->pool, r->pool_ids, count};
}

/* The k largest are among those from the k-th largest of the blocks' largest up. */
static cut keep_likeliest(row *r, view *v, int32_t k) {
    int32_t blocks = divide_up(v->n, r->block);
    if (k < blocks) {
        gather(r, v, cut_by_count(r, r->largest, blocks, k).score);
    }
    return k < v->n ? cut_by_count(r, v->x, v->n, k) : ALL;
}

/* ------------------------------------------------------------------ the draw */

static int32_t block_of(int32_t n) { return max_int(MIN_BLOCK, divide_up(divide_up(n, MAX_BLOCKS), LANES) * LANES); }

static void survey(float *largest, view v, int32_t from, int32_t to) {
    int32_t block = block_of(v.n);
    for (; from < to; from += block) {
        largest[from / block] = vf_largest_of(v.x + from, min_int(v.n - from, block));
    }
}

/* Finds the largest of each block, unless others have, and of all; +infinity where the row is broken. */
static void begin(row *r, view v, const int32_t *draw, const part *found) {
    r->x = v.x;
    r->block = block_of(v.n);
    r->scale = f32_from_bits((uint32_t)draw[0]);
    r->reach = (uint32_t)draw[1];
    int32_t blocks = divide_up(v.n, r->block);
    if (found == NULL) {
        survey(r->largest, v, 0, v.n);
    } else {
        memcpy(r->largest, found->largest, (size_t)blocks * sizeof(float));
    }
    r->max = -INFINITY;
    for (int32_t b = 0; b < blocks; b++) {
        r->max = r->largest[b] > r->max ? r->largest[b] : r->max;
    }
}

/* Whether there is a token to choose. */
static int is_sound(const row *r) { return r->max < INFINITY && r->max > -INFINITY; }

static int32_t likeliest_of(const row *r) {
    int32_t i = 0;
    while (r->largest[i / r->block] != r->max) {
        i += r->block;
    }
    while (r->x[i] != r->max) {
        i++;
    }
    return i;
}

/* Weighs all that is left, by block and, if asked to, by distance. */
static uint64_t weigh_all(row *r, view v, cut c, int in_bins) {
    if (in_bins) {
        clear_bins(r);
    }
    uint64_t total = 0;
    for (int32_t from = 0; from < v.n; from += r->block) {
        int32_t n = min_int(v.n - from, r->block);
        uint64_t sum = is_left(r, v, from, c) ? weigh_left(r, v.x + from, n, &c) : 0;
        for (int32_t i = 0; in_bins && sum > 0 && i < n; i++) {
            r->bins[r->distances[i] >> NEAR_BITS] += r->weights[i];
        }
        r->sums[from / r->block] = sum;
        total += sum;
    }
    return total;
}

/* The first up to which what is left weighs more than the target; by the sums first, if they are of the same. */
static int32_t drawn_of(row *r, view v, cut c, uint64_t target, int has_sums) {
    cut left = c;
    for (int32_t from = 0; from < v.n; from += r->block) {
        if (has_sums ? target >= r->sums[from / r->block] : !is_left(r, v, from, c)) {
            target -= has_sums ? r->sums[from / r->block] : 0;
            continue;
        }
        const float *x = v.x + from;
        uint64_t sum = weigh_left(r, x, min_int(v.n - from, r->block), &left);
        if (target >= sum) {
            target -= sum;
            continue;
        }
        int32_t i = from;
        for (; target >= r->weights[i - from]; i++) {
            target -= r->weights[i - from];
        }
        return v.ids == NULL ? i : v.ids[i];
    }
    return -1; /* never: the target is below the total */
}

/* The least integer that is not below `total * share / 2^32`. */
static uint64_t part_of(uint64_t total, uint32_t share) {
    uint64_t low = (total & 0xffffffffu) * share;
    return (total >> 32) * share + ((low + 0xffffffffu) >> 32);
}

/* Whether all that is within reach is left, so that the weights of blocks are all there is to know. */
static int is_unfiltered(const int32_t *draw, int32_t n) {
    return draw[0] != 0 && draw[3] == 0 && !(draw[2] > 0 && draw[2] < n);
}

/* The sum of the blocks' weights, which others have found. */
static uint64_t gathered(row *r, int32_t n, const part *found) {
    uint64_t total = 0;
    for (int32_t b = 0; b * r->block < n; b++) {
        total += r->sums[b] = found->sums[b];
    }
    return total;
}

/* @param found by others of the row, or NULL */
static int32_t sample_row(view v, const int32_t *draw, const part *found) {
    row r;
    begin(&r, v, draw, found);
    if (!is_sound(&r)) {
        return -1;
    }
    if (r.scale == 0) {
        return likeliest_of(&r);
    }
    int32_t top_k = draw[2];
    uint32_t top_p = (uint32_t)draw[3];
    uint64_t random = (uint64_t)(uint32_t)draw[5] << 32 | (uint32_t)draw[4];
    int is_summed = found != NULL && is_unfiltered(draw, v.n);
    cut c = top_k > 0 && top_k < v.n ? keep_likeliest(&r, &v, top_k) : ALL;
    uint64_t total = is_summed ? gathered(&r, v.n, found) : weigh_all(&r, v, c, top_p != 0);
    if (top_p != 0) {
        c = cut_by_weight(&r, v, c, part_of(total, top_p), &total);
    }
    uint64_t target = (uint64_t)((unsigned __int128)total * random >> 64);
    return drawn_of(&r, v, c, target, top_p == 0 && c.score == -INFINITY);
}

/* No temperature: nothing to draw. */
static const int32_t LIKELIEST[] = {0, 0, 0, 0, 0, 0};

/* Temperature 1, no filter: what log probabilities are of. */
static const int32_t NATURAL[] = {0x3fb8aa3b, 40 << 24, 0, 0, 0, 0};

static void sums_of_row(int32_t *sums, view v, const part *found) {
    row r;
    begin(&r, v, NATURAL, found);
    uint64_t sum = !is_sound(&r) ? 0 : found == NULL ? weigh_all(&r, v, ALL, 0) : gathered(&r, v.n, found);
    sums[0] = (int32_t)f32_bits(r.max);
    sums[1] = (int32_t)(uint32_t)sum;
    sums[2] = (int32_t)(sum >> 32);
}

/* ------------------------------------------------------------------ rows and their parts */

/* A long row is shared if there are fewer rows than threads: first its blocks' largest, then their weights, then the rest. */
enum { LONG_ROW = 32768, SURVEY = 0, WEIGH = 1, FINISH = 2 };

static int32_t parts_of(const ingot_op *op, const context *ctx) {
    const ingot_tensor *x = &op->t[1];
    int64_t bytes = (int64_t)x->rows * (int64_t)sizeof(part);
    int is_shared = x->rows < ctx->threads && x->columns >= LONG_ROW && bytes <= ctx->scratch_floats * 4;
    return is_shared ? ctx->threads : 1;
}

static int32_t sample_items(const ingot_op *op, const context *ctx, int32_t phase) {
    int32_t parts = parts_of(op, ctx), rows = op->t[1].rows;
    if (parts == 1) {
        return phase == 0 ? rows : 0;
    }
    return phase < FINISH ? rows * parts : phase == FINISH ? rows : 0;
}

static const int32_t *draw_of(const ingot_op *op, int32_t row) {
    switch (op->code) {
    case INGOT_OP_ARGMAX:
        return LIKELIEST;
    case INGOT_OP_SAMPLE:
        return (const int32_t *)op->t[2].data + row * op->t[2].stride;
    default:
        return NATURAL;
    }
}

/* One of the parts of a row. */
static void share(const ingot_op *op, int32_t row_index, int32_t part_index, int32_t parts, int32_t phase, part *found) {
    const int32_t *draw = draw_of(op, row_index);
    view v = {row_of(&op->t[1], row_index), NULL, op->t[1].columns};
    int32_t block = block_of(v.n), step = divide_up(divide_up(v.n, block), parts) * block;
    int32_t from = part_index * step, to = min_int(from + step, v.n);
    if (phase == SURVEY) {
        survey(found->largest, v, from, to);
        return;
    }
    row r;
    begin(&r, v, draw, found);
    if (!is_unfiltered(draw, v.n) || !is_sound(&r)) {
        return;
    }
    for (int32_t i = from; i < to; i += block) {
        found->sums[i / block] = is_left(&r, v, i, ALL) ? weigh(&r, v.x + i, min_int(v.n - i, block)) : 0;
    }
}

static void sample_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)op_index;
    int32_t parts = parts_of(op, ctx);
    part *found = (part *)ctx->scratch;
    if (parts > 1 && phase < FINISH) {
        share(op, item / parts, item % parts, parts, phase, found + item / parts);
        return;
    }
    found = parts > 1 ? found + item : NULL;
    int32_t *out = (int32_t *)op->t[0].data + item * op->t[0].stride;
    view v = {row_of(&op->t[1], item), NULL, op->t[1].columns};
    if (op->code == INGOT_OP_SOFTMAX_SUMS) {
        sums_of_row(out, v, found);
    } else {
        *out = sample_row(v, draw_of(op, item), found);
    }
}

static int64_t sample_work(const ingot_op *op) { return elements_of(&op->t[1]); }

const kernel sample_kernel = {sample_items, sample_run, sample_work};
