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

enum { PAGE_BYTES = 4096, PAGES_AHEAD = 4, PAGE_LINES = 4 };

/*
 * Asks for the first lines of a page that is read some pages on: its address is translated by then, and the processor's
 * own prefetcher, which ends with each page, goes on from there. A lone row reads too fast to gain by it.
 */
INLINE void prefetch_page(const char *p) {
    const char *page = (const char *)((uintptr_t)(p + PAGES_AHEAD * PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES);
    UNROLL
    for (int i = 0; i < PAGE_LINES; i++) {
        __builtin_prefetch(page + i * 64, 0, 2);
    }
}

/*
 * Rows row..end, in 8 bits and `row_bytes` apart from x on, times quantized panels panel..panel_end: the very bits of
 * the product by vectors.
 */
void multiply_quantized_tiles(
    const ingot_op *op, const char *x, int64_t row_bytes, int32_t row, int32_t end, int32_t panel, int32_t panel_end);

#endif
#endif
