// Encoder.argmax and topK, the last ops of a step, over the logits; and feedSampled, the first op of the next: it takes
// their tokens.
#include "common.h"
#include "reduce.h"

struct SelectParams {
  uint columns;
  uint x_stride;
  uint out_stride;
  uint value_stride;
  uint count;
};

// A candidate: the larger value wins, of equal ones the lower index. An index of NOBODY is no candidate.
constexpr constant uint NOBODY = 0xffffffffu;

struct Candidate {
  float value;
  uint index;
};

inline bool before(float value, uint index, Candidate other) {
  return index != NOBODY
      && (other.index == NOBODY || value > other.value || (value == other.value && index < other.index));
}

inline Candidate better(Candidate a, float value, uint index) {
  if (before(value, index, a)) {
    a.value = value;
    a.index = index;
  }
  return a;
}

inline Candidate best_of_lanes(Candidate mine) {
  for (ushort mask = 16; mask > 0; mask /= 2) {
    const float value = simd_shuffle_xor(mine.value, mask);
    const uint index = simd_shuffle_xor(mine.index, mask);
    mine = better(mine, value, index);
  }
  return mine;
}

// The best candidate of a threadgroup, for all its threads.
inline Candidate best_of_group(
    Candidate mine,
    threadgroup float* values,
    threadgroup uint* indices,
    ushort simdgroup,
    ushort simdgroups,
    ushort lane) {
  mine = best_of_lanes(mine);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane == 0) {
    values[simdgroup] = mine.value;
    indices[simdgroup] = mine.index;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  Candidate best = {values[0], indices[0]};
  for (ushort s = 1; s < simdgroups; s++) {
    best = better(best, values[s], indices[s]);
  }
  return best;
}

inline bool is_lowest(float value) {
  return as_type<uint>(value) == 0xff800000u;
}

// A threadgroup takes a row. -1 for one with a NaN or plus infinity in it, or with nothing but minus infinity.
kernel void argmax(
    device int* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    constant SelectParams& p [[buffer(2)]],
    uint row [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float values[ROW_SIMDGROUPS];
  threadgroup uint indices[ROW_SIMDGROUPS];
  device const float* from = x + ulong(row) * p.x_stride;
  Candidate mine = {0.0f, NOBODY};
  Candidate broken = {0.0f, NOBODY};
  for (uint i = thread_index; i < p.columns; i += threads) {
    const float value = from[i];
    if (is_finite(value)) {
      mine = better(mine, value, i);
    } else if (!is_lowest(value)) {
      broken.index = 0;
    }
  }
  broken = best_of_group(broken, values, indices, simdgroup, simdgroups, lane);
  mine = best_of_group(mine, values, indices, simdgroup, simdgroups, lane);
  if (thread_index == 0) {
    out[row * p.out_stride] = broken.index != NOBODY ? -1 : int(mine.index);
  }
}

// A threadgroup takes a row and looks through it once for each of `count`: what comes first of all that
// comes after the one before. Minus infinity is never listed; a row with a NaN or plus infinity has none.
kernel void top_k(
    device int* ids [[buffer(0)]],
    device const float* x [[buffer(1)]],
    constant SelectParams& p [[buffer(2)]],
    device float* found [[buffer(3)]],
    uint row [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float values[ROW_SIMDGROUPS];
  threadgroup uint indices[ROW_SIMDGROUPS];
  device const float* from = x + ulong(row) * p.x_stride;
  Candidate broken = {0.0f, NOBODY};
  for (uint i = thread_index; i < p.columns; i += threads) {
    if (!is_finite(from[i]) && !is_lowest(from[i])) {
      broken.index = 0;
    }
  }
  broken = best_of_group(broken, values, indices, simdgroup, simdgroups, lane);
  Candidate last = {0.0f, NOBODY};
  bool over = broken.index != NOBODY;
  for (uint j = 0; j < p.count; j++) {
    Candidate next = {0.0f, NOBODY};
    if (!over) {
      for (uint i = thread_index; i < p.columns; i += threads) {
        const float value = from[i];
        const bool is_left = j == 0 || value < last.value || (value == last.value && i > last.index);
        if (is_left && is_finite(value)) {
          next = better(next, value, i);
        }
      }
    }
    next = best_of_group(next, values, indices, simdgroup, simdgroups, lane);
    over = next.index == NOBODY;
    last = next;
    if (thread_index == 0) {
      const uint missing = broken.index != NOBODY ? 0x7fc00000u : 0xff800000u;
      ids[row * p.out_stride + j] = over ? -1 : int(next.index);
      found[row * p.value_stride + j] = over ? as_type<float>(missing) : next.value;
    }
  }
}

struct FeedParams {
  uint tokens;
  uint id_stride;
  uint sampled_stride;
  uint row_stride;
  uint sampled_rows;
  uint op;
};

kernel void feed_sampled(
    device int* ids [[buffer(0)]],
    device const int* sampled [[buffer(1)]],
    device const int* rows [[buffer(2)]],
    constant FeedParams& p [[buffer(3)]],
    device atomic_uint* faults [[buffer(30)]],
    uint group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]]) {
  const uint token = group * threads + thread_index;
  if (token >= p.tokens) {
    return;
  }
  const int row = rows[token * p.row_stride];
  if (row < 0) {
    return;
  }
  if (uint(row) >= p.sampled_rows) {
    report(faults, p.op, BAD_ROW);
    return;
  }
  ids[token * p.id_stride] = max(sampled[uint(row) * p.sampled_stride], 0);
}
