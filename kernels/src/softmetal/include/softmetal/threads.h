// How the threads of a threadgroup talk to each other: barriers and simdgroup operations. What is said here is the same
// wherever a kernel runs; how lanes meet is in lanes_host.h and lanes_nvptx.h.
//
// Every operation takes its place in the source as a hidden last argument. Lanes that meet in two different places have
// diverged, which on a GPU would give each branch its own partial result: refused on the host.
#pragma once

#include "abi.h"
#include "math.h"

#define SM_SITE unsigned site = (unsigned)(__builtin_LINE() * 1024u + __builtin_COLUMN())

namespace softmetal {

/// Where a lane keeps its two elements of a simdgroup_matrix: (row, column) and (row, column + 1), as Apple's GPUs do.
struct Fragment {
    unsigned row, column;
    static SM_INLINE Fragment of(unsigned lane) {
        unsigned quad = lane / 4;
        return {(quad & 4) + (lane / 2) % 4, (quad & 2) * 2 + (lane % 2) * 2};
    }
    /// The lane that has an element, as its number column % 2.
    static SM_INLINE unsigned holder(unsigned row, unsigned column) {
        return (row & 4) << 2 | (column & 4) << 1 | (row & 3) << 1 | (column >> 1 & 1);
    }
};

template <class T>
struct Sum {
    static SM_INLINE T fold(T a, T b) { return a + b; }
};
template <class T>
struct Product {
    static SM_INLINE T fold(T a, T b) { return a * b; }
};
template <class T>
struct Max {
    static SM_INLINE T fold(T a, T b) { return metal::max(a, b); }
};
template <class T>
struct Min {
    static SM_INLINE T fold(T a, T b) { return metal::min(a, b); }
};
template <class T>
struct And {
    static SM_INLINE T fold(T a, T b) { return a & b; }
};
template <class T>
struct Or {
    static SM_INLINE T fold(T a, T b) { return a | b; }
};
template <class T>
struct Xor {
    static SM_INLINE T fold(T a, T b) { return a ^ b; }
};

} // namespace softmetal

#ifdef __NVPTX__
#include "lanes_nvptx.h"
#else
#include "lanes_host.h"
#endif

namespace metal {

enum class mem_flags : uint { mem_none = 0, mem_device = 1, mem_threadgroup = 2, mem_texture = 4 };
SM_INLINE mem_flags operator|(mem_flags a, mem_flags b) { return (mem_flags)((uint)a | (uint)b); }

SM_INLINE void threadgroup_barrier(mem_flags) { softmetal::threadgroupBarrier(); }
SM_INLINE void simdgroup_barrier(mem_flags, SM_SITE) { softmetal::simdgroupBarrier(site); }

template <class T>
SM_INLINE T simd_shuffle(T value, ushort from, SM_SITE) {
    return softmetal::shuffle(value, from, site);
}
template <class T>
SM_INLINE T simd_broadcast(T value, ushort from, SM_SITE) {
    return softmetal::shuffle(value, from, site);
}
template <class T>
SM_INLINE T simd_shuffle_xor(T value, ushort mask, SM_SITE) {
    unsigned lane = softmetal::laneIndex();
    return softmetal::shuffle(value, lane ^ mask, site);
}
/// Lanes for which there is none above keep their own value.
template <class T>
SM_INLINE T simd_shuffle_down(T value, ushort by, SM_SITE) {
    unsigned lane = softmetal::laneIndex();
    return softmetal::shuffle(value, lane + by, site);
}
template <class T>
SM_INLINE T simd_shuffle_up(T value, ushort by, SM_SITE) {
    unsigned lane = softmetal::laneIndex();
    return softmetal::shuffle(value, lane >= by ? lane - by : softmetal::kSimdWidth, site);
}
template <class T>
SM_INLINE T simd_shuffle_rotate_down(T value, ushort by, SM_SITE) {
    unsigned lane = softmetal::laneIndex();
    return softmetal::shuffle(value, (lane + by) % softmetal::kSimdWidth, site);
}
template <class T>
SM_INLINE T simd_broadcast_first(T value, SM_SITE) {
    return softmetal::ofFirst(value, site);
}

#define SM_REDUCTION(name, Fold)                                     \
    template <class T>                                               \
    SM_INLINE T name(T value, SM_SITE) {                             \
        return softmetal::reduced<T, softmetal::Fold<T>>(value, site); \
    }
SM_REDUCTION(simd_sum, Sum)
SM_REDUCTION(simd_product, Product)
SM_REDUCTION(simd_max, Max)
SM_REDUCTION(simd_min, Min)
SM_REDUCTION(simd_and, And)
SM_REDUCTION(simd_or, Or)
SM_REDUCTION(simd_xor, Xor)
#undef SM_REDUCTION

SM_INLINE bool simd_any(bool value, SM_SITE) { return softmetal::reduced<uint, softmetal::Or<uint>>(value, site); }
SM_INLINE bool simd_all(bool value, SM_SITE) { return softmetal::reduced<uint, softmetal::And<uint>>(value, site); }

template <class T>
SM_INLINE T simd_prefix_exclusive_sum(T value, SM_SITE) {
    return softmetal::prefixSum<T, false>(value, site);
}
template <class T>
SM_INLINE T simd_prefix_inclusive_sum(T value, SM_SITE) {
    return softmetal::prefixSum<T, true>(value, site);
}

/// The set of lanes for which a condition holds.
struct simd_vote {
    typedef ulong vote_t;
    explicit simd_vote(vote_t v) : votes(v) {}
    explicit operator vote_t() const { return votes; }
    bool all() const { return votes == 0xffffffffu; }
    bool any() const { return votes != 0; }
    vote_t votes;
};
SM_INLINE simd_vote simd_ballot(bool value, SM_SITE) {
    uint bit = value ? 1u << softmetal::laneIndex() : 0u;
    return simd_vote(softmetal::reduced<uint, softmetal::Or<uint>>(bit, site));
}
SM_INLINE simd_vote simd_active_threads_mask(SM_SITE) {
    return simd_vote(softmetal::reduced<uint, softmetal::Or<uint>>(1u << softmetal::laneIndex(), site));
}
SM_INLINE bool simd_is_first(SM_SITE) {
    unsigned lane = softmetal::laneIndex();
    return simd_broadcast_first(lane, site) == lane;
}

} // namespace metal
