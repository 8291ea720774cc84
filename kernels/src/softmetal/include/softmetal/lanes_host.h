// How lanes meet on the host: each is a fiber, and waits in the executor until the others of its simdgroup have come.
#pragma once

#include "threads.h"

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
SM_INLINE T shuffle(T value, unsigned from, unsigned site) {
    const Lane *lane = here();
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
void addUp(Simdgroup &simdgroup, unsigned parity) {
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

template <class T, bool inclusive>
SM_INLINE T prefixSum(T value, unsigned site) {
    const Lane *lane = here();
    unsigned parity = deposit(lane, value);
    softmetal_meet(lane, site, &addUp<T, inclusive>);
    return result<T>(*lane->simdgroup, parity, lane->index);
}

/// The value of the first active lane.
template <class T>
SM_INLINE T ofFirst(T value, unsigned site) {
    const Lane *lane = here();
    unsigned parity = deposit(lane, value);
    softmetal_meet(lane, site, nullptr);
    return slot<T>(*lane->simdgroup, parity, (unsigned)__builtin_ctz(lane->simdgroup->active[parity]));
}

SM_INLINE unsigned laneIndex() { return here()->index; }
SM_INLINE void threadgroupBarrier() { softmetal_threadgroup_barrier(here()); }
SM_INLINE void simdgroupBarrier(unsigned site) { softmetal_simdgroup_barrier(here(), site); }

/// All of a simdgroup take part in an operation on matrices, or it has no meaning.
inline void requireAllLanes(Simdgroup &simdgroup, unsigned parity) {
    if (simdgroup.active[parity] != 0xffffffffu) {
        softmetal_fail("an operation on a simdgroup_matrix needs all 32 lanes");
    }
}

inline void multiplyAll(Simdgroup &simdgroup, unsigned parity) {
    requireAllLanes(simdgroup, parity);
    typedef float Row __attribute__((ext_vector_type(8)));
    const float *a = simdgroup.operand[parity][0];
    const Row *b = (const Row *)simdgroup.operand[parity][1];
    Row *c = (Row *)simdgroup.operand[parity][2];
    for (int i = 0; i < 8; i++) {
        Row sum = c[i];
        for (int k = 0; k < 8; k++) {
            sum = __builtin_elementwise_fma((Row)(a[i * 8 + k]), b[k], sum);
        }
        c[i] = sum;
    }
}


/// c += a * b, of the elements of every lane; the products of a row are added from the first to the last.
SM_INLINE void multiplyAccumulate(const float *a, const float *b, float *c, unsigned site) {
    const Lane *lane = here();
    Simdgroup &simdgroup = *lane->simdgroup;
    unsigned parity = simdgroup.generation & 1;
    Fragment own = Fragment::of(lane->index);
    unsigned at = own.row * 8 + own.column;
    float(*operand)[64] = simdgroup.operand[parity];
    for (int i = 0; i < 2; i++) {
        operand[0][at + i] = a[i];
        operand[1][at + i] = b[i];
        operand[2][at + i] = c[i];
    }
    softmetal_meet(lane, site, &multiplyAll);
    c[0] = operand[2][at];
    c[1] = operand[2][at + 1];
}

#ifdef SOFTMETAL_TRACED
// Loads and stores of matrices need no meeting to work here; one is added so that a lane that stays away is noticed.
SM_INLINE void allLanes(unsigned site) { softmetal_meet(here(), site, &requireAllLanes); }
#else
SM_INLINE void allLanes(unsigned) {}
#endif

// A kernel's arguments, and where in the grid a lane is.

typedef const Lane *Here;
SM_INLINE void *argument(Here lane, unsigned index) { return lane->group->arguments->buffer[index]; }
SM_INLINE void *threadgroupArgument(Here lane, unsigned index) {
    return lane->group->memory + lane->group->arguments->threadgroupOffset[index];
}
SM_INLINE unsigned positionInThreadgroup(Here lane, int i) { return lane->position[i]; }
SM_INLINE unsigned groupPosition(Here lane, int i) { return lane->group->position[i]; }
SM_INLINE unsigned groupSize(Here lane, int i) { return lane->group->size[i]; }
SM_INLINE unsigned fullGroupSize(Here lane, int i) { return lane->group->fullSize[i]; }
SM_INLINE unsigned groupsInGrid(Here lane, int i) { return lane->group->groups[i]; }
SM_INLINE unsigned threadsInGrid(Here lane, int i) { return lane->group->threads[i]; }
SM_INLINE unsigned threadNumber(Here lane) { return lane->number; }
SM_INLINE unsigned laneNumber(Here lane) { return lane->index; }
SM_INLINE unsigned simdgroupNumber(Here lane) { return lane->simdgroup->index; }
SM_INLINE unsigned simdgroupCount(Here lane) { return lane->group->simdgroups; }

} // namespace softmetal
