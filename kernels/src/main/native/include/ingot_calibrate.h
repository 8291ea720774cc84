/*
 * What the processor gives at best, measured now: the yardstick that benchmarks put beside their figures.
 * (Memory's is INGOT_OP_READ.) No part of serving.
 */
#ifndef INGOT_CALIBRATE_H
#define INGOT_CALIBRATE_H

#include "ingot_cpu.h"

/*
 * Runs `iterations` rounds of independent fused multiply-adds in `threads` threads at once, the caller's
 * included, and tells how many floating-point operations a second they made together, in 1e9.
 */
INGOT_API int32_t ingot_calibrate_fma(int32_t threads, int64_t iterations, double *gigaflops);

#endif
