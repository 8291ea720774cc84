// Encoder.ropeAndStoreKv: after a layer's projection q and k are turned by their positions, and K and V go into
// their slots, where attention reads them. storeKv: the same of the older families, which turn nothing. copyBlocks:
// whole blocks of all layers, when a sequence forks.
#include "kv.h"
#include "reduce.h"
#include "rope.h"

struct StoreParams {
  uint k_stride;
  uint v_stride;
  uint slot_stride;
  uint op;
};

inline void put(device float* to, float value) { *to = value; }
inline void put(device half* to, float value) { *to = half(value); }
inline void put(device ushort* to, float value) { *to = to_bf16(value); }

// A simdgroup writes a head of a token into its slot.
template <typename T>
inline void store(
    device T* cache,
    device const float* k,
    device const float* v,
    constant CacheParams& c,
    uint slot,
    uint head,
    ushort lane) {
  const uint offset = slot % c.block_size;
  const ulong base = head_base(c, slot / c.block_size, head);
  device T* to_k = cache + base + offset * 4;
  device T* to_v = cache + half_elements(c) + base + offset * c.padded;
  for (uint d = lane; d < c.padded; d += LANES) {
    put(to_k + (d / 4) * c.block_size * 4 + d % 4, d < c.head_dim ? k[d] : 0.0f);
    put(to_v + d, d < c.head_dim ? v[d] : 0.0f);
  }
}

// What a head is multiplied by so that its largest becomes 127; 0 for a head of next to nothing or with
// something in it that is not finite. `scale` gives the way back: NaN for the latter.
inline float eight_bits(device const float* x, uint n, ushort lane, thread float& scale) {
  float largest = 0.0f;
  bool finite = true;
  for (uint d = lane; d < n; d += LANES) {
    largest = max(largest, fabs(x[d]));
    finite = finite && is_finite(x[d]);
  }
  largest = max_lanes(largest);
  finite = max_lanes(finite ? 0.0f : 1.0f) == 0.0f;
  scale = finite ? largest / 127.0f : as_type<float>(0x7fc00000u);
  return finite && largest > 1e-30f ? 127.0f / largest : 0.0f;
}

// x = scale * q with q in -127 ... 127: each x moves by at most 1/254 of its head's largest.
inline void store(
    device char* cache,
    device const float* k,
    device const float* v,
    constant CacheParams& c,
    uint slot,
    uint head,
    ushort lane) {
  const uint block = slot / c.block_size;
  const uint offset = slot % c.block_size;
  const ulong base = head_base(c, block, head);
  device char* to_k = cache + base + offset * 4;
  device char* to_v = cache + half_elements(c) + base + offset * c.padded;
  device float* scales =
      (device float*)(cache + 2 * half_elements(c)) + scale_index(c, block, head, offset);
  float k_scale;
  float v_scale;
  const float k_inverse = eight_bits(k, c.head_dim, lane, k_scale);
  const float v_inverse = eight_bits(v, c.head_dim, lane, v_scale);
  for (uint d = lane; d < c.padded; d += LANES) {
    const bool stored = d < c.head_dim;
    to_k[(d / 4) * c.block_size * 4 + d % 4] =
        stored && k_inverse != 0.0f ? char(int(rint(k[d] * k_inverse))) : char(0);
    to_v[d] = stored && v_inverse != 0.0f ? char(int(rint(v[d] * v_inverse))) : char(0);
  }
  if (lane == 0) {
    scales[0] = k_scale;
    scales[scale_count(c)] = v_scale;
  }
}

inline bool is_slot(constant CacheParams& c, int slot) {
  return slot >= 0 && ulong(slot) < ulong(c.blocks) * c.block_size;
}

// Grid: key/value heads, tokens.
template <typename T>
kernel void store_kv(
    device T* cache [[buffer(0)]],
    device const float* k [[buffer(1)]],
    device const float* v [[buffer(2)]],
    device const int* slots [[buffer(3)]],
    constant CacheParams& c [[buffer(4)]],
    constant StoreParams& p [[buffer(5)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort lane [[thread_index_in_simdgroup]]) {
  const int slot = slots[group.y * p.slot_stride];
  if (!is_slot(c, slot)) {
    report(faults, p.op, BAD_SLOT);
    return;
  }
  device const float* from_k = k + ulong(group.y) * p.k_stride + group.x * c.head_dim;
  device const float* from_v = v + ulong(group.y) * p.v_stride + group.x * c.head_dim;
  store(cache, from_k, from_v, c, uint(slot), group.x, lane);
}

// Both at once: a simdgroup turns a key's head and writes it and its value, or turns HEADS queries' heads.
// Grid: key/value heads and runs of query heads, tokens. The bits are those of the two kernels.
template <typename T>
kernel void rope_store_kv(
    device T* cache [[buffer(0)]],
    device float* qkv [[buffer(1)]],
    device const int* positions [[buffer(2)]],
    device const float* frequencies [[buffer(3)]],
    device const int* slots [[buffer(4)]],
    constant CacheParams& c [[buffer(5)]],
    constant RopeParams& r [[buffer(6)]],
    constant uint& slot_stride [[buffer(7)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort lane [[thread_index_in_simdgroup]]) {
  const int position = positions[group.y * r.position_stride];
  const int slot = slots[group.y * slot_stride];
  const bool is_placed = position >= 0;
  if (!is_placed || !is_slot(c, slot)) {
    report(faults, r.op, is_placed ? BAD_SLOT : BAD_POSITION);
    return;
  }
  device float* row = qkv + ulong(group.y) * r.stride;
  const bool is_query = group.x >= c.kv_heads;
  const uint head = is_query ? (group.x - c.kv_heads) * HEADS : r.heads + group.x;
  const uint end = is_query ? min(r.heads, head + HEADS) : head + 1;
  for (uint pair = lane; pair < r.pairs; pair += LANES) {
    turn(row, frequencies, r, position, pair, head, end);
  }
  if (!is_query) {
    simdgroup_barrier(mem_flags::mem_device); // a lane stores what others have turned
    device const float* k = row + head * c.head_dim;
    store(cache, k, k + c.kv_heads * c.head_dim, c, uint(slot), group.x, lane);
  }
}

#define STORES(name, T) \
  template [[host_name("store_kv_" name)]] kernel decltype(store_kv<T>) store_kv<T>; \
  template [[host_name("rope_store_kv_" name)]] kernel decltype(rope_store_kv<T>) rope_store_kv<T>;

STORES("f32", float)
STORES("f16", half)
STORES("bf16", ushort)
STORES("i8", char)

struct CopyParams {
  uint words;  // of a block, four bytes each
  uint blocks;
  uint pair_stride;
  uint op;
};

// Copies the words of whole blocks, which lie one after another: pairs (source, target).
kernel void copy_blocks(
    device uint* cache [[buffer(0)]],
    device const int* pairs [[buffer(1)]],
    constant CopyParams& p [[buffer(2)]],
    device atomic_uint* faults [[buffer(30)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 groups [[threadgroups_per_grid]],
    uint2 threads [[threads_per_threadgroup]]) {
  const int source = pairs[group.y * p.pair_stride];
  const int target = pairs[group.y * p.pair_stride + 1];
  if (source < 0 || target < 0 || uint(source) >= p.blocks || uint(target) >= p.blocks) {
    report(faults, p.op, BAD_BLOCK);
    return;
  }
  device const uint* from = cache + ulong(uint(source)) * p.words;
  device uint* to = cache + ulong(uint(target)) * p.words;
  for (uint i = group.x * threads.x + thread_index; i < p.words; i += groups.x * threads.x) {
    to[i] = from[i];
  }
}
