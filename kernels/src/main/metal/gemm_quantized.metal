// Projections of many rows with quantized weights, where numerics are fast; see gemm.h.
#include "gemm.h"

GEMM("q4", Linear4)
GEMM("q8", Linear8)
GEMM("fp4", Float4)
