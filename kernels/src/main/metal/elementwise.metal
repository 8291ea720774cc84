// Functions of one element or of two: Encoder.swiglu, clampedSwiglu and geglu (between the projections of
// a gated MLP), gelu and relu (of a plain one), scale (embeddings), softcap (logits).
#include "common.h"

constant int FUNCTION [[function_constant(0)]];

struct ElementParams {
  uint columns;
  uint out_stride;
  uint x_stride;
  float parameter;
  float limit;
};

constexpr constant uint SEGMENT = 1024;

enum Map : int { RELU, GELU, GELU_TANH, SCALE, SOFTCAP };
enum Gate : int { GATE_SILU, GATE_GELU, GATE_GELU_TANH, GATE_CLAMPED };

// 1 - erf(x) for x >= 0, within 1.5e-7 (Abramowitz & Stegun 7.1.26).
inline float complementary_error(float x) {
  const float t = 1.0f / fma(0.3275911f, x, 1.0f);
  float p = fma(1.061405429f, t, -1.453152027f);
  p = fma(p, t, 1.421413741f);
  p = fma(p, t, -0.284496736f);
  p = fma(p, t, 0.254829592f);
  return p * t * exp(-x * x);
}

// x times the normal distribution's probability of less than x.
inline float gelu(float x) {
  const float tail = 0.5f * complementary_error(fabs(x) * 0.70710678f);
  return x * (x < 0.0f ? tail : 1.0f - tail);
}

// (1 + tanh y) / 2 is 1 / (1 + e^-2y).
inline float gelu_tanh(float x) {
  const float inner = fma(x * x * x, 0.044715f, x) * 1.5957691216f; // 2 sqrt(2 / pi)
  return x / (1.0f + exp(-inner));
}

// Taylor's series where 1 - 2 / (1 + e^2x) would lose what it subtracts.
inline float tangent(float x) {
  const float size = fabs(x);
  const float far = 1.0f - 2.0f / (1.0f + exp(size + size));
  const float q = x * x;
  float p = fma(-1382.0f / 155925.0f, q, 62.0f / 2835.0f);
  p = fma(p, q, -17.0f / 315.0f);
  p = fma(p, q, 2.0f / 15.0f);
  p = fma(p, q, -1.0f / 3.0f);
  return size < 0.3f ? fma(x * q, p, x) : (x < 0.0f ? -far : far);
}

inline float silu(float x, float alpha) { return x / (1.0f + exp(-x * alpha)); }

inline float mapped(float x, float parameter) {
  switch (FUNCTION) {
    case RELU:
      return x < 0.0f ? 0.0f : x;
    case GELU:
      return gelu(x);
    case GELU_TANH:
      return gelu_tanh(x);
    case SCALE:
      return x * parameter;
    default:
      return parameter * tangent(x / parameter);
  }
}

inline float gated(float gate, float up, float alpha, float limit) {
  switch (FUNCTION) {
    case GATE_SILU:
      return silu(gate, 1.0f) * up;
    case GATE_GELU:
      return gelu(gate) * up;
    case GATE_GELU_TANH:
      return gelu_tanh(gate) * up;
    default: {
      // Comparisons, so that a NaN stays one.
      const float g = gate > limit ? limit : gate;
      const float u = up > limit ? limit : (up < -limit ? -limit : up);
      return silu(g, alpha) * (u + 1.0f);
    }
  }
}

kernel void map(
    device float* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    constant ElementParams& p [[buffer(2)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]]) {
  device const float* from = x + ulong(group.y) * p.x_stride;
  device float* to = out + ulong(group.y) * p.out_stride;
  const uint end = min(p.columns, (group.x + 1) * SEGMENT);
  for (uint i = group.x * SEGMENT + thread_index; i < end; i += threads.x) {
    to[i] = mapped(from[i], p.parameter);
  }
}

// x has the gates of a row, then what they gate.
kernel void gate(
    device float* out [[buffer(0)]],
    device const float* x [[buffer(1)]],
    constant ElementParams& p [[buffer(2)]],
    uint2 group [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint2 threads [[threads_per_threadgroup]]) {
  device const float* from = x + ulong(group.y) * p.x_stride;
  device float* to = out + ulong(group.y) * p.out_stride;
  const uint end = min(p.columns, (group.x + 1) * SEGMENT);
  for (uint i = group.x * SEGMENT + thread_index; i < end; i += threads.x) {
    to[i] = gated(from[i], from[p.columns + i], p.parameter, p.limit);
  }
}
