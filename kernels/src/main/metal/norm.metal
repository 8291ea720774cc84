// Encoder.rmsNorm and rmsNormHeads (before attention and MLP, of q and k), layerNorm (the older families).
//
// A threadgroup takes a row or a head; how many threads share it depends on its length only.
#include "reduce.h"

constant bool HAS_SHIFT [[function_constant(0)]];

struct NormParams {
  uint columns; // of one row or head
  uint out_stride;
  uint x_stride;
  float epsilon;
};

kernel void rms_norm(
    device float* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    device const float* weight [[buffer(2)]],
    constant NormParams& p [[buffer(3)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float partial[ROW_SIMDGROUPS];
  device const float* from = x + ulong(group.y) * p.x_stride + group.x * p.columns;
  device float* to = out + ulong(group.y) * p.out_stride + group.x * p.columns;
  float squares = 0.0f;
  for (uint i = thread_index; i < p.columns; i += threads.x) {
    squares = fma(from[i], from[i], squares);
  }
  squares = sum_group(squares, partial, simdgroup, simdgroups, lane);
  const float scale = 1.0f / sqrt(squares / float(p.columns) + p.epsilon);
  for (uint i = thread_index; i < p.columns; i += threads.x) {
    to[i] = from[i] * scale * weight[i];
  }
}

// Twice over the row: the variance of a row far from zero is not lost in the difference of squares.
kernel void layer_norm(
    device float* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    device const float* weight [[buffer(2)]],
    device const float* shift [[buffer(4)]],
    constant NormParams& p [[buffer(3)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float partial[ROW_SIMDGROUPS];
  threadgroup float spread[ROW_SIMDGROUPS];
  device const float* from = x + ulong(group.y) * p.x_stride;
  device float* to = out + ulong(group.y) * p.out_stride;
  float sum = 0.0f;
  for (uint i = thread_index; i < p.columns; i += threads.x) {
    sum += from[i];
  }
  const float mean = sum_group(sum, partial, simdgroup, simdgroups, lane) / float(p.columns);
  float squares = 0.0f;
  for (uint i = thread_index; i < p.columns; i += threads.x) {
    const float d = from[i] - mean;
    squares = fma(d, d, squares);
  }
  squares = sum_group(squares, spread, simdgroup, simdgroups, lane);
  const float scale = 1.0f / sqrt(squares / float(p.columns) + p.epsilon);
  for (uint i = thread_index; i < p.columns; i += threads.x) {
    const float y = (from[i] - mean) * scale;
    to[i] = HAS_SHIFT ? fma(y, weight[i], shift[i]) : y * weight[i];
  }
}
