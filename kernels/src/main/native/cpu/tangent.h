/* The hyperbolic tangent of a vector, which simd.h's exponential makes. */
#ifndef INGOT_TANGENT_H
#define INGOT_TANGENT_H

#include "simd.h"

/*
 * tanh x within 1e-6 of itself: Taylor's series where 1 - 2 / (1 + e^2x) would lose what it subtracts.
 * NaN stays NaN.
 */
INLINE vf vf_tanh(vf x) {
    vf one = vf_set1(1), zero = vf_set1(0);
    vf size = vf_if_less(x, zero, -x, x);
    vf far = one - vf_set1(2) / (one + vf_exp(size + size));
    far = vf_if_less(x, zero, -far, far);
    vf q = x * x;
    vf p = vf_set1(-1382.0f / 155925);
    p = vf_fma(p, q, vf_set1(62.0f / 2835));
    p = vf_fma(p, q, vf_set1(-17.0f / 315));
    p = vf_fma(p, q, vf_set1(2.0f / 15));
    p = vf_fma(p, q, vf_set1(-1.0f / 3));
    return vf_if_less(size, vf_set1(0.3f), vf_fma(x * q, p, x), far);
}

#endif
