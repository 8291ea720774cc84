/*
 * What the processor gives at best, measured now: the yardstick that benchmarks put beside their figures.
 * (Memory's is INGOT_OP_READ.) No part of serving.
 */
#ifndef INGOT_CALIBRATE_H
#define INGOT_CALIBRATE_H

#include "ingot_cpu.h"

/* What products are made of: weights of F32 and F16, of BF16, of 8 bits and of 4, as this variant multiplies them. */
enum {
    INGOT_ARITHMETIC_FLOAT = 0,
    INGOT_ARITHMETIC_BF16 = 1,
    INGOT_ARITHMETIC_8_BITS = 2,
    INGOT_ARITHMETIC_4_BITS = 3,
    INGOT_ARITHMETICS = 4
};

/*
 * Runs `iterations` rounds of independent multiply-adds in `threads` threads at once, the caller's included,
 * and tells how many operations a second they made together, in 1e9: two for every product.
 */
INGOT_API int32_t ingot_calibrate(int32_t arithmetic, int32_t threads, int64_t iterations, double *gigaops);

#endif
