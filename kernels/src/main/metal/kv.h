// The paged KV cache of one layer: where a position's K and V lie, and how they are stored.
//
//   K [blocks][kv heads][padded / 4][block size][4]   four elements of a head beside each other, then the
//                                                     same four of the block's next position
//   V [blocks][kv heads][block size][padded]
//   int8 only: scales of K [blocks][kv heads][block size], then of V
//
// `padded` is the head's size rounded up to four; what is past the head is zero. Neighbouring positions of
// K lie beside each other because attention gives a lane to a position.
#include "common.h"

struct CacheParams {
  uint blocks;
  uint kv_heads;
  uint head_dim;
  uint padded;
  uint block_size;
};

// Elements before a block's head, of K and of V alike.
inline ulong head_base(constant CacheParams& c, uint block, uint head) {
  return (ulong(block) * c.kv_heads + head) * c.padded * c.block_size;
}

inline ulong half_elements(constant CacheParams& c) { return head_base(c, c.blocks, 0); }

// The scale of K of a position; that of V lies scale_count further.
inline ulong scale_index(constant CacheParams& c, uint block, uint head, uint offset) {
  return (ulong(block) * c.kv_heads + head) * c.block_size + offset;
}

inline ulong scale_count(constant CacheParams& c) { return ulong(c.blocks) * c.kv_heads * c.block_size; }
