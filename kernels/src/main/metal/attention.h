// Encoder.pagedAttention, for prompts and decode steps alike (online softmax: Milakov & Gimelshein 2018;
// in blocks: Dao et al. 2022).
//
// A simdgroup takes a tile: up to eight query rows (heads of a group times neighbouring tokens of a
// sequence) that share a K/V head, so that one load of K or V feeds them all. Whatever the tile, a row
// goes the same way:
//
//   positions are cut into chunks of 32 and splits of SPLIT, counted from absolute position 0;
//   a score is one chain of fused multiply-adds over the head's elements, ascending;
//   within a split, chunks ascend: largest, rescale, exponentials, their sum, the values' sum;
//   splits are merged ascending, and a sink, if there is one, is added to the sum.
//
// So its bits depend on its position and its inputs only. Where there are too few tiles to fill a GPU,
// each split is a simdgroup of its own that leaves its state in scratch memory, and attention_merge does
// the same merges; else the tile's simdgroup merges into the output as it goes.
#include "kv.h"
#include "reduce.h"

// Splits are simdgroups of their own.
constant bool APART [[function_constant(0)]];
constant bool HAS_SINKS [[function_constant(1)]];
constant bool CAPPED [[function_constant(2)]];

constexpr constant uint CHUNK = 32;
constexpr constant uint SPLIT = 128;
constexpr constant ushort TILE_ROWS = 8;
// The most simdgroups of a threadgroup; they share nothing but the cache's lines.
constexpr constant ushort TILES = 4;

struct AttentionParams {
  uint heads;
  uint tile_heads;
  uint tile_tokens;
  uint sequences;
  uint splits; // of the longest sequence
  uint window; // 0: all positions
  uint q_stride;
  uint out_stride;
  uint table_stride;
  uint table_columns;
  uint position_stride;
  uint start_stride;
  uint first_tile; // of this dispatch
  float scale;
  float softcap;
  uint op;
};

// The softmax of one row over some positions: the largest score, the sum of e^(score - largest).
struct Softmax {
  float largest;
  float sum;
};

// What merging the next split into a row means for its values.
enum Merge : uint { KEEP, TAKE, BLEND };

struct Blend {
  Merge merge;
  float kept;
  float taken;
};

// `next` covers later positions than `row`. A sum of 0: nothing was seen.
inline Blend merge(thread Softmax& row, Softmax next) {
  Blend blend = {KEEP, 1.0f, 0.0f};
  if (next.sum == 0.0f) {
    return blend;
  }
  if (row.sum == 0.0f) {
    row = next;
    blend.merge = TAKE;
    return blend;
  }
  const float largest = max(row.largest, next.largest);
  blend.merge = BLEND;
  blend.kept = exp(row.largest - largest);
  blend.taken = exp(next.largest - largest);
  row.sum = fma(next.sum, blend.taken, row.sum * blend.kept);
  row.largest = largest;
  return blend;
}

inline float blended(Merge merge, float kept, float taken, float values, float next) {
  return merge == KEEP ? values : (merge == TAKE ? next : fma(next, taken, values * kept));
}

// What a row's values are multiplied by in the end. A sink is a score without a value.
inline float normalized(Softmax row, float sink) {
  if (!HAS_SINKS) {
    return 1.0f / row.sum;
  }
  const float largest = max(row.largest, sink);
  const float kept = exp(row.largest - largest);
  return kept / fma(row.sum, kept, exp(sink - largest));
}

// cap * tanh(x / cap)
inline float capped(float x, float cap) {
  const float y = x / cap;
  const float size = fabs(y);
  const float far = 1.0f - 2.0f / (1.0f + exp(size + size));
  const float q = y * y;
  float p = fma(-1382.0f / 155925.0f, q, 62.0f / 2835.0f);
  p = fma(p, q, -17.0f / 315.0f);
  p = fma(p, q, 2.0f / 15.0f);
  p = fma(p, q, -1.0f / 3.0f);
  return cap * (size < 0.3f ? fma(y * q, p, y) : (y < 0.0f ? -far : far));
}

// ---- stored elements, four or E at a time

inline float4 four(device const float* p) { return *(device const float4*)p; }
inline float4 four(device const half* p) { return float4(*(device const half4*)p); }
inline float4 four(device const ushort* p) { return from_bf16(*(device const ushort4*)p); }
inline float4 four(device const char* p) { return float4(*(device const char4*)p); }

inline float one(device const float* p) { return *p; }
inline float one(device const half* p) { return float(*p); }
inline float one(device const ushort* p) { return from_bf16(*p); }
inline float one(device const char* p) { return float(*p); }

inline float2 two(device const float* p) { return *(device const float2*)p; }
inline float2 two(device const half* p) { return float2(*(device const half2*)p); }
inline float2 two(device const ushort* p) { return float2(from_bf16(p[0]), from_bf16(p[1])); }
inline float2 two(device const char* p) { return float2(*(device const char2*)p); }

// ---- one tile: Q rows, E elements of each to a lane; SCALED where elements are integers

template <typename T, ushort Q, ushort E, bool SCALED>
kernel void attention(
    device float* out [[buffer(0)]],
    device const float* q [[buffer(1)]],
    device const T* cache [[buffer(2)]],
    device const int* positions [[buffer(3)]],
    device const int* starts [[buffer(4)]],
    device const int* tables [[buffer(5)]],
    device const float* sinks [[buffer(6)]],
    device float* scratch [[buffer(7)]],
    constant CacheParams& c [[buffer(8)]],
    constant AttentionParams& p [[buffer(9)]],
    device atomic_uint* faults [[buffer(30)]],
    uint3 group [[threadgroup_position_in_grid]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float all_scores[TILES * CHUNK * TILE_ROWS];
  threadgroup float all_kept[TILES * TILE_ROWS];
  threadgroup float all_taken[TILES * TILE_ROWS];
  threadgroup uint all_merges[TILES * TILE_ROWS];
  threadgroup float* scores = all_scores + simdgroup * CHUNK * TILE_ROWS;
  threadgroup float* kept = all_kept + simdgroup * TILE_ROWS;
  threadgroup float* taken = all_taken + simdgroup * TILE_ROWS;
  threadgroup uint* merges = all_merges + simdgroup * TILE_ROWS;

  // Which rows.
  uint sequence = 0;
  uint first_token = 0;
  uint end_token = 0;
  const uint tile = p.first_tile + group.y * simdgroups + simdgroup;
  if (!find_tile(starts, p.start_stride, p.sequences, p.tile_tokens, tile, lane, sequence, first_token, end_token)) {
    return;
  }
  const uint kv_head = group.x % c.kv_heads;
  const uint in_group = group.x / c.kv_heads * p.tile_heads;
  const uint heads_here = min(p.tile_heads, p.heads / c.kv_heads - in_group);
  const uint first_head = kv_head * (p.heads / c.kv_heads) + in_group;
  const uint rows = heads_here * (end_token - first_token);
  device const int* table = tables + sequence * p.table_stride;
  uint token[Q];
  uint head[Q];
  int seen_to[Q];
  int seen_from[Q];
  int last = 0;
  int first = 0x7fffffff;
  int first_last = 0x7fffffff; // the least of seen_to
  int last_first = 0;          // the greatest of seen_from
  UNROLLED for (ushort r = 0; r < Q; r++) {
    const uint row = min(uint(r), rows - 1);
    token[r] = first_token + row / heads_here;
    head[r] = first_head + row % heads_here;
    seen_to[r] = positions[token[r] * p.position_stride];
    seen_from[r] = p.window == 0 ? 0 : max(0, seen_to[r] + 1 - int(p.window));
    last = max(last, seen_to[r]);
    first = min(first, seen_from[r]);
    first_last = min(first_last, seen_to[r]);
    last_first = max(last_first, seen_from[r]);
  }
  if (first_last < 0 || uint(last) / c.block_size >= p.table_columns || uint(last) / SPLIT >= p.splits) {
    report(faults, p.op, BAD_POSITION);
    return;
  }

  // The lane's row in the softmax of a chunk, and the four positions' quarter that it adds up.
  const ushort my_row = lane % TILE_ROWS;
  const ushort quarter = lane / TILE_ROWS;
  const uint element = uint(lane) * E;
  const bool has_elements = element < c.padded;
  Softmax row = {HIDDEN, 0.0f};

  const uint first_split = APART ? group.z : uint(first) / SPLIT;
  const uint end_split = APART ? group.z + 1 : uint(last) / SPLIT + 1;
  for (uint split = first_split; split < end_split; split++) {
    Softmax part = {HIDDEN, 0.0f};
    float values[Q][E];
    UNROLLED for (ushort r = 0; r < Q; r++) {
      UNROLLED for (ushort e = 0; e < E; e++) {
        values[r][e] = 0.0f;
      }
    }
    const int from = max(first, int(split * SPLIT)) / int(CHUNK) * int(CHUNK);
    const int to = min(last, int(split * SPLIT + SPLIT) - 1);
    for (int chunk = from; chunk <= to; chunk += int(CHUNK)) {
      // A lane scores one position for all rows.
      const int mine = clamp(chunk + int(lane), first, last);
      int block = table[uint(mine) / c.block_size];
      if (block < 0 || uint(block) >= c.blocks) {
        report(faults, p.op, BAD_BLOCK);
        block = 0;
      }
      const uint offset = uint(mine) % c.block_size;
      device const T* key = cache + head_base(c, uint(block), kv_head) + offset * 4;
      float score[Q];
      UNROLLED for (ushort r = 0; r < Q; r++) {
        score[r] = 0.0f;
      }
      for (uint d = 0; d + 4 <= c.head_dim; d += 4) {
        const float4 k = four(key + d * c.block_size);
        UNROLLED for (ushort r = 0; r < Q; r++) {
          score[r] = dot4(load4(q + ulong(token[r]) * p.q_stride + head[r] * c.head_dim + d), k, score[r]);
        }
      }
      for (uint d = c.head_dim / 4 * 4; d < c.head_dim; d++) {
        const float k = one(key + d / 4 * 4 * c.block_size + d % 4);
        UNROLLED for (ushort r = 0; r < Q; r++) {
          score[r] = fma(q[ulong(token[r]) * p.q_stride + head[r] * c.head_dim + d], k, score[r]);
        }
      }
      device const float* scales = (device const float*)(cache + 2 * half_elements(c));
      UNROLLED for (ushort r = 0; r < Q; r++) {
        float s = score[r] * p.scale;
        if (SCALED) {
          s *= scales[scale_index(c, uint(block), kv_head, offset)];
        }
        if (CAPPED) {
          s = capped(s, p.softcap);
        }
        const int at = chunk + int(lane);
        scores[lane * TILE_ROWS + r] = at >= seen_from[r] && at <= seen_to[r] ? s : HIDDEN;
      }
      simdgroup_barrier(mem_flags::mem_threadgroup);

      // Then it takes a quarter of the chunk of one row.
      float largest = HIDDEN;
      if (my_row < Q) {
        for (ushort i = 0; i < TILE_ROWS; i++) {
          largest = max(largest, scores[(quarter * TILE_ROWS + i) * TILE_ROWS + my_row]);
        }
      }
      largest = max(largest, simd_shuffle_xor(largest, ushort(8)));
      largest = max(largest, simd_shuffle_xor(largest, ushort(16)));
      largest = max(largest, part.largest);
      const float rescale = exp(part.largest - largest);
      float sum = 0.0f;
      if (my_row < Q) {
        for (ushort i = 0; i < TILE_ROWS; i++) {
          threadgroup float* at = scores + (quarter * TILE_ROWS + i) * TILE_ROWS + my_row;
          const float weight = *at == HIDDEN ? 0.0f : exp(*at - largest);
          *at = weight;
          sum += weight;
        }
      }
      sum += simd_shuffle_xor(sum, ushort(8));
      sum += simd_shuffle_xor(sum, ushort(16));
      part.sum = fma(part.sum, rescale, sum);
      part.largest = largest;
      if (quarter == 0) {
        kept[my_row] = rescale;
      }
      simdgroup_barrier(mem_flags::mem_threadgroup);

      // And then some elements of all rows.
      if (has_elements) {
        UNROLLED for (ushort r = 0; r < Q; r++) {
          UNROLLED for (ushort e = 0; e < E; e++) {
            values[r][e] *= kept[r];
          }
        }
        const int begin = max(chunk, first);
        const int end = min(chunk + int(CHUNK), last + 1);
        const bool seen_by_all = begin >= last_first && end - 1 <= first_last;
        device const T* value = cache;
        uint value_scale = 0;
        for (int at = begin; at < end; at++) {
          const uint within = uint(at) % c.block_size;
          if (at == begin || within == 0) {
            const uint of = uint(clamp(table[uint(at) / c.block_size], 0, int(c.blocks) - 1));
            value = cache + half_elements(c) + head_base(c, of, kv_head) + within * c.padded + element;
            value_scale = uint(scale_index(c, of, kv_head, within));
          }
          float v[E];
          const float unit = SCALED ? scales[scale_count(c) + value_scale] : 1.0f;
          if (E == 2) {
            const float2 pair = two(value);
            v[0] = pair.x * unit;
            v[1] = pair.y * unit;
          } else {
            UNROLLED for (ushort e = 0; e < E; e += 4) {
              const float4 quad = element + e < c.padded ? four(value + e) : float4(0.0f);
              v[e] = quad.x * unit;
              v[e + 1] = quad.y * unit;
              v[e + 2] = quad.z * unit;
              v[e + 3] = quad.w * unit;
            }
          }
          threadgroup const float* weights = scores + (at - chunk) * TILE_ROWS;
          UNROLLED for (ushort r = 0; r < Q; r++) {
            // What a row does not see has no part in its sums, not even times zero.
            if (seen_by_all || (at >= seen_from[r] && at <= seen_to[r])) {
              UNROLLED for (ushort e = 0; e < E; e++) {
                values[r][e] = fma(weights[r], v[e], values[r][e]);
              }
            }
          }
          value += c.padded;
          value_scale++;
        }
      }
      simdgroup_barrier(mem_flags::mem_threadgroup);
    }

    if (APART) {
      UNROLLED for (ushort r = 0; r < Q; r++) {
        device float* state =
            scratch + ((ulong(token[r]) * p.heads + head[r]) * p.splits + split) * (c.padded + 4);
        if (r < rows && lane == r) {
          state[0] = part.largest;
          state[1] = part.sum;
        }
        UNROLLED for (ushort e = 0; e < E; e++) {
          if (r < rows && element + e < c.padded) {
            state[4 + element + e] = values[r][e];
          }
        }
      }
      return;
    }
    const Blend blend = merge(row, part);
    if (quarter == 0) {
      kept[my_row] = blend.kept;
      taken[my_row] = blend.taken;
      merges[my_row] = blend.merge;
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    UNROLLED for (ushort r = 0; r < Q; r++) {
      device float* to = out + ulong(token[r]) * p.out_stride + head[r] * c.head_dim;
      UNROLLED for (ushort e = 0; e < E; e++) {
        if (r < rows && element + e < c.head_dim) {
          to[element + e] = blended(Merge(merges[r]), kept[r], taken[r], to[element + e], values[r][e]);
        }
      }
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }

  if (quarter == 0) {
    const uint of = first_head + min(uint(my_row), rows - 1) % heads_here;
    kept[my_row] = normalized(row, HAS_SINKS ? sinks[of] : 0.0f);
  }
  simdgroup_barrier(mem_flags::mem_threadgroup);
  UNROLLED for (ushort r = 0; r < Q; r++) {
    device float* to = out + ulong(token[r]) * p.out_stride + head[r] * c.head_dim;
    UNROLLED for (ushort e = 0; e < E; e++) {
      if (r < rows && element + e < c.head_dim) {
        to[element + e] *= kept[r];
      }
    }
  }
}

#define ATTENTION(name, T, Q, E, SCALED) \
  template [[host_name(name)]] kernel decltype(attention<T, Q, E, SCALED>) attention<T, Q, E, SCALED>;
#define ATTENTIONS(T, SCALED) \
  ATTENTION("attention_1_2", T, 1, 2, SCALED) \
  ATTENTION("attention_2_2", T, 2, 2, SCALED) \
  ATTENTION("attention_4_2", T, 4, 2, SCALED) \
  ATTENTION("attention_8_2", T, 8, 2, SCALED) \
  ATTENTION("attention_1_4", T, 1, 4, SCALED) \
  ATTENTION("attention_2_4", T, 2, 4, SCALED) \
  ATTENTION("attention_4_4", T, 4, 4, SCALED) \
  ATTENTION("attention_8_4", T, 8, 4, SCALED) \
  ATTENTION("attention_1_8", T, 1, 8, SCALED) \
  ATTENTION("attention_2_8", T, 2, 8, SCALED) \
  ATTENTION("attention_4_8", T, 4, 8, SCALED) \
  ATTENTION("attention_8_8", T, 8, 8, SCALED)
