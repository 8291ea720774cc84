/* Where K and V of a block's positions lie in the paged cache. */
#ifndef INGOT_KV_CACHE_H
#define INGOT_KV_CACHE_H

#include "kernels.h"

static inline int32_t kv_bytes(const ingot_cache *c) { return c->format == INGOT_I8 ? 1 : element_bytes(c->format); }

/* K of a block and a head, without scales; V takes as much. */
static inline int64_t half_bytes(const ingot_cache *c) { return (int64_t)c->block_size * c->head_dim * kv_bytes(c); }

static inline int64_t block_bytes(const ingot_cache *c) {
    int64_t scales = c->format == INGOT_I8 ? (int64_t)2 * c->block_size * (int64_t)sizeof(float) : 0;
    return 2 * half_bytes(c) + scales;
}

static inline char *k_of(const ingot_cache *c, int64_t block, int32_t kv_head) {
    return (char *)c->data + (block * c->kv_heads + kv_head) * block_bytes(c);
}

static inline char *v_of(const ingot_cache *c, int64_t block, int32_t kv_head) {
    return k_of(c, block, kv_head) + half_bytes(c);
}

/* INGOT_I8: the scales of K by position, then those of V. */
static inline float *scales_of(const ingot_cache *c, int64_t block, int32_t kv_head) {
    return (float *)(k_of(c, block, kv_head) + 2 * half_bytes(c));
}

#endif
