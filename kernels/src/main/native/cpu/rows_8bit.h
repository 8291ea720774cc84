/* Rows of x in 8 bits, group by group, as products with quantized weights take them. */
#ifndef INGOT_ROWS_8BIT_H
#define INGOT_ROWS_8BIT_H

#include "quants.h"

/* Of a row's group, behind the row's levels. */
typedef struct group_terms {
    float step;
    union {
        float sum;     /* step * sum of q, where biases are stored */
        int32_t start; /* -zero * sum of q, where they are not */
    };
} group_terms;

INLINE int64_t terms_at(const ingot_matrix *m) { return ((int64_t)m->in + 63) / 64 * 64; }

#endif
