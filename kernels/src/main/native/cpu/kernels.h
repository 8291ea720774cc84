/*
 * Inside the library: what an op is made of, and what a thread of the team knows.
 */
#ifndef INGOT_KERNELS_H
#define INGOT_KERNELS_H

#include <stdatomic.h>
#include <stddef.h>

#include "../include/ingot_cpu.h"

/* What the threads of a step share. */
typedef struct context {
    int32_t threads;
    float *scratch; /* partial results that pass from one phase of an op to the next */
    int64_t scratch_floats;
    atomic_int failed; /* set once, by whoever finds the first fault */
    ingot_failure failure;
} context;

/*
 * An op is one or more phases, each done before the next begins; a phase is a number of items that any
 * thread may run in any order; 0 items end the op. `work` is about how many nanoseconds the op takes one
 * thread of a usual machine: it decides whether to share it, never what comes out.
 */
typedef struct kernel {
    int32_t (*items)(const ingot_op *op, const context *ctx, int32_t phase);
    void (*run)(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index);
    int64_t (*work)(const ingot_op *op);
} kernel;

/* NULL for a code that is not an op. */
const kernel *kernel_for(int32_t code);

extern const kernel pack_kernel, embed_kernel, rms_norm_kernel, matmul_kernel, matmul_swiglu_kernel, rope_kernel, store_kv_kernel,
    attention_kernel, swiglu_kernel, gather_rows_kernel, read_kernel, layer_norm_kernel,
    map_kernel, gate_kernel, add_kernel, add_rows_kernel, moe_route_kernel, moe_group_kernel,
    moe_matmul_kernel, moe_combine_kernel, top_k_kernel, feed_sampled_kernel, copy_blocks_kernel,
    process_logits_kernel, sample_kernel;

/* Keeps the first failure of a step; the step's other ops are skipped. */
void fail(context *ctx, int32_t status, int32_t op_index, int64_t row, int64_t value, int64_t limit);

/* 0 for what is not stored element by element. */
static inline int32_t element_bytes(int32_t format) {
    return format == INGOT_F32 ? 4 : format == INGOT_F16 || format == INGOT_BF16 ? 2 : 0;
}

static inline float *row_of(const ingot_tensor *t, int64_t row) { return (float *)t->data + row * t->stride; }

static inline int32_t int_at(const ingot_tensor *t, int64_t row) {
    return ((const int32_t *)t->data)[row * t->stride];
}

static inline int64_t elements_of(const ingot_tensor *t) { return (int64_t)t->rows * t->columns; }

static inline int32_t min_int(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t max_int(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t divide_up(int32_t a, int32_t b) { return (int32_t)(((int64_t)a + b - 1) / b); }

#endif
