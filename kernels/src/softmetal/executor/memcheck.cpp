#include "memcheck.h"

#include <algorithm>
#include <cstdio>

#include "fibers.h"

namespace softmetal {

void MemoryCheck::begin() {
    // Epochs grow from group to group, so that the shadow need not be cleared; it is before the number wraps.
    base += kThreadsLimit * 1024;
    if (base > 0xf0000000u) {
        std::fill(shadow.begin(), shadow.end(), Shadow{});
        base = 1;
    }
}

namespace {

/// What an address near a bound buffer says in a message.
std::string nearest(const Dispatch &dispatch, const unsigned char *address, size_t bytes, bool write) {
    const Binding *best = nullptr;
    long bestDistance = 0;
    for (const Binding &binding : dispatch.bindings) {
        long distance = address < binding.begin ? binding.begin - address
                                                : static_cast<long>(address + bytes - binding.end);
        if (best == nullptr || distance < bestDistance) {
            best = &binding;
            bestDistance = distance;
        }
    }
    char text[300];
    if (best == nullptr) {
        std::snprintf(text, sizeof text, "%s of %zu bytes at %p: no buffer is bound", write ? "write" : "read", bytes,
                      static_cast<const void *>(address));
    } else {
        std::snprintf(text, sizeof text, "%s out of bounds: buffer(%u) %s, %zu bytes at offset %ld, its length is %ld",
                      write ? "write" : "read", best->index, best->label.c_str(), bytes,
                      static_cast<long>(address - best->begin), static_cast<long>(best->end - best->begin));
    }
    return text;
}

} // namespace

void MemoryCheck::access(Fibers &fibers, const void *address, size_t bytes, bool write, bool atomic) {
    auto *p = static_cast<const unsigned char *>(address);
    const Dispatch &dispatch = *fibers.dispatch;
    if (p >= fibers.threadgroupMemory && p < fibers.threadgroupMemory + kThreadgroupBytes) {
        auto offset = static_cast<size_t>(p - fibers.threadgroupMemory);
        char text[240];
        if (offset + bytes > dispatch.threadgroupBytes) {
            std::snprintf(text, sizeof text, "threadgroup memory: %s of %zu bytes at offset %zu, %u are allocated",
                          write ? "write" : "read", bytes, offset, dispatch.threadgroupBytes);
            fibers.fail(text, Outcome::Kind::pageFault);
        }
        if (atomic) {
            return;
        }
        const Fiber *fiber = fibers.running();
        unsigned epoch = base + fibers.generation;
        unsigned me = fiber->number;
        unsigned fence = fiber->simdgroup->fences;
        // Two threads of one simdgroup are ordered by a simdgroup barrier between their accesses.
        auto ordered = [&](unsigned other, unsigned otherFence) {
            return other != kSeveral && (other & ~kLanes) / kSimdWidth == me / kSimdWidth && otherFence != fence;
        };
        for (size_t i = offset; i < offset + bytes; i++) {
            Shadow &s = shadow[i];
            bool afterWrite = s.writeEpoch == epoch && s.writer != me && !ordered(s.writer, s.writeFence);
            bool afterRead = write && s.readEpoch == epoch && s.reader != me && !ordered(s.reader, s.readFence);
            if (afterWrite || afterRead) {
                unsigned other = afterWrite ? s.writer : s.reader;
                std::string who = (other & kLanes) != 0 ? "several threads" : "thread " + std::to_string(other);
                std::snprintf(text, sizeof text,
                              "race in threadgroup memory: thread %u %s byte %zu that %s %s since the last barrier", me,
                              write ? "writes" : "reads", i, who.c_str(), afterWrite ? "wrote" : "read");
                fibers.fail(text);
            }
            if (write) {
                s.writeEpoch = epoch;
                s.writer = me;
                s.writeFence = fence;
            } else if (s.readEpoch == epoch && s.reader != me && !ordered(s.reader, s.readFence)) {
                bool lanes = s.reader != kSeveral && (s.reader & ~kLanes) / kSimdWidth == me / kSimdWidth;
                s.reader = lanes ? kLanes | me : kSeveral;
            } else {
                s.readEpoch = epoch;
                s.reader = me;
                s.readFence = fence;
            }
        }
        return;
    }
    for (const Binding &binding : dispatch.bindings) {
        if (p >= binding.begin && p + bytes <= binding.end) {
            return;
        }
    }
    if (fibers.stacks.contains(p)) {
        return;
    }
    auto *simdgroups = reinterpret_cast<const unsigned char *>(fibers.simdgroups);
    auto *lanes = reinterpret_cast<const unsigned char *>(fibers.fibers.get());
    auto *self = reinterpret_cast<const unsigned char *>(&fibers);
    if ((p >= simdgroups && p < simdgroups + sizeof(Simdgroup) * (kThreadsLimit / kSimdWidth)) ||
        (p >= lanes && p < lanes + sizeof(Fiber) * kThreadsLimit) || (p >= self && p < self + sizeof(Fibers))) {
        return; // the inlined halves of simdgroup operations, positions and sizes
    }
    auto *arguments = reinterpret_cast<const unsigned char *>(&dispatch);
    if (p >= arguments && p < arguments + sizeof(Dispatch)) {
        return;
    }
    if (p >= dispatch.image && p < dispatch.imageEnd) {
        return; // constants of the kernel library itself
    }
    fibers.fail(nearest(dispatch, p, bytes, write), Outcome::Kind::pageFault);
}

namespace {

inline void traced(const void *address, size_t bytes, bool write, bool atomic = false) {
    Fibers *fibers = Fibers::current();
    if (fibers == nullptr || softmetal_current_lane == nullptr) {
        return;
    }
    fibers->checkTime();
    if (fibers->memory != nullptr) {
        fibers->memory->access(*fibers, address, bytes, write, atomic);
    }
    if (fibers->accesses != nullptr) {
        auto *p = static_cast<const unsigned char *>(address);
        for (const Binding &binding : fibers->dispatch->bindings) {
            if (p >= binding.begin && p + bytes <= binding.end) {
                fibers->accesses->add(p, bytes, atomic ? Accesses::atomic : write ? Accesses::write : Accesses::read);
                break;
            }
        }
    }
}

} // namespace
} // namespace softmetal

void softmetal_check_atomic(const void *address, unsigned long bytes) {
    softmetal::traced(address, bytes, true, true);
}

// Called by code compiled with -fsanitize-coverage=trace-loads,trace-stores.
#define SOFTMETAL_TRACE(kind, bytes, write)                                                             \
    extern "C" __attribute__((visibility("default"))) void __sanitizer_cov_##kind##bytes(void *address) { \
        softmetal::traced(address, bytes, write);                                                       \
    }
SOFTMETAL_TRACE(load, 1, false)
SOFTMETAL_TRACE(load, 2, false)
SOFTMETAL_TRACE(load, 4, false)
SOFTMETAL_TRACE(load, 8, false)
SOFTMETAL_TRACE(load, 16, false)
SOFTMETAL_TRACE(store, 1, true)
SOFTMETAL_TRACE(store, 2, true)
SOFTMETAL_TRACE(store, 4, true)
SOFTMETAL_TRACE(store, 8, true)
SOFTMETAL_TRACE(store, 16, true)
extern "C" __attribute__((visibility("default"))) void __sanitizer_cov_8bit_counters_init(char *, char *) {}
