// Encoder.embed: the first op of every model, and so of every step.
#include "weights.h"

struct EmbedParams {
  uint out_stride;
  uint first_id;   // of the table's rows that this matrix holds
  uint vocabulary; // rows of the whole table
  uint op;
  uint id_stride;
};

// A threadgroup takes a token and some STEPs of its row.
template <typename W>
kernel void embed(
    device float* out [[buffer(0)]],
    device const int* ids [[buffer(1)]],
    device const uchar* levels [[buffer(2)]],
    device const uchar* scales [[buffer(3)]],
    device const uchar* biases [[buffer(4)]],
    constant MatrixParams& m [[buffer(5)]],
    constant EmbedParams& p [[buffer(6)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]]) {
  const uint token = group.y;
  const int id = ids[token * p.id_stride];
  if (id < 0 || uint(id) >= p.vocabulary) {
    report(faults, p.op, BAD_TOKEN);
    return;
  }
  const uint row = uint(id) - p.first_id;
  const uint k = (group.x * threads.x + thread_index) * W::STEP;
  if (uint(id) < p.first_id || row >= m.out || k >= m.in) {
    return;
  }
  W w;
  load(w, levels, scales, biases, m, m.first_row + ulong(row), k);
  device float* to = out + ulong(token) * p.out_stride + k;
  UNROLLED for (ushort part = 0; part < W::STEP / 4; part++) {
    const float4 four = quad(w, part);
    UNROLLED for (ushort i = 0; i < 4; i++) {
      if (k + 4 * part + i < m.in) {
        to[4 * part + i] = four[i];
      }
    }
  }
}

#define EMBED(name, W) template [[host_name("embed_" name)]] kernel decltype(embed<W>) embed<W>;
EMBED("f32", Dense32)
EMBED("f16", Dense16)
EMBED("bf16", DenseB16)
EMBED("q4", Linear4)
EMBED("q8", Linear8)
EMBED("fp4", Float4)
