// Projections with weights in full; see matmul.h.
#include "matmul.h"

MATMULS("f32", Dense32)
MATMULS("f16", Dense16)
MATMULS("bf16", DenseB16)
