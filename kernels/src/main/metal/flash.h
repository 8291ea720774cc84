// Encoder.pagedAttention of prompts, where numerics are fast (FlashAttention: Dao et al. 2022).
//
// A threadgroup of four simdgroups takes a tile: sixteen query rows (heads of a group times neighbouring
// tokens of a sequence) that share a K/V head. It walks over the positions in spans of SPAN:
//
//   scores    each simdgroup those of sixteen positions, as 8x8 matrices: Q from threadgroup memory, K
//             straight from the cache, in whatever format it lies there
//   softmax   eight threads a row: the largest so far, exponentials, their sum
//   values    each simdgroup every fourth eight elements of the heads, which it keeps until the end: scaled
//             by what the largest has become, plus the weights times V
//
// The order of sums is the matrix unit's and that of spans, which is not attention.h's. Weights of positions
// that a row does not see are zero, and V is multiplied with them: a value that is no number breaks the rows
// of its sequence in the same tile, too.
#include "attention.h"

constexpr constant ushort FLASH_ROWS = 16;
constexpr constant ushort FLASH_SIMDGROUPS = 4;
constexpr constant ushort SPAN = 64;
constexpr constant ushort FRAGMENT = 8;
// Row blocks of a tile, and groups of eight positions that a simdgroup scores.
constexpr constant ushort BLOCKS = FLASH_ROWS / FRAGMENT;
constexpr constant ushort GROUPS = SPAN / FLASH_SIMDGROUPS / FRAGMENT;
constexpr constant ushort SCORE_PITCH = SPAN + 4;
// Threads that share a row's softmax.
constexpr constant ushort ROW_THREADS = LANES * FLASH_SIMDGROUPS / FLASH_ROWS;
// There is no such position.
constexpr constant uint NOWHERE = 0xffffffffu;

// D: elements of a head at most.
template <typename T, ushort D, bool SCALED>
kernel void flash(
    device float* out [[buffer(0)]],
    device const float* q [[buffer(1)]],
    device const T* cache [[buffer(2)]],
    device const int* positions [[buffer(3)]],
    device const int* starts [[buffer(4)]],
    device const int* tables [[buffer(5)]],
    device const float* sinks [[buffer(6)]],
    constant CacheParams& c [[buffer(8)]],
    constant AttentionParams& p [[buffer(9)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  constexpr ushort QUERY_PITCH = D + 4;
  threadgroup float queries[FLASH_ROWS * QUERY_PITCH];
  threadgroup float scores[FLASH_ROWS * SCORE_PITCH];
  // Of each position of the span: where its block's head begins, which position of the block it is, its scales.
  threadgroup ulong bases[SPAN];
  threadgroup uint within[SPAN];
  threadgroup float key_scales[SPAN];
  threadgroup float value_scales[SPAN];
  threadgroup float factors[FLASH_ROWS];
  threadgroup float ramp[FRAGMENT * FRAGMENT];

  // Which rows.
  uint sequence = 0;
  uint first_token = 0;
  uint end_token = 0;
  const uint tile = p.first_tile + group.y;
  if (!find_tile(starts, p.start_stride, p.sequences, p.tile_tokens, tile, lane, sequence, first_token, end_token)) {
    return;
  }
  const uint kv_head = group.x % c.kv_heads;
  const uint in_group = group.x / c.kv_heads * p.tile_heads;
  const uint heads_here = min(p.tile_heads, p.heads / c.kv_heads - in_group);
  const uint first_head = kv_head * (p.heads / c.kv_heads) + in_group;
  const uint rows = heads_here * (end_token - first_token);
  device const int* table = tables + sequence * p.table_stride;
  int last = 0;
  int first = 0x7fffffff;
  int least = 0x7fffffff;
  for (uint t = first_token; t < end_token; t++) {
    const int at = positions[t * p.position_stride];
    last = max(last, at);
    least = min(least, at);
    first = min(first, p.window == 0 ? 0 : max(0, at + 1 - int(p.window)));
  }
  if (least < 0 || uint(last) / c.block_size >= p.table_columns || uint(last) / SPLIT >= p.splits) {
    if (thread_index == 0) {
      report(faults, p.op, BAD_POSITION);
    }
    return;
  }

  // Which elements of an 8x8 matrix a lane holds is the GPU's affair: it is asked with numbered elements.
  if (thread_index < FRAGMENT * FRAGMENT) {
    ramp[thread_index] = float(thread_index);
  }
  for (uint i = thread_index; i < FLASH_ROWS * D; i += FLASH_SIMDGROUPS * LANES) {
    const uint r = i / D;
    const uint d = i % D;
    float element = 0.0f;
    if (r < rows && d < c.head_dim) {
      const uint token = first_token + r / heads_here;
      const uint head = first_head + r % heads_here;
      element = q[ulong(token) * p.q_stride + head * c.head_dim + d];
    }
    queries[r * QUERY_PITCH + d] = element;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_float8x8 numbered;
  simdgroup_load(numbered, ramp, FRAGMENT);
  ushort at_row[2];
  ushort at_column[2];
  UNROLLED for (ushort e = 0; e < 2; e++) {
    const ushort number = ushort(numbered.thread_elements()[e]);
    at_row[e] = number / FRAGMENT;
    at_column[e] = number % FRAGMENT;
  }

  // The thread's row in the softmax.
  const ushort my_row = thread_index / ROW_THREADS;
  const ushort my_part = thread_index % ROW_THREADS;
  int seen_to = -1;
  int seen_from = 0;
  if (my_row < rows) {
    seen_to = positions[(first_token + my_row / heads_here) * p.position_stride];
    seen_from = p.window == 0 ? 0 : max(0, seen_to + 1 - int(p.window));
  }
  Softmax row = {HIDDEN, 0.0f};
  simdgroup_float8x8 values[BLOCKS][D / (FRAGMENT * FLASH_SIMDGROUPS)];
  UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
    UNROLLED for (ushort j = 0; j < D / (FRAGMENT * FLASH_SIMDGROUPS); j++) {
      values[b][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }

  for (int span = first / int(SPAN) * int(SPAN); span <= last; span += int(SPAN)) {
    // Where the positions lie.
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (thread_index < SPAN) {
      const int at = span + int(thread_index);
      within[thread_index] = NOWHERE;
      key_scales[thread_index] = 0.0f;
      value_scales[thread_index] = 0.0f;
      if (at >= first && at <= last) {
        int block = table[uint(at) / c.block_size];
        if (block < 0 || uint(block) >= c.blocks) {
          report(faults, p.op, BAD_BLOCK);
          block = 0;
        }
        const uint offset = uint(at) % c.block_size;
        within[thread_index] = offset;
        bases[thread_index] = head_base(c, uint(block), kv_head);
        if (SCALED) {
          device const float* scales = (device const float*)(cache + 2 * half_elements(c));
          const ulong index = scale_index(c, uint(block), kv_head, offset);
          key_scales[thread_index] = scales[index];
          value_scales[thread_index] = scales[scale_count(c) + index];
        }
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);

    // Scores.
    const ushort own = simdgroup * GROUPS * FRAGMENT;
    if (span + int(own) <= last && span + int(own + GROUPS * FRAGMENT) > first) {
      device const T* key[GROUPS][2];
      bool is_there[GROUPS][2];
      simdgroup_float8x8 score[BLOCKS][GROUPS];
      UNROLLED for (ushort g = 0; g < GROUPS; g++) {
        UNROLLED for (ushort e = 0; e < 2; e++) {
          const ushort at = own + g * FRAGMENT + at_column[e];
          is_there[g][e] = within[at] != NOWHERE;
          // Elements lie in fours, those of the block's positions beside each other.
          key[g][e] = cache;
          if (is_there[g][e]) {
            key[g][e] += bases[at] + within[at] * 4 + at_row[e] / 4 * 4 * c.block_size + at_row[e] % 4;
          }
        }
        UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
          score[b][g] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
        }
      }
      for (uint d = 0; d < c.padded; d += FRAGMENT) {
        simdgroup_float8x8 query[BLOCKS];
        UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
          simdgroup_load(query[b], queries + b * FRAGMENT * QUERY_PITCH + d, QUERY_PITCH);
        }
        UNROLLED for (ushort g = 0; g < GROUPS; g++) {
          simdgroup_float8x8 keys;
          UNROLLED for (ushort e = 0; e < 2; e++) {
            const bool stored = is_there[g][e] && d + at_row[e] < c.padded;
            keys.thread_elements()[e] = stored ? one(key[g][e] + d * c.block_size) : 0.0f;
          }
          UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
            simdgroup_multiply_accumulate(score[b][g], query[b], keys, score[b][g]);
          }
        }
      }
      UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
        UNROLLED for (ushort g = 0; g < GROUPS; g++) {
          simdgroup_store(
              score[b][g], scores + b * FRAGMENT * SCORE_PITCH + own + g * FRAGMENT, SCORE_PITCH);
        }
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);

    // Softmax.
    threadgroup float* my_scores = scores + my_row * SCORE_PITCH;
    float largest = row.largest;
    for (ushort i = my_part; i < SPAN; i += ROW_THREADS) {
      const int at = span + int(i);
      float s = HIDDEN;
      if (at >= seen_from && at <= seen_to) {
        s = my_scores[i] * p.scale;
        if (SCALED) {
          s *= key_scales[i];
        }
        if (CAPPED) {
          s = capped(s, p.softcap);
        }
      }
      my_scores[i] = s;
      largest = max(largest, s);
    }
    for (ushort mask = 1; mask < ROW_THREADS; mask *= 2) {
      largest = max(largest, simd_shuffle_xor(largest, mask));
    }
    const float rescale = exp(row.largest - largest);
    float sum = 0.0f;
    for (ushort i = my_part; i < SPAN; i += ROW_THREADS) {
      const float s = my_scores[i];
      const float weight = s == HIDDEN ? 0.0f : exp(s - largest);
      my_scores[i] = SCALED ? weight * value_scales[i] : weight;
      sum += weight;
    }
    for (ushort mask = 1; mask < ROW_THREADS; mask *= 2) {
      sum += simd_shuffle_xor(sum, mask);
    }
    row.sum = fma(row.sum, rescale, sum);
    row.largest = largest;
    if (my_part == 0) {
      factors[my_row] = rescale;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);

    // Values.
    float factor[BLOCKS][2];
    UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
      UNROLLED for (ushort e = 0; e < 2; e++) {
        factor[b][e] = factors[b * FRAGMENT + at_row[e]];
      }
    }
    UNROLLED for (ushort j = 0; j < D / (FRAGMENT * FLASH_SIMDGROUPS); j++) {
      UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
        UNROLLED for (ushort e = 0; e < 2; e++) {
          values[b][j].thread_elements()[e] *= factor[b][e];
        }
      }
    }
    for (ushort g = 0; g < SPAN; g += FRAGMENT) {
      if (span + int(g) > last || span + int(g + FRAGMENT) <= first) {
        continue;
      }
      simdgroup_float8x8 weights[BLOCKS];
      UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
        simdgroup_load(weights[b], scores + b * FRAGMENT * SCORE_PITCH + g, SCORE_PITCH);
      }
      device const T* value[2];
      bool is_there[2];
      UNROLLED for (ushort e = 0; e < 2; e++) {
        const ushort at = g + at_row[e];
        is_there[e] = within[at] != NOWHERE;
        value[e] = cache;
        if (is_there[e]) {
          value[e] += half_elements(c) + bases[at] + within[at] * c.padded + at_column[e];
        }
      }
      UNROLLED for (ushort j = 0; j < D / (FRAGMENT * FLASH_SIMDGROUPS); j++) {
        const uint d = (j * FLASH_SIMDGROUPS + simdgroup) * FRAGMENT;
        if (d >= c.padded) {
          continue;
        }
        simdgroup_float8x8 eight;
        UNROLLED for (ushort e = 0; e < 2; e++) {
          const bool stored = is_there[e] && d + at_column[e] < c.padded;
          eight.thread_elements()[e] = stored ? one(value[e] + d) : 0.0f;
        }
        UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
          simdgroup_multiply_accumulate(values[b][j], weights[b], eight, values[b][j]);
        }
      }
    }
  }

  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (my_part == 0) {
    const uint of = first_head + min(uint(my_row), rows - 1) % heads_here;
    factors[my_row] = normalized(row, HAS_SINKS ? sinks[of] : 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  UNROLLED for (ushort b = 0; b < BLOCKS; b++) {
    UNROLLED for (ushort e = 0; e < 2; e++) {
      const uint r = b * FRAGMENT + at_row[e];
      if (r >= rows) {
        continue;
      }
      const uint token = first_token + r / heads_here;
      const uint head = first_head + r % heads_here;
      device float* to = out + ulong(token) * p.out_stride + head * c.head_dim;
      UNROLLED for (ushort j = 0; j < D / (FRAGMENT * FLASH_SIMDGROUPS); j++) {
        const uint d = (j * FLASH_SIMDGROUPS + simdgroup) * FRAGMENT + at_column[e];
        if (d < c.head_dim) {
          to[d] = values[b][j].thread_elements()[e] * factors[r];
        }
      }
    }
  }
}

#define FLASH(name, T, D, SCALED) \
  template [[host_name(name)]] kernel decltype(flash<T, D, SCALED>) flash<T, D, SCALED>;
#define FLASHES(T, SCALED) \
  FLASH("flash_64", T, 64, SCALED) \
  FLASH("flash_128", T, 128, SCALED) \
  FLASH("flash_256", T, 256, SCALED)
