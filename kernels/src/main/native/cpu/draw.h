/*
 * A row of logits that a token is drawn from: the integer weights of its tokens, and what filters have left of it.
 *
 * SoftmaxWeight.java has the weights' arithmetic and its bounds.
 */
#ifndef INGOT_DRAW_H
#define INGOT_DRAW_H

#include "kernels.h"
#include "simd.h"

/* ------------------------------------------------------------------ weights */

#define ONE (UINT64_C(1) << 40)

/* 1 - 2^-t as a fraction of 32 bits, for the distance's part behind the point. */
INLINE vu less_of(vu distance) {
    vu t = distance << 8;
    vu p = vu_set1(0x025a8645u) - vu_upper(vu_set1(0x003d94deu), t);
    p = vu_set1(0x0e275966u) - vu_upper(p, t);
    p = vu_set1(0x3d7c413cu) - vu_upper(p, t);
    p = vu_set1(0xb171d93du) - vu_upper(p, t);
    return vu_upper(p, t);
}

/* A number that compares as the float does, 0 as -0; never 0 itself. */
INLINE uint32_t key_of(float x) {
    uint32_t bits = f32_bits(x);
    bits = bits == 0x80000000u ? 0 : bits;
    return bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
}

INLINE float of_key(uint32_t key) { return f32_from_bits(key & 0x80000000u ? key ^ 0x80000000u : ~key); }

/* ------------------------------------------------------------------ a row */

enum {
    MAX_BLOCKS = 4096,
    MAX_COUNT = 1 << 22, /* of logits in a row */
    MAX_BLOCK = MAX_COUNT / MAX_BLOCKS,
    MIN_BLOCK = 64,
    POOL = 4096,         /* all of this is on the stack */
    NEAR_BITS = 17,      /* distances of a bin differ in these */
    BINS = (41 << (24 - NEAR_BITS)) + 1
};

/* What is left by a filter: higher scores, and the first few of those that are as high. */
typedef struct cut {
    float score;
    int64_t equals;
} cut;

static const cut ALL = {-INFINITY, INT64_MAX};

/* Scores in index order. A row is looked at whole, or only those of it that the cut may leave. */
typedef struct view {
    const float *x;
    const int32_t *ids; /* NULL: x[i] is i's */
    int32_t n;
} view;

typedef struct row {
    const float *x;
    float max, scale;
    uint32_t reach;
    int32_t block;                /* logits in a block */
    float largest[MAX_BLOCKS];    /* of each block of the row */
    uint64_t sums[MAX_BLOCKS];    /* weights of each block of the row, before any cut */
    uint32_t distances[MAX_BLOCK]; /* of the block at hand */
    uint32_t less[MAX_BLOCK];
    uint64_t weights[MAX_BLOCK];
    uint64_t bins[BINS];
    float pool[POOL];
    int32_t pool_ids[POOL];
    float near[POOL];
} row;

/* What the threads that share a row find of it. */
typedef struct part {
    float largest[MAX_BLOCKS];
    uint64_t sums[MAX_BLOCKS];
} part;

/* How far scores are below the largest, in halvings with 24 bits behind the point; at most 41 of them. */
INLINE vu distances_of(const row *r, vf x) {
    vf limit = vf_set1(41), y = vf_max((vf_set1(r->max) - x) * vf_set1(r->scale), vf_set1(0));
    return vu_truncated(vf_if_less(y, limit, y, limit) * vf_set1(0x1p24f));
}

static int is_within_reach(const row *r, float x) { return distances_of(r, vf_set1(x))[0] <= r->reach; }

/* Whether a block may hold something that is left: of a row this is known, of a part of it not asked. */
static int is_left(const row *r, view v, int32_t from, cut c) {
    float largest = r->largest[from / r->block];
    return v.x != r->x || (is_within_reach(r, largest) && largest >= c.score);
}

/* The distances of a block. */
static void measure(row *r, const float *x, int32_t n) {
    for (int32_t i = 0; i < n; i += LANES) {
        int32_t lanes = min_int(n - i, LANES);
        vu distances = distances_of(r, lanes == LANES ? vf_load(x + i) : vf_load_n(x + i, lanes));
        memcpy(r->distances + i, &distances, sizeof distances);
    }
}

/* Distances and weights of a block, whatever the cut, and the weights' sum. */
static uint64_t weigh(row *r, const float *x, int32_t n) {
    measure(r, x, n);
    for (int32_t i = 0; i < n; i += LANES) {
        vu distances;
        memcpy(&distances, r->distances + i, sizeof distances);
        vu less = less_of(distances);
        memcpy(r->less + i, &less, sizeof less);
    }
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        uint32_t distance = r->distances[i];
        uint64_t weight = (ONE - ((uint64_t)r->less[i] << 8)) >> (distance >> 24);
        r->weights[i] = distance <= r->reach ? weight : 0;
        sum += r->weights[i];
    }
    return sum;
}

/* The same, 0 for what the cut leaves out; those that are at it are counted down over a view. */
static uint64_t weigh_left(row *r, const float *x, int32_t n, cut *c) {
    uint64_t sum = weigh(r, x, n);
    if (c->score == -INFINITY) {
        return sum;
    }
    sum = 0;
    int32_t equals = 0;
    for (int32_t i = 0; i < n; i++) {
        r->weights[i] = x[i] >= c->score ? r->weights[i] : 0;
        sum += r->weights[i];
        equals += x[i] == c->score;
    }
    for (int32_t i = 0; equals > 0; i++) {
        if (x[i] == c->score) {
            equals--;
            if (--c->equals < 0) {
                sum -= r->weights[i];
                r->weights[i] = 0;
            }
        }
    }
    return sum;
}

#endif
