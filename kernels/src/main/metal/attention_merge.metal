// The second half of attention where splits were simdgroups of their own; see attention.h.
#include "attention.h"

// Elements of a head that a lane holds at most: heads of 256.
constexpr constant uint HELD = 8;

// A simdgroup takes a head of a token. Grid: heads, tokens.
kernel void attention_merge(
    device float* out [[buffer(0)]],
    device const float* scratch [[buffer(1)]],
    device const int* positions [[buffer(2)]],
    device const float* sinks [[buffer(3)]],
    constant CacheParams& c [[buffer(4)]],
    constant AttentionParams& p [[buffer(5)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort lane [[thread_index_in_simdgroup]]) {
  const int seen_to = positions[group.y * p.position_stride];
  const int seen_from = p.window == 0 ? 0 : max(0, seen_to + 1 - int(p.window));
  if (seen_to < 0 || uint(seen_to) / SPLIT >= p.splits) {
    return; // reported by the first half
  }
  const uint size = c.padded + 4;
  device const float* states = scratch + (ulong(group.y) * p.heads + group.x) * p.splits * size;
  Softmax row = {HIDDEN, 0.0f};
  float values[HELD];
  for (uint split = uint(seen_from) / SPLIT; split <= uint(seen_to) / SPLIT; split++) {
    device const float* state = states + split * size;
    const Softmax part = {state[0], state[1]};
    const Blend blend = merge(row, part);
    UNROLLED for (uint i = 0; i < HELD; i++) {
      const uint e = lane + i * LANES;
      if (e < c.head_dim) {
        values[i] = blended(blend.merge, blend.kept, blend.taken, values[i], state[4 + e]);
      }
    }
  }
  const float factor = normalized(row, HAS_SINKS ? sinks[group.x] : 0.0f);
  device float* to = out + ulong(group.y) * p.out_stride + group.x * c.head_dim;
  UNROLLED for (uint i = 0; i < HELD; i++) {
    const uint e = lane + i * LANES;
    if (e < c.head_dim) {
      to[e] = values[i] * factor;
    }
  }
}
