/* A softmax that is summed part by part, with the values that it weights. */
#ifndef INGOT_SOFTMAX_H
#define INGOT_SOFTMAX_H

#include "kernels.h"
#include "simd.h"

enum { HEAD_FLOATS = INGOT_MAX_HEAD_DIM + LANES }; /* a head, and what a last vector overhangs */

/* The softmax so far: sum of e^(score - largest), and the values weighted by the same. */
typedef struct state {
    float largest, sum;
    float values[HEAD_FLOATS];
} state;

static inline void state_clear(state *s, int32_t head_dim) {
    s->largest = -INFINITY;
    s->sum = 0;
    for (int32_t d = 0; d < head_dim; d += LANES) {
        vf_store(s->values + d, vf_set1(0));
    }
}

/* Both over disjoint positions, `into` before `from`. Nothing yet in `into`: a copy, exactly. */
static inline void state_merge(state *into, const state *from, int32_t head_dim, int first) {
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
static inline void state_write(const state *s, float *out, int32_t head_dim, const float *sink) {
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

#endif
