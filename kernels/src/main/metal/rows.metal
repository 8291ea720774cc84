// Encoder.gatherRows (the rows whose logits are wanted; experts' inputs), addRows (learned positions) and
// add (residual streams).
#include "common.h"

// Adds to what is there, or replaces it.
constant bool ADDS [[function_constant(0)]];
// The source row is the one that the table names, or the row itself.
constant bool CHOSEN [[function_constant(1)]];

struct RowsParams {
  uint columns;
  uint out_stride;
  uint x_stride;
  uint x_rows;
  uint row_stride;
  uint op;
};

// A threadgroup takes a row and SEGMENT of its columns.
constexpr constant uint SEGMENT = 1024;

kernel void move_rows(
    device float* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    device const int* rows [[buffer(2)]],
    constant RowsParams& p [[buffer(3)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]]) {
  const int row = CHOSEN ? rows[group.y * p.row_stride] : int(group.y);
  if (row < 0 || uint(row) >= p.x_rows) {
    report(faults, p.op, BAD_ROW);
    return;
  }
  device const float* from = x + ulong(uint(row)) * p.x_stride;
  device float* to = out + ulong(group.y) * p.out_stride;
  const uint end = min(p.columns, (group.x + 1) * SEGMENT);
  for (uint i = group.x * SEGMENT + thread_index; i < end; i += threads.x) {
    to[i] = ADDS ? to[i] + from[i] : from[i];
  }
}
