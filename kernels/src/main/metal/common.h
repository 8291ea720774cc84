// What every kernel here shares.
//
// The rules that all of them keep:
//  - An output element is reduced in one order, which depends on the weights' shape and on absolute
//    positions only: never on how many rows there are or how they are cut into threadgroups. Sums are
//    spelled out as `fma` and lane exchanges, so that no compiler chooses an order.
//  - No infinity is used as a number: what must lose every comparison is HIDDEN.
//  - Activations are float, row per token; strides are in elements, and rows may begin at any float.
#include <metal_stdlib>
using namespace metal;

constexpr constant float HIDDEN = -1e30f;
constexpr constant ushort LANES = 32;

// ---- indices that the step's tensors hold

// What a kernel found outside of its table; MetalFaults.java reads them back.
enum Fault : uint {
  BAD_TOKEN = 1,
  BAD_ROW = 2,
  BAD_SLOT = 3,
  BAD_BLOCK = 4,
  BAD_EXPERT = 5,
  BAD_POSITION = 6,
};

// The first op of a step wins. The only atomic of the forward path, and nothing computed depends on it.
inline void report(device atomic_uint* faults, uint op, uint fault) {
  atomic_fetch_max_explicit(faults, ((0x0fffffffu - op) << 4) | fault, memory_order_relaxed);
}

// ---- numbers as they are stored

inline float from_bf16(ushort bits) { return as_type<float>(uint(bits) << 16); }

inline float4 from_bf16(ushort4 bits) { return as_type<float4>(uint4(bits) << 16); }

// To nearest, ties to even; a NaN stays one.
inline ushort to_bf16(float value) {
  const uint bits = as_type<uint>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return ushort((bits >> 16) | 0x40u);
  }
  return ushort((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Looks at the bits: a compiler that assumes finite numbers cannot take this away.
inline bool is_finite(float value) { return (as_type<uint>(value) & 0x7f800000u) != 0x7f800000u; }

inline bool is_nan(float value) { return (as_type<uint>(value) & 0x7fffffffu) > 0x7f800000u; }

// An unsigned number that is ordered as the floats are; a NaN is above all, and -0 is 0.
inline uint ordered(float x) {
  const uint bits = as_type<uint>(x);
  if (is_nan(x)) {
    return 0xffffffffu;
  }
  if ((bits & 0x7fffffffu) == 0) {
    return 0x80000000u;
  }
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

// ---- loops over arrays

// Before a loop over arrays that a thread keeps in registers: a GPU has no registers with computed numbers, and what is not
// unrolled lies in memory. The lint finds those that were forgotten.
#define UNROLLED _Pragma("clang loop unroll(full)")

// ---- products

inline float4 load4(device const float* p) { return float4(*(device const packed_float4*)p); }

// acc + a . b, one product after another.
inline float dot4(float4 a, float4 b, float acc) {
  acc = fma(a.x, b.x, acc);
  acc = fma(a.y, b.y, acc);
  acc = fma(a.z, b.z, acc);
  return fma(a.w, b.w, acc);
}
