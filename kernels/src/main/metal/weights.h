// How weights lie in memory, and the floats that they stand for.
//
// A matrix is rows of `row_bytes`; a quantized one has beside them, per row, a scale (and perhaps a
// bias) for every 1 << group_shift inputs. A lane takes STEP neighbouring weights of a row at a time;
// `load` fetches them, `quad` makes floats of four of them.
#include "common.h"

// How scales and biases are stored: 0 float, 1 half, 2 bf16, 3 an exponent (E8M0).
constant int SCALE_TYPE [[function_constant(0)]];
// Whether biases are stored. If not, the level ZERO stands for 0.
constant bool HAS_BIASES [[function_constant(1)]];
constant int ZERO [[function_constant(2)]];

struct MatrixParams {
  uint out;
  uint in;
  uint row_bytes;
  uint groups;
  uint group_shift;
  uint first_row; // of what is bound
};

struct Dense32 {
  enum { STEP = 4 };
  float4 w;
};

struct Dense16 {
  enum { STEP = 4 };
  half4 w;
};

struct DenseB16 {
  enum { STEP = 4 };
  ushort4 w;
};

struct Linear4 {
  enum { STEP = 8 };
  uint levels;
  float scale;
  float bias;
};

struct Linear8 {
  enum { STEP = 8 };
  uint2 levels;
  float scale;
  float bias;
};

// Levels are 4-bit floats (E2M1).
struct Float4 {
  enum { STEP = 8 };
  uint levels;
  float scale;
};

constexpr constant float E2M1[16] = {
    0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f, 0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};

inline float stored_scale(device const uchar* scales, ulong index) {
  if (SCALE_TYPE == 0) {
    return ((device const float*)scales)[index];
  }
  if (SCALE_TYPE == 1) {
    return float(((device const half*)scales)[index]);
  }
  if (SCALE_TYPE == 2) {
    return from_bf16(((device const ushort*)scales)[index]);
  }
  const uint exponent = scales[index];
  return as_type<float>(exponent == 255u ? 0x7fc00000u : (exponent == 0u ? 0x00400000u : exponent << 23));
}

inline float stored_bias(device const uchar* biases, ulong index, float scale) {
  return HAS_BIASES ? stored_scale(biases, index) : -float(ZERO) * scale;
}

// ---- load: the weights k ... k + STEP of a row

inline void load(
    thread Dense32& w, device const uchar* levels, device const uchar*, device const uchar*,
    constant MatrixParams& m, ulong row, uint k) {
  w.w = *(device const float4*)(levels + row * m.row_bytes + k * 4);
}

inline void load(
    thread Dense16& w, device const uchar* levels, device const uchar*, device const uchar*,
    constant MatrixParams& m, ulong row, uint k) {
  w.w = *(device const half4*)(levels + row * m.row_bytes + k * 2);
}

inline void load(
    thread DenseB16& w, device const uchar* levels, device const uchar*, device const uchar*,
    constant MatrixParams& m, ulong row, uint k) {
  w.w = *(device const ushort4*)(levels + row * m.row_bytes + k * 2);
}

inline void load(
    thread Linear4& w, device const uchar* levels, device const uchar* scales, device const uchar* biases,
    constant MatrixParams& m, ulong row, uint k) {
  const ulong group = row * m.groups + (k >> m.group_shift);
  w.levels = *(device const uint*)(levels + row * m.row_bytes + k / 2);
  w.scale = stored_scale(scales, group);
  w.bias = stored_bias(biases, group, w.scale);
}

inline void load(
    thread Linear8& w, device const uchar* levels, device const uchar* scales, device const uchar* biases,
    constant MatrixParams& m, ulong row, uint k) {
  const ulong group = row * m.groups + (k >> m.group_shift);
  w.levels = *(device const uint2*)(levels + row * m.row_bytes + k);
  w.scale = stored_scale(scales, group);
  w.bias = stored_bias(biases, group, w.scale);
}

inline void load(
    thread Float4& w, device const uchar* levels, device const uchar* scales, device const uchar*,
    constant MatrixParams& m, ulong row, uint k) {
  w.levels = *(device const uint*)(levels + row * m.row_bytes + k / 2);
  w.scale = stored_scale(scales, row * m.groups + (k >> m.group_shift));
}

// ---- quad: weights 4 * part ... 4 * part + 3 of what was loaded, each rounded once

inline float4 quad(thread const Dense32& w, ushort) { return w.w; }

inline float4 quad(thread const Dense16& w, ushort) { return float4(w.w); }

inline float4 quad(thread const DenseB16& w, ushort) { return from_bf16(w.w); }

inline float4 scaled(uint a, uint b, uint c, uint d, float scale, float bias) {
  return float4(
      fma(float(a), scale, bias), fma(float(b), scale, bias), fma(float(c), scale, bias),
      fma(float(d), scale, bias));
}

inline float4 quad(thread const Linear4& w, ushort part) {
  const uint l = w.levels >> (16 * part);
  return scaled(l & 15u, (l >> 4) & 15u, (l >> 8) & 15u, (l >> 12) & 15u, w.scale, w.bias);
}

inline float4 quad(thread const Linear8& w, ushort part) {
  const uint l = part == 0 ? w.levels.x : w.levels.y;
  return scaled(l & 255u, (l >> 8) & 255u, (l >> 16) & 255u, l >> 24, w.scale, w.bias);
}

inline float4 quad(thread const Float4& w, ushort part) {
  const uint l = w.levels >> (16 * part);
  return float4(
      E2M1[l & 15u] * w.scale, E2M1[(l >> 4) & 15u] * w.scale, E2M1[(l >> 8) & 15u] * w.scale,
      E2M1[(l >> 12) & 15u] * w.scale);
}
