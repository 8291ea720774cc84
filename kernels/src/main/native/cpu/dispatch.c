/* From an op's code to its kernel. */
#include "kernels.h"

static const kernel *const kernels[INGOT_OPS] = {
    [INGOT_OP_PACK] = &pack_kernel,
    [INGOT_OP_EMBED] = &embed_kernel,
    [INGOT_OP_RMS_NORM] = &rms_norm_kernel,
    [INGOT_OP_MATMUL] = &matmul_kernel,
    [INGOT_OP_MATMUL_ADD] = &matmul_kernel,
    [INGOT_OP_ROPE] = &rope_kernel,
    [INGOT_OP_STORE_KV] = &store_kv_kernel,
    [INGOT_OP_ATTENTION] = &attention_kernel,
    [INGOT_OP_SWIGLU] = &swiglu_kernel,
    [INGOT_OP_GATHER_ROWS] = &gather_rows_kernel,
    [INGOT_OP_ARGMAX] = &argmax_kernel,
    [INGOT_OP_READ] = &read_kernel,
};

const kernel *kernel_for(int32_t code) { return code >= 0 && code < INGOT_OPS ? kernels[code] : NULL; }
