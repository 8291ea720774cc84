// Encoder.matmul, matmulAdd and moeMatmul: every projection of a model, the experts' and the logits'.
//
// A simdgroup computes R rows times COLUMNS outputs. Its lanes share the inputs: lane l takes those from
// l * STEP on, every 32 * STEP, and the lanes' sums are added by sum_lanes_of. That order depends on the
// number of inputs only, so a row has the same bits alone (R = 1, a decode step, as fast as the weights
// can be read) and among many (R = 8, a prompt, where one load of weights feeds eight rows).
#include "reduce.h"
#include "weights.h"

// Added to each output, before what was there if it ADDS.
constant bool HAS_BIAS [[function_constant(3)]];
constant bool ADDS [[function_constant(4)]];
// Rows are grouped by expert, and expert e's weights are rows e * out ... (e + 1) * out of the matrix.
constant bool GROUPED [[function_constant(5)]];

constexpr constant ushort COLUMNS = 4;

struct MatmulParams {
  uint rows;
  uint x_stride;
  uint out_stride;
  uint experts;
  uint bias_stride;
  uint start_stride;
};

template <typename W, ushort R>
kernel void matmul(
    device float* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    device const uchar* levels [[buffer(2)]],
    device const uchar* scales [[buffer(3)]],
    device const uchar* biases [[buffer(4)]],
    device const float* bias [[buffer(5)]],
    device const int* starts [[buffer(6)]],
    constant MatrixParams& m [[buffer(7)]],
    constant MatmulParams& p [[buffer(8)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  const uint column = (group.x * simdgroups + simdgroup) * COLUMNS;
  if (column >= m.out) {
    return;
  }
  uint expert = 0;
  uint first = group.y * R;
  uint end = min(first + R, p.rows);
  if (GROUPED && !find_tile(starts, p.start_stride, p.experts, R, group.y, lane, expert, first, end)) {
    return;
  }
  const ushort rows = ushort(end - first);
  device const float* x_rows = x + ulong(first) * p.x_stride;
  const ulong weight_row = m.first_row + ulong(expert) * m.out + column;
  const uint last_column = m.out - 1 - column;

  float sums[R * COLUMNS];
  UNROLLED for (ushort i = 0; i < R * COLUMNS; i++) {
    sums[i] = 0.0f;
  }
  uint k = uint(lane) * W::STEP;
  for (; k + W::STEP <= m.in; k += LANES * W::STEP) {
    W w[COLUMNS];
    UNROLLED for (ushort c = 0; c < COLUMNS; c++) {
      load(w[c], levels, scales, biases, m, weight_row + min(uint(c), last_column), k);
    }
    UNROLLED for (ushort part = 0; part < W::STEP / 4; part++) {
      float4 four[COLUMNS];
      UNROLLED for (ushort c = 0; c < COLUMNS; c++) {
        four[c] = quad(w[c], part);
      }
      UNROLLED for (ushort r = 0; r < R; r++) {
        const float4 in = load4(x_rows + min(r, ushort(rows - 1)) * p.x_stride + k + 4 * part);
        UNROLLED for (ushort c = 0; c < COLUMNS; c++) {
          sums[r * COLUMNS + c] = dot4(in, four[c], sums[r * COLUMNS + c]);
        }
      }
    }
  }
  // The last inputs, fewer than four, of a dense matrix, whose rows are padded with zeros.
  if (k < m.in) {
    W w[COLUMNS];
    UNROLLED for (ushort c = 0; c < COLUMNS; c++) {
      load(w[c], levels, scales, biases, m, weight_row + min(uint(c), last_column), k);
    }
    UNROLLED for (ushort r = 0; r < R; r++) {
      device const float* from = x_rows + min(r, ushort(rows - 1)) * p.x_stride + k;
      const uint count = m.in - k;
      const float4 in = float4(from[0], count > 1 ? from[1] : 0.0f, count > 2 ? from[2] : 0.0f, 0.0f);
      UNROLLED for (ushort c = 0; c < COLUMNS; c++) {
        sums[r * COLUMNS + c] = dot4(in, quad(w[c], 0), sums[r * COLUMNS + c]);
      }
    }
  }

  sum_lanes_of<R * COLUMNS>(sums, lane);
  const ushort share = LANES / (R * COLUMNS);
  const ushort r = lane / share / COLUMNS;
  const ushort c = lane / share % COLUMNS;
  if (lane % share != 0 || r >= rows || c > last_column) {
    return;
  }
  float y = sums[0];
  if (HAS_BIAS) {
    y += bias[expert * p.bias_stride + column + c];
  }
  device float* to = out + ulong(first + r) * p.out_stride + column + c;
  *to = ADDS ? *to + y : y;
}

#define MATMUL(name, W, R) template [[host_name(name)]] kernel decltype(matmul<W, R>) matmul<W, R>;
#define MATMULS(name, W) \
  MATMUL("matmul_" name "_1", W, 1) \
  MATMUL("matmul_" name "_2", W, 2) \
  MATMUL("matmul_" name "_4", W, 4) \
  MATMUL("matmul_" name "_8", W, 8)
