/* From an op's code to its kernel. */
#include "kernels.h"

static const kernel *const kernels[INGOT_OPS] = {
    [INGOT_OP_PACK] = &pack_kernel,
    [INGOT_OP_EMBED] = &embed_kernel,
    [INGOT_OP_RMS_NORM] = &rms_norm_kernel,
    [INGOT_OP_MATMUL] = &matmul_kernel,
    [INGOT_OP_MATMUL_ADD] = &matmul_kernel,
    [INGOT_OP_MATMUL_SWIGLU] = &matmul_swiglu_kernel,
    [INGOT_OP_ROPE] = &rope_kernel,
    [INGOT_OP_STORE_KV] = &store_kv_kernel,
    [INGOT_OP_ATTENTION] = &attention_kernel,
    [INGOT_OP_SWIGLU] = &swiglu_kernel,
    [INGOT_OP_GATHER_ROWS] = &gather_rows_kernel,
    [INGOT_OP_FEED_SAMPLED] = &feed_sampled_kernel,
    [INGOT_OP_ARGMAX] = &sample_kernel,
    [INGOT_OP_READ] = &read_kernel,
    [INGOT_OP_LAYER_NORM] = &layer_norm_kernel,
    [INGOT_OP_MAP] = &map_kernel,
    [INGOT_OP_GATE] = &gate_kernel,
    [INGOT_OP_ADD] = &add_kernel,
    [INGOT_OP_ADD_ROWS] = &add_rows_kernel,
    [INGOT_OP_MOE_ROUTE] = &moe_route_kernel,
    [INGOT_OP_MOE_GROUP] = &moe_group_kernel,
    [INGOT_OP_MOE_MATMUL] = &moe_matmul_kernel,
    [INGOT_OP_MOE_COMBINE] = &moe_combine_kernel,
    [INGOT_OP_TOP_K] = &top_k_kernel,
    [INGOT_OP_PROCESS_LOGITS] = &process_logits_kernel,
    [INGOT_OP_SAMPLE] = &sample_kernel,
    [INGOT_OP_SOFTMAX_SUMS] = &sample_kernel,
    [INGOT_OP_COPY_BLOCKS] = &copy_blocks_kernel,
};

const kernel *kernel_for(int32_t code) { return code >= 0 && code < INGOT_OPS ? kernels[code] : NULL; }
