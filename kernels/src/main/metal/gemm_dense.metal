// Projections of many rows with weights in full, where numerics are fast; see gemm.h.
#include "gemm.h"

GEMM("f32", Dense32)
GEMM("f16", Dense16)
GEMM("bf16", DenseB16)
