// A mixture of experts: Encoder.moeRoute chooses each token's experts after the router's projection,
// moeGroup sorts the tokens by expert (moeMatmul is in matmul.h), moeCombine adds up what they found.
#include "reduce.h"

// The chosen experts' weights add up to 1.
constant bool NORMALIZED [[function_constant(0)]];

struct RouteParams {
  uint experts;
  uint chosen;
  uint logit_stride;
  uint id_stride;
  uint weight_stride;
};

// A simdgroup takes a token. An expert is chosen if fewer than `chosen` come before it, by logit and then
// by id; chosen ones are written by ascending id.
kernel void moe_route(
    device int* ids [[buffer(0)]],
    device float* weights [[buffer(1)]],
    device const float* logits [[buffer(2)]],
    constant RouteParams& p [[buffer(3)]],
    uint token [[threadgroup_position_in_grid]],
    ushort lane [[thread_index_in_simdgroup]]) {
  device const float* from = logits + ulong(token) * p.logit_stride;
  device int* to_ids = ids + ulong(token) * p.id_stride;
  device float* to_weights = weights + ulong(token) * p.weight_stride;
  float largest = from[0];
  for (uint e = lane; e < p.experts; e += LANES) {
    largest = max(largest, from[e]);
  }
  largest = max_lanes(largest);
  float sum = 0.0f;
  uint written = 0;
  for (uint base = 0; base < p.experts; base += LANES) {
    const uint e = base + lane;
    bool is_chosen = false;
    float weight = 0.0f;
    if (e < p.experts) {
      const uint mine = ordered(from[e]);
      uint before = 0;
      for (uint other = 0; other < p.experts; other++) {
        const uint theirs = ordered(from[other]);
        before += theirs > mine || (theirs == mine && other < e) ? 1u : 0u;
      }
      is_chosen = before < p.chosen;
      weight = exp(from[e] - largest);
      if (is_chosen || !NORMALIZED) {
        sum += weight;
      }
    }
    const uint place = written + simd_prefix_exclusive_sum(is_chosen ? 1u : 0u);
    if (is_chosen) {
      to_ids[place] = int(e);
      to_weights[place] = weight;
    }
    written += simd_sum(is_chosen ? 1u : 0u);
  }
  sum = sum_lanes(sum);
  simdgroup_barrier(mem_flags::mem_device);
  for (uint j = lane; j < p.chosen; j += LANES) {
    to_weights[j] /= sum;
  }
}

struct GroupParams {
  uint tokens;
  uint chosen;
  uint experts;
  uint id_stride;
  uint place_stride;
  uint start_stride;
  uint source_stride;
  uint op;
};

constexpr constant uint MAX_EXPERTS = 1024;

// One threadgroup: a thread counts, then places, the pairs of an expert, by ascending token.
kernel void moe_group(
    device int* starts [[buffer(0)]],
    device int* sources [[buffer(1)]],
    device int* places [[buffer(2)]],
    device const int* ids [[buffer(3)]],
    constant GroupParams& p [[buffer(4)]],
    device atomic_uint* faults [[buffer(30)]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]]) {
  threadgroup uint counts[MAX_EXPERTS];
  for (uint e = thread_index; e < p.experts; e += threads) {
    uint count = 0;
    for (uint t = 0; t < p.tokens; t++) {
      for (uint j = 0; j < p.chosen; j++) {
        const int id = ids[t * p.id_stride + j];
        count += id == int(e) ? 1u : 0u;
        if (e == 0 && (id < 0 || uint(id) >= p.experts)) {
          report(faults, p.op, BAD_EXPERT);
        }
      }
    }
    counts[e] = count;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint e = thread_index; e < p.experts; e += threads) {
    uint place = 0;
    for (uint other = 0; other < e; other++) {
      place += counts[other];
    }
    starts[e * p.start_stride] = int(place);
    if (e + 1 == p.experts) {
      starts[p.experts * p.start_stride] = int(place + counts[e]);
    }
    for (uint t = 0; t < p.tokens; t++) {
      for (uint j = 0; j < p.chosen; j++) {
        if (ids[t * p.id_stride + j] == int(e)) {
          sources[place * p.source_stride] = int(t);
          places[t * p.place_stride + j] = int(place);
          place++;
        }
      }
    }
  }
}

struct CombineParams {
  uint columns;
  uint chosen;
  uint out_stride;
  uint y_stride;
  uint y_rows;
  uint place_stride;
  uint weight_stride;
  uint op;
};

constexpr constant uint SEGMENT = 1024;

// A threadgroup takes a token and SEGMENT of its columns; experts ascend.
kernel void moe_combine(
    device float* out [[buffer(0)]],
    device const float* y [[buffer(1)]],
    device const int* places [[buffer(2)]],
    device const float* weights [[buffer(3)]],
    constant CombineParams& p [[buffer(4)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]]) {
  device const int* at = places + group.y * p.place_stride;
  device const float* weight = weights + ulong(group.y) * p.weight_stride;
  for (uint j = 0; j < p.chosen; j++) {
    if (at[j] < 0 || uint(at[j]) >= p.y_rows) {
      report(faults, p.op, BAD_EXPERT);
      return;
    }
  }
  device float* to = out + ulong(group.y) * p.out_stride;
  const uint end = min(p.columns, (group.x + 1) * SEGMENT);
  for (uint i = group.x * SEGMENT + thread_index; i < end; i += threads.x) {
    float sum = 0.0f;
    for (uint j = 0; j < p.chosen; j++) {
      sum = fma(y[ulong(uint(at[j])) * p.y_stride + i], weight[j], sum);
    }
    to[i] += sum;
  }
}
