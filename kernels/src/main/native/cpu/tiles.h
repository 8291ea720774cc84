/*
 * The processor's matrix unit (Intel AMX): eight tiles of up to 16 rows of 64 bytes.
 *
 * Here tiles 0 to 3 are sums, 4 and 5 rows of x, 6 and 7 weights. A tile of weights is as a panel holds them: 16 output
 * rows beside each other, and below each other what is multiplied together, 4 bytes of each row at a time.
 *
 *   TILE_PAIRS   adds to the sums, in F32, the products of BF16 in rows of x and weights: of a tile's depth the sum of all
 *                first ones of a pair and that of all second ones, each one chain, then both together; subnormal numbers
 *                count as zero
 *   TILE_BYTES   adds the products of signed bytes in rows of x and unsigned ones in weights, exactly
 *
 * Which rows share a tile does not show in any of them.
 */
#ifndef INGOT_TILES_H
#define INGOT_TILES_H

#include "simd.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AMX_INT8__) && defined(BF16_PAIRS)
#define TILES

enum { TILE_ROWS = 16, TILE_DEPTH = 64 /* bytes of a row */ };

/* Assembly, because the intrinsics of some compilers do not tell them which memory is read. */
#define TILE_LOAD(tile, from, stride) \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile : : "r"(from), "r"((int64_t)(stride)) : "memory")
#define TILE_STORE(tile, to, stride) \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" : : "r"(to), "r"((int64_t)(stride)) : "memory")
#define TILE_ZERO(tile) __asm__ volatile("tilezero %%tmm" #tile : :)
#define TILE_PAIRS(sum, x, w) __asm__ volatile("tdpbf16ps %%tmm" #w ", %%tmm" #x ", %%tmm" #sum : :)
#define TILE_BYTES(sum, x, w) __asm__ volatile("tdpbsud %%tmm" #w ", %%tmm" #x ", %%tmm" #sum : :)

/* From here to tiles_end: `rows` rows of x in a tile, `depth` bytes of each. */
INLINE void tiles_begin(int32_t rows, int32_t depth) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        shape.rows[tile] = (uint8_t)(tile < 6 ? rows : depth / 4);
        shape.row_bytes[tile] = (uint16_t)(tile == 4 || tile == 5 ? depth : TILE_DEPTH);
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(shape));
}

/* The tiles' contents need not be kept any longer when the system takes the thread off its core. */
INLINE void tiles_end(void) { __asm__ volatile("tilerelease" : :); }

#endif
#endif
