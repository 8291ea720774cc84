// Encoder.processLogits, sample and softmaxSums: the last ops of a step. What is chosen is a function of integers, the same ones as
// on every device (SoftmaxWeight.java has their arithmetic), so that the threads of a row may share it in any way.
#include "reduce.h"

struct EditParams {
  uint columns;
  uint entries;
  uint x_stride;
  uint start_stride;
  uint token_stride;
  uint amount_stride;
  uint before_stride;
  uint op;
};

// A threadgroup takes a row's entries.
kernel void process_logits(
    device float* x [[buffer(0)]],
    device const int* starts [[buffer(1)]],
    device const int* tokens [[buffer(2)]],
    device const float* amounts [[buffer(3)]],
    device float* before [[buffer(4)]],
    constant EditParams& p [[buffer(5)]],
    device atomic_uint* faults [[buffer(30)]],
    uint row [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]]) {
  const int first = starts[row * p.start_stride];
  const int end = starts[(row + 1) * p.start_stride];
  if (first < 0 || first > end || uint(end) > p.entries) {
    report(faults, p.op, BAD_ROW);
    return;
  }
  device float* to = x + ulong(row) * p.x_stride;
  for (uint i = uint(first) + thread_index; i < uint(end); i += threads) {
    const int token = tokens[i * p.token_stride];
    if (token < 0 || uint(token) >= p.columns) {
      report(faults, p.op, BAD_TOKEN);
      continue;
    }
    device const float* by = amounts + ulong(i) * p.amount_stride; // bias, repetition, frequency, presence
    const float was = to[token];
    before[i * p.before_stride] = was;
    const float biased = was + by[0];
    const float repeated = biased > 0.0f ? biased / by[1] - by[2] : fma(biased, by[1], -by[2]);
    to[token] = repeated - by[3];
  }
}

struct SampleParams {
  uint columns;
  uint x_stride;
  uint out_stride;
  uint draw_stride;
};

constexpr constant ushort SAMPLE_SIMDGROUPS = 32;
constexpr constant ushort WAYS = 8;   // of a search for a key, three bits at a time
constexpr constant ushort PIECES = 32; // of a search for an index

constexpr constant float LOG2_E = 0x1.715476p+0f;
constexpr constant uint FARTHEST = 40u << 24;

constexpr constant uint LOWEST = 0x007fffffu;   // the key of minus infinity
constexpr constant uint INFINITE = 0xff800000u; // that of plus infinity; a NaN's is above

// A row, and what is left of it: keys above `key`, and those at it up to the index `last`.
struct Row {
  device const float* x;
  uint columns;
  float largest;
  float scale;
  uint reach;
  uint key;
  uint last;
};

// Where a thread is in its threadgroup, and the memory that it shares.
struct Group {
  threadgroup ulong* shared; // max(SAMPLE_SIMDGROUPS, PIECES) * WAYS
  uint thread_index;
  uint threads;
  ushort simdgroup;
  ushort simdgroups;
  ushort lane;
};

enum Amount : int { ONE_EACH, WEIGHT, EQUALS };

inline float of_ordered(uint key) {
  return as_type<float>((key & 0x80000000u) != 0 ? key ^ 0x80000000u : ~key);
}

// 2^40 times 2^-distance, the distance in halvings with 24 bits behind the point.
inline ulong weight_at(uint distance) {
  const uint t = distance << 8;
  uint p = 0x025a8645u - mulhi(0x003d94deu, t);
  p = 0x0e275966u - mulhi(p, t);
  p = 0x3d7c413cu - mulhi(p, t);
  p = 0xb171d93du - mulhi(p, t);
  return ((ulong(1) << 40) - (ulong(mulhi(p, t)) << 8)) >> (distance >> 24);
}

inline ulong weight_of(thread const Row& r, float value) {
  const float y = (r.largest - value) * r.scale;
  const uint distance = uint((y < 41.0f ? y : 41.0f) * 16777216.0f);
  return distance <= r.reach ? weight_at(distance) : ulong(0);
}

inline ulong amount_of(thread const Row& r, int what, uint i) {
  const float value = r.x[i];
  const uint key = ordered(value);
  if (what == ONE_EACH) {
    return 1;
  }
  if (what == EQUALS) {
    return key == r.key ? 1 : 0;
  }
  const bool is_left = key > r.key || (key == r.key && i <= r.last);
  return is_left && key != LOWEST ? weight_of(r, value) : ulong(0);
}

inline ulong shuffled(ulong v, ushort from) {
  return (ulong(simd_shuffle(uint(v >> 32), from)) << 32) | simd_shuffle(uint(v), from);
}

inline ulong sum_lanes_exactly(ulong v, ushort lane) {
  for (ushort mask = 16; mask > 0; mask /= 2) {
    v += shuffled(v, ushort(lane ^ mask));
  }
  return v;
}

// The largest key of a row.
inline uint largest_key(thread const Row& r, thread const Group& g) {
  uint key = 0;
  for (uint i = g.thread_index; i < r.columns; i += g.threads) {
    key = max(key, ordered(r.x[i]));
  }
  for (ushort mask = 16; mask > 0; mask /= 2) {
    key = max(key, simd_shuffle_xor(key, mask));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (g.lane == 0) {
    g.shared[g.simdgroup] = key;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (ushort s = 0; s < g.simdgroups; s++) {
    key = max(key, uint(g.shared[s]));
  }
  return key;
}

// The highest key from which on up there is at least the target, the amounts of which sum[0] is all. Of the target
// is left what the keys above have not.
inline uint key_of_amount(thread const Row& r, int what, thread ulong& target, thread const Group& g) {
  uint key = 0;
  uint known = 0; // the bits that are
  for (int shift = 30; shift >= 0; shift -= 3) {
    ulong sums[WAYS]; // of those whose next three bits are at least so much
    UNROLLED for (ushort w = 0; w < WAYS; w++) {
      sums[w] = 0;
    }
    for (uint i = g.thread_index; i < r.columns; i += g.threads) {
      const uint mine = ordered(r.x[i]);
      if ((mine & known) == key) {
        const ulong amount = amount_of(r, what, i);
        const uint way = (mine >> shift) & 7u;
        UNROLLED for (ushort w = 1; w < WAYS; w++) {
          sums[w] += way >= w ? amount : ulong(0);
        }
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    UNROLLED for (ushort w = 1; w < WAYS; w++) {
      const ulong sum = sum_lanes_exactly(sums[w], g.lane);
      if (g.lane == 0) {
        g.shared[g.simdgroup * WAYS + w] = sum;
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    ulong sum = 0;
    if (g.thread_index > 0 && g.thread_index < WAYS) {
      for (ushort s = 0; s < g.simdgroups; s++) {
        sum += g.shared[s * WAYS + g.thread_index];
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (g.thread_index < WAYS) {
      g.shared[g.thread_index] = sum;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    ushort way = WAYS - 1;
    while (way > 0 && g.shared[way] < target) {
      way--;
    }
    target -= way < WAYS - 1 ? g.shared[way + 1] : ulong(0);
    key |= uint(way) << shift;
    known |= 7u << shift;
  }
  return key;
}

// The first index up to which there is more than the target.
inline uint index_of_amount(thread const Row& r, int what, ulong target, thread const Group& g) {
  uint from = 0;
  uint size = r.columns;
  while (size > LANES) {
    const uint piece = (size + PIECES * LANES - 1) / (PIECES * LANES) * LANES;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (ushort s = g.simdgroup; s < PIECES; s += g.simdgroups) {
      const uint end = min(from + (s + 1) * piece, from + size);
      ulong sum = 0;
      for (uint i = from + s * piece + g.lane; i < end; i += LANES) {
        sum += amount_of(r, what, i);
      }
      sum = sum_lanes_exactly(sum, g.lane);
      if (g.lane == 0) {
        g.shared[s] = sum;
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    ushort s = 0;
    for (; s < PIECES - 1 && target >= g.shared[s]; s++) {
      target -= g.shared[s];
    }
    from += s * piece;
    size = min(piece, r.columns - from);
  }
  const ulong mine = g.lane < size ? amount_of(r, what, from + g.lane) : ulong(0);
  ulong up_to = 0;
  for (ushort other = 0; other < LANES; other++) {
    const ulong theirs = shuffled(mine, other);
    up_to += other <= g.lane ? theirs : ulong(0);
  }
  return from + uint(simd_min(up_to > target ? int(g.lane) : int(LANES) - 1));
}

inline ulong total_weight(thread const Row& r, thread const Group& g) {
  ulong sum = 0;
  for (uint i = g.thread_index; i < r.columns; i += g.threads) {
    sum += amount_of(r, WEIGHT, i);
  }
  sum = sum_lanes_exactly(sum, g.lane);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (g.lane == 0) {
    g.shared[g.simdgroup] = sum;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  ulong total = 0;
  for (ushort s = 0; s < g.simdgroups; s++) {
    total += g.shared[s];
  }
  return total;
}

// The least integer that is not below total * share / 2^32.
inline ulong part_of(ulong total, uint share) {
  const ulong low = (total & 0xffffffffu) * share;
  return (total >> 32) * share + ((low + 0xffffffffu) >> 32);
}

// The upper half of total * random.
inline ulong drawn_of(ulong total, uint low, uint high) {
  const ulong lower = (total & 0xffffffffu) * low;
  const ulong middle = (total >> 32) * low;
  const ulong other = (total & 0xffffffffu) * high;
  const ulong carried = (lower >> 32) + (middle & 0xffffffffu) + other;
  return (total >> 32) * high + (middle >> 32) + (carried >> 32);
}

// A threadgroup takes a row. -1 for one with a NaN or plus infinity in it, or with nothing but minus infinity.
kernel void sample(
    device int* tokens [[buffer(0)]],
    device const float* x [[buffer(1)]],
    constant SampleParams& p [[buffer(2)]],
    device const int* draws [[buffer(3)]],
    uint row [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup ulong shared[SAMPLE_SIMDGROUPS * WAYS];
  const Group g = {shared, thread_index, threads, simdgroup, simdgroups, lane};
  device const int* draw = draws + ulong(row) * p.draw_stride;
  Row r = {x + ulong(row) * p.x_stride, p.columns, 0.0f, as_type<float>(draw[0]), uint(draw[1]), 0, 0xffffffffu};
  const uint largest = largest_key(r, g);
  int token = -1;
  if (largest > LOWEST && largest < INFINITE) {
    const uint top_k = uint(draw[2]);
    const uint top_p = uint(draw[3]);
    r.largest = of_ordered(largest);
    if (draw[0] == 0) {
      r.key = largest;
      token = int(index_of_amount(r, EQUALS, 0, g));
    } else {
      if (top_k > 0 && top_k < p.columns) {
        ulong left = top_k;
        r.key = key_of_amount(r, ONE_EACH, left, g);
        r.last = index_of_amount(r, EQUALS, left - 1, g);
      }
      ulong total = total_weight(r, g);
      if (top_p != 0) {
        total = part_of(total, top_p);
        ulong left = total;
        const uint key = key_of_amount(r, WEIGHT, left, g);
        const ulong each = weight_of(r, of_ordered(key));
        const ulong equals = (left + each - 1) / each;
        total += equals * each - left;
        r.key = key;
        r.last = index_of_amount(r, EQUALS, equals - 1, g);
      }
      token = int(index_of_amount(r, WEIGHT, drawn_of(total, uint(draw[4]), uint(draw[5])), g));
    }
  }
  if (thread_index == 0) {
    tokens[row * p.out_stride] = token;
  }
}

// A threadgroup takes a row: its largest logit, and the sum of its weights at temperature 1; 0 for a row that `sample`
// refuses.
kernel void softmax_sums(
    device int* sums [[buffer(0)]],
    device const float* x [[buffer(1)]],
    constant SampleParams& p [[buffer(2)]],
    uint row [[threadgroup_position_in_grid]],
    ushort thread_index [[thread_index_in_threadgroup]],
    uint threads [[threads_per_threadgroup]],
    ushort simdgroup [[simdgroup_index_in_threadgroup]],
    ushort simdgroups [[simdgroups_per_threadgroup]],
    ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup ulong shared[SAMPLE_SIMDGROUPS];
  const Group g = {shared, thread_index, threads, simdgroup, simdgroups, lane};
  Row r = {x + ulong(row) * p.x_stride, p.columns, 0.0f, LOG2_E, FARTHEST, 0, 0xffffffffu};
  const uint largest = largest_key(r, g);
  ulong sum = 0;
  if (largest > LOWEST && largest < INFINITE) {
    r.largest = of_ordered(largest);
    sum = total_weight(r, g);
  }
  if (thread_index == 0) {
    device int* to = sums + ulong(row) * p.out_stride;
    to[0] = as_type<int>(r.largest);
    to[1] = int(uint(sum));
    to[2] = int(uint(sum >> 32));
  }
}
