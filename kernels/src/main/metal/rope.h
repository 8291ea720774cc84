// What turns heads by their positions; rope.metal and kv_cache.metal call it.
#include "common.h"

struct RopeParams {
  uint pairs;     // turned against each other in each head
  uint head_dim;
  uint heads;
  uint stride;
  uint position_stride;
  float magnitude;
  uint op;
};

// Heads that a thread turns by the angle that it has worked out.
constexpr constant uint HEADS = 8;

// The sine and cosine of position * frequency. The product is kept in two floats and brought to
// [-pi/4, pi/4] with pi/2 in two parts: n quarter turns, n below 2^24, leave an error of 1e-7, where a
// product rounded to a float would be off by 0.004 at position 100 000 already.
inline void rotation(uint position, float frequency, thread float& sine, thread float& cosine) {
  const float high = float(position & ~4095u);
  const float low = float(position & 4095u);
  const float a = high * frequency;
  const float b = low * frequency;
  const float sum = a + b;
  const float rest = (b - (sum - a)) + fma(high, frequency, -a) + fma(low, frequency, -b);
  const float n = rint(sum * 0.636619772f);
  float r = fma(-n, 1.57079637f, sum);
  r = fma(-n, -4.37113883e-8f, r) + rest;
  const float q = r * r;
  float s = fma(2.75573192e-6f, q, -1.98412698e-4f);
  s = fma(s, q, 8.33333333e-3f);
  s = fma(s, q, -1.66666667e-1f);
  s = fma(r * q, s, r);
  float c = fma(-2.75573192e-7f, q, 2.48015873e-5f);
  c = fma(c, q, -1.38888889e-3f);
  c = fma(c, q, 4.16666667e-2f);
  c = fma(c, q, -0.5f);
  c = fma(c, q, 1.0f);
  const uint quarter = uint(int(n)) & 3u;
  const float swapped_sine = (quarter & 1u) != 0 ? c : s;
  const float swapped_cosine = (quarter & 1u) != 0 ? s : c;
  sine = (quarter & 2u) != 0 ? -swapped_sine : swapped_sine;
  cosine = quarter == 1u || quarter == 2u ? -swapped_cosine : swapped_cosine;
}

// Turns one pair of each of the heads from `head` on.
inline void turn(
    device float* row,
    device const float* frequencies,
    constant RopeParams& p,
    int position,
    uint pair,
    uint head,
    uint end) {
  float sine;
  float cosine;
  rotation(uint(position), frequencies[pair], sine, cosine);
  sine *= p.magnitude;
  cosine *= p.magnitude;
  for (; head < end; head++) {
    device float* at = row + head * p.head_dim + pair;
    const float a = at[0];
    const float b = at[p.pairs];
    at[0] = fma(a, cosine, -(b * sine));
    at[p.pairs] = fma(b, cosine, a * sine);
  }
}
