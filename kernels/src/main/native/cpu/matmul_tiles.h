/* Products by the processor's matrix unit, where there is one (TILES). */
#ifndef INGOT_MATMUL_TILES_H
#define INGOT_MATMUL_TILES_H

#include "matmul.h"
#include "tiles.h"

#if defined(TILES)

/* Of a row of x beside weights in BF16: see matmul_bf16_tiles.c. */
#if defined(INGOT_ROUNDED)
enum { BF16_PARTS = 1 };
#else
enum { BF16_PARTS = 3 };
#endif

/* Rows of bytes from which on a tile beats the vectors. */
enum { FEWEST_TILE_ROWS = 8 };

/*
 * Rows row..end, in 8 bits and `row_bytes` apart from x on, times quantized panels panel..panel_end: the very bits of
 * the product by vectors.
 */
void multiply_quantized_tiles(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel, int32_t panel_end);

#endif
#endif
