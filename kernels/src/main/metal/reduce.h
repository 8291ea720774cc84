// Sums and maxima over the lanes of a simdgroup and the simdgroups of a threadgroup, each in one order.
#include "common.h"

// Lanes 16 apart, then 8, 4, 2, 1: every lane ends with the same bits.
inline float sum_lanes(float v) {
  v += simd_shuffle_xor(v, ushort(16));
  v += simd_shuffle_xor(v, ushort(8));
  v += simd_shuffle_xor(v, ushort(4));
  v += simd_shuffle_xor(v, ushort(2));
  return v + simd_shuffle_xor(v, ushort(1));
}

inline float max_lanes(float v) {
  v = max(v, simd_shuffle_xor(v, ushort(16)));
  v = max(v, simd_shuffle_xor(v, ushort(8)));
  v = max(v, simd_shuffle_xor(v, ushort(4)));
  v = max(v, simd_shuffle_xor(v, ushort(2)));
  return max(v, simd_shuffle_xor(v, ushort(1)));
}

// One step of sum_lanes for N values at once: each half of the lanes keeps one half of the values.
template <ushort N>
inline void fold(thread float* v, ushort lane, ushort mask) {
  if (N == 1) {
    v[0] += simd_shuffle_xor(v[0], mask);
    return;
  }
  const bool upper = (lane & mask) != 0;
  UNROLLED for (ushort i = 0; i < N / 2; i++) {
    const float first = v[i]; // a choice between the places themselves would be a computed index
    const float second = v[i + N / 2];
    v[i] = (upper ? second : first) + simd_shuffle_xor(upper ? first : second, mask);
  }
}

// The sums of N values over the lanes, N one of 1, 2, 4, 8, 16, 32, each with the bits of sum_lanes.
// Afterwards v[0] is the sum number lane / (32 / N).
template <ushort N>
inline void sum_lanes_of(thread float* v, ushort lane) {
  fold<N>(v, lane, 16);
  fold<(N > 2 ? N / 2 : 1)>(v, lane, 8);
  fold<(N > 4 ? N / 4 : 1)>(v, lane, 4);
  fold<(N > 8 ? N / 8 : 1)>(v, lane, 2);
  fold<(N > 16 ? N / 16 : 1)>(v, lane, 1);
}

// The most simdgroups that one row is shared by.
constexpr constant ushort ROW_SIMDGROUPS = 8;

// The sum over a threadgroup of at most ROW_SIMDGROUPS: simdgroups ascending. All threads call it.
inline float sum_group(
    float v, threadgroup float* partial, ushort simdgroup, ushort simdgroups, ushort lane) {
  v = sum_lanes(v);
  if (simdgroups == 1) {
    return v;
  }
  if (lane == 0) {
    partial[simdgroup] = v;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float sum = partial[0];
  for (ushort s = 1; s < simdgroups; s++) {
    sum += partial[s];
  }
  return sum;
}

// Rows lie in groups, group g from starts[g] to starts[g + 1] (`stride` apart), and each group is cut into tiles of
// `size` rows. Finds the group and the first row of tile number `tile`; false past the last tile.
// All lanes of a simdgroup call it and get the same answer.
inline bool find_tile(
    device const int* starts,
    uint stride,
    uint groups,
    uint size,
    uint tile,
    ushort lane,
    thread uint& group,
    thread uint& first,
    thread uint& end) {
  uint before = 0;
  for (uint from = 0; from < groups; from += LANES) {
    const uint g = from + lane;
    const uint here = g < groups ? uint(max(starts[(g + 1) * stride] - starts[g * stride], 0)) : 0u;
    const uint tiles = (here + size - 1) / size;
    const uint mine = before + simd_prefix_exclusive_sum(tiles);
    const bool found = tile >= mine && tile < mine + tiles;
    const int lane_found = simd_max(found ? int(lane) : -1);
    if (lane_found >= 0) {
      group = from + uint(lane_found);
      first = uint(starts[group * stride]) + (tile - simd_shuffle(mine, ushort(lane_found))) * size;
      end = min(first + size, uint(starts[(group + 1) * stride]));
      return true;
    }
    before += simd_sum(tiles);
  }
  return false;
}
