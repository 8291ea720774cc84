// Encoder.rope: turns heads by their positions where nothing is stored in between; kv_cache.metal has the usual way.
#include "rope.h"

// Grid: pairs, runs of HEADS heads, tokens.
kernel void rope(
    device float* x [[buffer(0)]],
    device const int* positions [[buffer(1)]],
    device const float* frequencies [[buffer(2)]],
    constant RopeParams& p [[buffer(3)]],
    device atomic_uint* faults [[buffer(30)]],
    uint3 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint3 threads [[threads_per_threadgroup]]) {
  const uint pair = group.x * threads.x + thread_index;
  if (pair >= p.pairs) {
    return;
  }
  const int position = positions[group.z * p.position_stride];
  if (position < 0) {
    report(faults, p.op, BAD_POSITION);
    return;
  }
  const uint head = group.y * HEADS;
  turn(x + ulong(group.z) * p.stride, frequencies, p, position, pair, head, min(p.heads, head + HEADS));
}
