// Memory checking: every access of a kernel that was compiled for it, against the bound buffers and the threadgroup's
// memory, and against the accesses of other threads since the last barrier.
#pragma once

#include <cstddef>
#include <vector>

#include "executor.h"

namespace softmetal {

class Fibers;

/// What a worker knows about the threadgroup memory of the group it runs.
struct MemoryCheck {
    /// The last write and the last read of one byte of threadgroup memory.
    struct Shadow {
        unsigned writeEpoch, writer;
        unsigned readEpoch, reader; // kSeveral where several threads have read, kLanes with one of them where all are of its simdgroup
        unsigned writeFence, readFence;
    };
    static constexpr unsigned kSeveral = ~0u;
    static constexpr unsigned kLanes = 1u << 31;

    MemoryCheck() : shadow(kThreadgroupBytes) {}
    void begin();
    void access(Fibers &fibers, const void *address, size_t bytes, bool write, bool atomic);

    unsigned base = 1; // the epoch of the group's first interval: older entries of the shadow are of other groups
    std::vector<Shadow> shadow;
};

} // namespace softmetal
