// Projections with quantized weights; see matmul.h. Each weight becomes the float that it stands for, so
// that activations are not quantized and nothing is lost but the last bit.
#include "matmul.h"

MATMULS("q4", Linear4)
MATMULS("q8", Linear8)
MATMULS("fp4", Float4)
