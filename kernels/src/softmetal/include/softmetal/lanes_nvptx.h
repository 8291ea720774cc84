// How lanes meet on an NVIDIA GPU, whose warps are as wide as a simdgroup. Everything is computed in the host's order, so that
// the two give the same bits wherever their arithmetic does.
#pragma once

#include "threads.h"

namespace softmetal {

/// What the runner hands to a kernel, in device memory.
struct Launch {
    void *buffer[kBufferSlots];
    unsigned threadgroupOffset[kBufferSlots]; // behind the kernel's own threadgroup variables
};

// Lanes that have returned may stand in this mask: the hardware waits only for the others.
constexpr unsigned kAllLanes = 0xffffffffu;

SM_INLINE unsigned laneIndex() { return (unsigned)__nvvm_read_ptx_sreg_laneid(); }
SM_INLINE void threadgroupBarrier() { __syncthreads(); }
SM_INLINE void simdgroupBarrier(unsigned) { __nvvm_bar_warp_sync(kAllLanes); }
SM_INLINE void allLanes(unsigned) {}
/// The lanes that have not returned.
SM_INLINE unsigned activeLanes() { return (unsigned)__nvvm_vote_ballot_sync(kAllLanes, true); }

template <class T>
SM_INLINE T fetch(T value, unsigned from) {
    static_assert(sizeof(T) <= 16, "simdgroup operations take scalars and vectors of at most 16 bytes");
    int words[(sizeof(T) + 3) / 4] = {};
    __builtin_memcpy(words, &value, sizeof(T));
    for (unsigned i = 0; i < (sizeof(T) + 3) / 4; i++) {
        words[i] = __nvvm_shfl_sync_idx_i32(kAllLanes, words[i], (int)from, 31);
    }
    T got;
    __builtin_memcpy(&got, words, sizeof(T));
    return got;
}

template <class T>
SM_INLINE T shuffle(T value, unsigned from, unsigned) {
    T got = fetch(value, from & 31u);
    return from >= kSimdWidth ? value : got;
}

/// Of fewer than all lanes. A function of its own, so that its array is not taken for the kernel's (lint/ir.cpp).
template <class T, class Fold>
__attribute__((noinline)) T reducedOfSome(T value, unsigned active) {
    T values[kSimdWidth];
    unsigned count = 0;
    for (unsigned i = 0; i < kSimdWidth; i++) {
        T got = fetch(value, i);
        if ((active >> i) & 1) {
            values[count++] = got;
        }
    }
    while (count > 1) {
        unsigned half = (count + 1) / 2;
        for (unsigned i = 0; i + half < count; i++) {
            values[i] = Fold::fold(values[i], values[i + half]);
        }
        count = half;
    }
    return values[0];
}

template <class T, class Fold>
SM_INLINE T reduced(T value, unsigned) {
    unsigned active = activeLanes();
    if (active != kAllLanes) {
        return reducedOfSome<T, Fold>(value, active);
    }
    unsigned lane = laneIndex();
    for (unsigned half = 16; half > 0; half /= 2) {
        value = Fold::fold(value, fetch(value, (lane + half) & 31u));
    }
    return fetch(value, 0);
}

template <class T, bool inclusive>
SM_INLINE T prefixSum(T value, unsigned) {
    unsigned active = activeLanes();
    unsigned lane = laneIndex();
    T sum = (T)0;
    T mine = (T)0;
    for (unsigned i = 0; i < kSimdWidth; i++) {
        T got = fetch(value, i);
        if ((active >> i) & 1) {
            T with = sum + got;
            mine = i == lane ? (inclusive ? with : sum) : mine;
            sum = with;
        }
    }
    return mine;
}

/// The value of the first active lane.
template <class T>
SM_INLINE T ofFirst(T value, unsigned) {
    return fetch(value, (unsigned)__builtin_ctz(activeLanes()));
}

/// c += a * b, of the elements of every lane; the products of a row are added from the first to the last.
SM_INLINE void multiplyAccumulate(const float *a, const float *b, float *c, unsigned) {
    Fragment own = Fragment::of(laneIndex());
    for (unsigned k = 0; k < 8; k++) {
        float left = fetch(a[k & 1], Fragment::holder(own.row, k));
        unsigned below = Fragment::holder(k, own.column);
        c[0] = __builtin_fmaf(left, fetch(b[0], below), c[0]);
        c[1] = __builtin_fmaf(left, fetch(b[1], below), c[1]);
    }
}

// A kernel's arguments, and where in the grid a lane is. Threadgroups at the end of a grid are as full as all others:
// the runner takes no ragged grids.

typedef const SM_DEVICE Launch *Here;
extern "C" SM_THREADGROUP unsigned char sm_threadgroup_memory[] __attribute__((aligned(16)));
SM_INLINE void *argument(Here launch, unsigned index) { return launch->buffer[index]; }
SM_INLINE void *threadgroupArgument(Here launch, unsigned index) {
    return (void *)(sm_threadgroup_memory + launch->threadgroupOffset[index]);
}
SM_INLINE unsigned positionInThreadgroup(Here, int i) {
    return (unsigned)(i == 0 ? __nvvm_read_ptx_sreg_tid_x() : i == 1 ? __nvvm_read_ptx_sreg_tid_y() : __nvvm_read_ptx_sreg_tid_z());
}
SM_INLINE unsigned groupPosition(Here, int i) {
    return (unsigned)(i == 0   ? __nvvm_read_ptx_sreg_ctaid_x()
                      : i == 1 ? __nvvm_read_ptx_sreg_ctaid_y()
                               : __nvvm_read_ptx_sreg_ctaid_z());
}
SM_INLINE unsigned groupSize(Here, int i) {
    return (unsigned)(i == 0   ? __nvvm_read_ptx_sreg_ntid_x()
                      : i == 1 ? __nvvm_read_ptx_sreg_ntid_y()
                               : __nvvm_read_ptx_sreg_ntid_z());
}
SM_INLINE unsigned groupsInGrid(Here, int i) {
    return (unsigned)(i == 0   ? __nvvm_read_ptx_sreg_nctaid_x()
                      : i == 1 ? __nvvm_read_ptx_sreg_nctaid_y()
                               : __nvvm_read_ptx_sreg_nctaid_z());
}
SM_INLINE unsigned fullGroupSize(Here launch, int i) { return groupSize(launch, i); }
SM_INLINE unsigned threadsInGrid(Here launch, int i) { return groupSize(launch, i) * groupsInGrid(launch, i); }
SM_INLINE unsigned threadNumber(Here launch) {
    return positionInThreadgroup(launch, 0) +
           groupSize(launch, 0) * (positionInThreadgroup(launch, 1) + groupSize(launch, 1) * positionInThreadgroup(launch, 2));
}
SM_INLINE unsigned laneNumber(Here launch) { return threadNumber(launch) % kSimdWidth; }
SM_INLINE unsigned simdgroupNumber(Here launch) { return threadNumber(launch) / kSimdWidth; }
SM_INLINE unsigned simdgroupCount(Here launch) {
    return (groupSize(launch, 0) * groupSize(launch, 1) * groupSize(launch, 2) + kSimdWidth - 1) / kSimdWidth;
}

} // namespace softmetal
