/* Some query rows beside each other over some of a sequence's positions. */
#ifndef INGOT_ATTEND_H
#define INGOT_ATTEND_H

#include "softmax.h"

enum { TILE_ROWS = 8 };

/* Query rows that share a K/V head: neighbouring tokens of one sequence times heads of one group. */
typedef struct tile {
    const ingot_cache *cache;
    int32_t kv_head;
    int32_t next_kv_head; /* of the same positions, read after this one; -1: none. Only to prefetch */
    int32_t rows;
    const int32_t *table; /* the sequence's blocks */
    float softcap; /* 0: none */
    int32_t position[TILE_ROWS]; /* ascending */
    int32_t first[TILE_ROWS];    /* the first position that the row sees; ascending too */
    float q[TILE_ROWS][HEAD_FLOATS];
} tile;

/*
 * The rows' states over the positions from..to, as far as each row may see: chunks of them ascend, cut from absolute
 * position 0 on. `from` is where a chunk begins.
 */
void attend(const tile *t, int32_t from, int32_t to, state *states);

#endif
