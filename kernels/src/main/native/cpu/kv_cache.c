/* The paged cache: storing new K and V in it, and copying blocks. */
#include "kv_cache.h"
#include "simd.h"

int32_t ingot_cache_slack(void) { return 64; }

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
