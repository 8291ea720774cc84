/* pack_quantized.c: what packing and embedding do where the matrix is INGOT_Q4 or INGOT_Q8. */
#ifndef INGOT_PACK_H
#define INGOT_PACK_H

#include "kernels.h"

/* Whether the matrix is described by numbers that this library knows. */
int quantized_is_sound(const ingot_matrix *m);

int64_t quantized_bytes(const ingot_matrix *m);

/* Packs the rows from..to of the matrix, all in one panel; 0 if the op's source is none. */
int quantized_pack(const ingot_op *op, int64_t panel, int32_t from, int32_t to);

/* One row of the matrix as floats. */
void quantized_row(const ingot_matrix *m, int32_t row, float *out);

#endif
