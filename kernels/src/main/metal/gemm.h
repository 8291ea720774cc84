// Encoder.matmul, matmulAdd and moeMatmul of many rows, where numerics are fast: a prompt's projections.
//
// A threadgroup of four simdgroups computes a tile of GEMM_ROWS rows times GEMM_COLUMNS outputs. The inputs
// go by in slices of DEPTH: all threads bring a slice of the rows, and of the weights as the floats that they
// stand for, into threadgroup memory, where each simdgroup multiplies its quarter as 8x8 matrices. A weight
// that was read once thus feeds GEMM_ROWS rows, four times as many as in matmul.h.
//
// Everything is float, so that no format's range is lost. But the products are added up in the order that the
// GPU's matrix unit has, which is no other kernel's: hence not where rows have to have the bits of a decode step.
#include "matmul.h"

constexpr constant ushort GEMM_ROWS = 32;
constexpr constant ushort GEMM_COLUMNS = 64;
constexpr constant ushort GEMM_THREADS = 128;
constexpr constant ushort DEPTH = 32;
constexpr constant ushort FRAGMENT = 8;
// Rows of the slices and of the result lie a little apart, so that columns fall into different banks.
constexpr constant ushort SLICE_PITCH = DEPTH + 4;
constexpr constant ushort TILE_PITCH = GEMM_COLUMNS + 4;
// Fragments of a simdgroup's quarter.
constexpr constant ushort DOWN = GEMM_ROWS / 2 / FRAGMENT;
constexpr constant ushort ACROSS = GEMM_COLUMNS / 2 / FRAGMENT;

// The inputs k ... k + 4 of a row, zero past the last.
inline float4 inputs(device const float* row, uint k, uint in) {
  if (k + 4 <= in) {
    return load4(row + k);
  }
  return float4(
      k < in ? row[k] : 0.0f, k + 1 < in ? row[k + 1] : 0.0f, k + 2 < in ? row[k + 2] : 0.0f, 0.0f);
}

template <typename W>
kernel void gemm(
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
    ushort thread_index [[thread_index_in_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  // Two slices, and then the tile's results.
  threadgroup float4 memory[(GEMM_ROWS + GEMM_COLUMNS) * SLICE_PITCH / 4];
  threadgroup float* x_slice = (threadgroup float*)memory;
  threadgroup float* w_slice = x_slice + GEMM_ROWS * SLICE_PITCH;

  const uint column = group.x * GEMM_COLUMNS;
  uint expert = 0;
  uint first = group.y * GEMM_ROWS;
  uint end = min(first + GEMM_ROWS, p.rows);
  if (GROUPED && !find_tile(starts, p.start_stride, p.experts, GEMM_ROWS, group.y, lane, expert, first, end)) {
    return;
  }
  const uint rows = end - first;
  const uint columns = min(uint(GEMM_COLUMNS), m.out - column);
  device const float* x_rows = x + ulong(first) * p.x_stride;
  const ulong weight_row = m.first_row + ulong(expert) * m.out + column;

  const ushort own_row = simdgroup / 2 * (DOWN * FRAGMENT);
  const ushort own_column = simdgroup % 2 * (ACROSS * FRAGMENT);
  const bool has_work = own_row < rows && own_column < columns;
  simdgroup_float8x8 sums[DOWN][ACROSS];
  UNROLLED for (ushort i = 0; i < DOWN; i++) {
    UNROLLED for (ushort j = 0; j < ACROSS; j++) {
      sums[i][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }
  for (uint k = 0; k < m.in; k += DEPTH) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (ushort i = thread_index; i < GEMM_ROWS * (DEPTH / 4); i += GEMM_THREADS) {
      const ushort r = i / (DEPTH / 4);
      const ushort at = i % (DEPTH / 4) * 4;
      *(threadgroup float4*)(x_slice + r * SLICE_PITCH + at) =
          r < rows ? inputs(x_rows + ulong(r) * p.x_stride, k + at, m.in) : float4(0.0f);
    }
    for (ushort i = thread_index; i < GEMM_COLUMNS * (DEPTH / W::STEP); i += GEMM_THREADS) {
      const ushort c = i / (DEPTH / W::STEP);
      const ushort at = i % (DEPTH / W::STEP) * W::STEP;
      threadgroup float4* to = (threadgroup float4*)(w_slice + c * SLICE_PITCH + at);
      if (c < columns && k + at < m.in) {
        W w;
        load(w, levels, scales, biases, m, weight_row + c, k + at);
        UNROLLED for (ushort part = 0; part < W::STEP / 4; part++) {
          to[part] = quad(w, part);
        }
      } else {
        UNROLLED for (ushort part = 0; part < W::STEP / 4; part++) {
          to[part] = float4(0.0f);
        }
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (!has_work) {
      continue;
    }
    for (ushort d = 0; d < DEPTH; d += FRAGMENT) {
      simdgroup_float8x8 a[DOWN];
      UNROLLED for (ushort i = 0; i < DOWN; i++) {
        simdgroup_load(a[i], x_slice + (own_row + i * FRAGMENT) * SLICE_PITCH + d, SLICE_PITCH);
      }
      UNROLLED for (ushort j = 0; j < ACROSS; j++) {
        simdgroup_float8x8 b;
        simdgroup_load(
            b, w_slice + (own_column + j * FRAGMENT) * SLICE_PITCH + d, SLICE_PITCH, ulong2(0), true);
        UNROLLED for (ushort i = 0; i < DOWN; i++) {
          simdgroup_multiply_accumulate(sums[i][j], a[i], b, sums[i][j]);
        }
      }
    }
  }

  threadgroup_barrier(mem_flags::mem_threadgroup);
  threadgroup float* tile = (threadgroup float*)memory;
  UNROLLED for (ushort i = 0; i < DOWN; i++) {
    UNROLLED for (ushort j = 0; j < ACROSS; j++) {
      simdgroup_store(
          sums[i][j],
          tile + (own_row + i * FRAGMENT) * TILE_PITCH + own_column + j * FRAGMENT,
          TILE_PITCH);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (ushort i = thread_index; i < GEMM_ROWS * GEMM_COLUMNS; i += GEMM_THREADS) {
    const ushort r = i / GEMM_COLUMNS;
    const ushort c = i % GEMM_COLUMNS;
    if (r < rows && c < columns) {
      float y = tile[r * TILE_PITCH + c];
      if (HAS_BIAS) {
        y += bias[expert * p.bias_stride + column + c];
      }
      device float* to = out + ulong(first + r) * p.out_stride + column + c;
      *to = ADDS ? *to + y : y;
    }
  }
}

#define GEMM(name, W) template [[host_name("gemm_" name)]] kernel decltype(gemm<W>) gemm<W>;
