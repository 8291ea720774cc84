// How the threads of a threadgroup talk to each other: barriers and simdgroup operations, on the host.
//
// Every operation takes its place in the source as a hidden last argument. Lanes that meet in two different places have
// diverged, which on a GPU would give each branch its own partial result: refused here.
#pragma once

#include "abi.h"
#include "math.h"

#define SM_SITE unsigned site = (unsigned)(__builtin_LINE() * 1024u + __builtin_COLUMN())

namespace softmetal {

/// The lane that runs this code. It cannot change under a kernel's feet, so the compiler may keep it.
SM_INLINE const Lane *here() {
#ifdef __x86_64__
    const Lane *lane;
    __asm__("movq softmetal_current_lane@GOTTPOFF(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(lane));
    return lane;
#else
    return softmetal_current_lane;
#endif
}

template <class T>
SM_INLINE unsigned deposit(const Lane *lane, T value) {
    static_assert(sizeof(T) <= 16, "simdgroup operations take scalars and vectors of at most 16 bytes");
    unsigned parity = lane->simdgroup->generation & 1;
    __builtin_memcpy(lane->simdgroup->slot[parity][lane->index], &value, sizeof(T));
    return parity;
}

template <class T>
SM_INLINE T slot(const Simdgroup &simdgroup, unsigned parity, unsigned lane) {
    T value;
    __builtin_memcpy(&value, simdgroup.slot[parity][lane], sizeof(T));
    return value;
}

template <class T>
SM_INLINE T result(const Simdgroup &simdgroup, unsigned parity, unsigned lane) {
    T value;
    __builtin_memcpy(&value, simdgroup.result[parity][lane], sizeof(T));
    return value;
}

/// Gives every lane the value that lane `from` holds; `from` above 31 keeps one's own.
template <class T>
SM_INLINE T shuffle(const Lane *lane, T value, unsigned from, unsigned site) {
    unsigned parity = deposit(lane, value);
    softmetal_meet(lane, site, nullptr);
    const Simdgroup &simdgroup = *lane->simdgroup;
    if (from >= kSimdWidth) {
        return value;
    }
    if (!((simdgroup.active[parity] >> from) & 1)) {
        softmetal_fail("a simdgroup shuffle reads a lane that is not active");
    }
    return slot<T>(simdgroup, parity, from);
}

/// Folds the active lanes' values in a tree, halves onto halves, as shuffles by 16, 8, 4, 2 and 1 would.
template <class T, class Fold>
void reduce(Simdgroup &simdgroup, unsigned parity) {
    T values[kSimdWidth];
    unsigned count = 0;
    for (unsigned i = 0; i < kSimdWidth; i++) {
        if ((simdgroup.active[parity] >> i) & 1) {
            values[count++] = slot<T>(simdgroup, parity, i);
        }
    }
    while (count > 1) {
        unsigned half = (count + 1) / 2;
        for (unsigned i = 0; i + half < count; i++) {
            values[i] = Fold::fold(values[i], values[i + half]);
        }
        count = half;
    }
    __builtin_memcpy(simdgroup.result[parity][0], values, sizeof(T));
}

template <class T, bool inclusive>
void prefixSum(Simdgroup &simdgroup, unsigned parity) {
    T sum = (T)0;
    for (unsigned i = 0; i < kSimdWidth; i++) {
        if ((simdgroup.active[parity] >> i) & 1) {
            T own = slot<T>(simdgroup, parity, i);
            T with = sum + own;
            T mine = inclusive ? with : sum;
            __builtin_memcpy(simdgroup.result[parity][i], &mine, sizeof(T));
            sum = with;
        }
    }
}

template <class T, class Fold>
SM_INLINE T reduced(T value, unsigned site) {
    const Lane *lane = here();
    unsigned parity = deposit(lane, value);
    softmetal_meet(lane, site, &reduce<T, Fold>);
    return result<T>(*lane->simdgroup, parity, 0);
}

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

namespace metal {

enum class mem_flags : uint { mem_none = 0, mem_device = 1, mem_threadgroup = 2, mem_texture = 4 };
SM_INLINE mem_flags operator|(mem_flags a, mem_flags b) { return (mem_flags)((uint)a | (uint)b); }

SM_INLINE void threadgroup_barrier(mem_flags) { softmetal_threadgroup_barrier(softmetal::here()); }
SM_INLINE void simdgroup_barrier(mem_flags, SM_SITE) { softmetal_simdgroup_barrier(softmetal::here(), site); }

template <class T>
SM_INLINE T simd_shuffle(T value, ushort from, SM_SITE) {
    return softmetal::shuffle(softmetal::here(), value, from, site);
}
template <class T>
SM_INLINE T simd_broadcast(T value, ushort from, SM_SITE) {
    return softmetal::shuffle(softmetal::here(), value, from, site);
}
template <class T>
SM_INLINE T simd_shuffle_xor(T value, ushort mask, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    return softmetal::shuffle(lane, value, lane->index ^ mask, site);
}
/// Lanes for which there is none above keep their own value.
template <class T>
SM_INLINE T simd_shuffle_down(T value, ushort by, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    return softmetal::shuffle(lane, value, lane->index + by, site);
}
template <class T>
SM_INLINE T simd_shuffle_up(T value, ushort by, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    return softmetal::shuffle(lane, value, lane->index >= by ? lane->index - by : softmetal::kSimdWidth, site);
}
template <class T>
SM_INLINE T simd_shuffle_rotate_down(T value, ushort by, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    return softmetal::shuffle(lane, value, (lane->index + by) % softmetal::kSimdWidth, site);
}
template <class T>
SM_INLINE T simd_broadcast_first(T value, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    unsigned parity = softmetal::deposit(lane, value);
    softmetal_meet(lane, site, nullptr);
    const softmetal::Simdgroup &simdgroup = *lane->simdgroup;
    return softmetal::slot<T>(simdgroup, parity, (unsigned)__builtin_ctz(simdgroup.active[parity]));
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
    const softmetal::Lane *lane = softmetal::here();
    unsigned parity = softmetal::deposit(lane, value);
    softmetal_meet(lane, site, &softmetal::prefixSum<T, false>);
    return softmetal::result<T>(*lane->simdgroup, parity, lane->index);
}
template <class T>
SM_INLINE T simd_prefix_inclusive_sum(T value, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    unsigned parity = softmetal::deposit(lane, value);
    softmetal_meet(lane, site, &softmetal::prefixSum<T, true>);
    return softmetal::result<T>(*lane->simdgroup, parity, lane->index);
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
    uint bit = value ? 1u << softmetal::here()->index : 0u;
    return simd_vote(softmetal::reduced<uint, softmetal::Or<uint>>(bit, site));
}
SM_INLINE simd_vote simd_active_threads_mask(SM_SITE) {
    return simd_vote(softmetal::reduced<uint, softmetal::Or<uint>>(1u << softmetal::here()->index, site));
}
SM_INLINE bool simd_is_first(SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    return simd_broadcast_first(lane->index, site) == lane->index;
}

} // namespace metal
