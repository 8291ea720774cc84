#include "fibers.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "memcheck.h"

__thread const softmetal::Lane *softmetal_current_lane __attribute__((tls_model("initial-exec"), visibility("default")));

extern "C" void softmetal_switch(void **save, void *to);

namespace softmetal {
namespace {

constexpr size_t kPage = 4096;
/// A stack, its guard page, and a page in which its top is shifted by an odd number of cache lines: with all tops at
/// one offset of a page, the hot lines of all lanes would compete for one set of the first-level cache (3x slower).
constexpr size_t kStride = Stacks::kBytes + 2 * kPage;

__thread Fibers *currentFibers __attribute__((tls_model("initial-exec")));

} // namespace

Stacks::~Stacks() {
    for (unsigned char *chunk : chunks_) {
        munmap(chunk, kStride * kPerChunk);
    }
}

unsigned Stacks::take(unsigned char **top) {
    unsigned stack;
    if (!free_.empty()) {
        stack = free_.back();
        free_.pop_back();
    } else {
        if (made_ % kPerChunk == 0) {
            void *chunk = mmap(nullptr, kStride * kPerChunk, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (chunk == MAP_FAILED) {
                std::abort(); // no address space left for stacks
            }
            for (unsigned i = 0; i < kPerChunk; i++) {
                mprotect(static_cast<unsigned char *>(chunk) + i * kStride, kPage, PROT_NONE);
            }
            chunks_.push_back(static_cast<unsigned char *>(chunk));
        }
        stack = made_++;
    }
    size_t shift = (stack * size_t{192}) % kPage;
    *top = chunks_[stack / kPerChunk] + (stack % kPerChunk + 1) * kStride - shift;
    return stack;
}

void Stacks::reset() {
    free_.clear();
    for (unsigned i = made_; i-- > 0;) {
        free_.push_back(i);
    }
}

bool Stacks::contains(const void *address) const {
    auto *p = static_cast<const unsigned char *>(address);
    for (const unsigned char *chunk : chunks_) {
        if (p >= chunk && p < chunk + kStride * kPerChunk) {
            return true;
        }
    }
    return false;
}

bool Stacks::inGuard(const void *address) const {
    auto *p = static_cast<const unsigned char *>(address);
    for (const unsigned char *chunk : chunks_) {
        if (p >= chunk && p < chunk + kStride * kPerChunk) {
            return static_cast<size_t>(p - chunk) % kStride < kPage;
        }
    }
    return false;
}

Fibers::Fibers() : fibers(new Fiber[kThreadsLimit]) {
    // A guard page on each side: a simple overrun of threadgroup memory faults without memory checking, too.
    auto *region = static_cast<unsigned char *>(mmap(nullptr, kThreadgroupBytes + 2 * kPage, PROT_NONE,
                                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    threadgroupMemory = region + kPage;
    mprotect(threadgroupMemory, kThreadgroupBytes, PROT_READ | PROT_WRITE);
    simdgroups = static_cast<Simdgroup *>(
        std::aligned_alloc(64, sizeof(Simdgroup) * (kThreadsLimit / kSimdWidth)));
    std::memset(static_cast<void *>(simdgroups), 0, sizeof(Simdgroup) * (kThreadsLimit / kSimdWidth));
    group.memory = threadgroupMemory;
    order_.reserve(kThreadsLimit);
}

Fibers::~Fibers() {
    munmap(threadgroupMemory - kPage, kThreadgroupBytes + 2 * kPage);
    std::free(simdgroups);
}

Fibers *Fibers::current() {
    return currentFibers;
}

Fiber *Fibers::running() const {
    return const_cast<Fiber *>(static_cast<const Fiber *>(softmetal_current_lane));
}

std::string Fibers::where(const Fiber *fiber) const {
    char text[160];
    std::snprintf(text, sizeof text, "%s, threadgroup (%u, %u, %u), thread (%u, %u, %u)", dispatch->kernel->name,
                  group.position[0], group.position[1], group.position[2], fiber->position[0], fiber->position[1],
                  fiber->position[2]);
    return text;
}

bool Fibers::runnable(const Fiber *fiber) const {
    switch (fiber->state) {
        case Fiber::State::unstarted:
        case Fiber::State::ready: return true;
        case Fiber::State::meetsSimdgroup: return fiber->simdgroup->generation != fiber->awaited;
        case Fiber::State::meetsThreadgroup: return generation != fiber->awaited;
        case Fiber::State::returned: return false;
    }
    return false;
}

/// The next lane to run: of the same simdgroup where there is one, so that those meet soon who wait for each other.
Fiber *Fibers::pick(Fiber *after) {
    for (Fiber *candidate = after->next; candidate != after; candidate = candidate->next) {
        if (runnable(candidate)) {
            return candidate;
        }
    }
    for (unsigned i = 0; i < count_; i++) {
        unsigned at = cursor_ + i < count_ ? cursor_ + i : cursor_ + i - count_;
        if (runnable(order_[at]) && order_[at] != after) {
            cursor_ = at;
            return order_[at];
        }
    }
    return runnable(after) ? after : nullptr;
}

/// The first code on every stack. Runs lanes one after another for as long as the next has not begun elsewhere.
void fiberMain() {
    Fibers &self = *currentFibers;
    for (;;) {
        Fiber *fiber = self.running();
        unsigned stack = fiber->stack;
        fiber->state = Fiber::State::ready;
        self.dispatch->kernel->entry(fiber);
        self.finished(fiber);
        if (self.living_ == 0) {
            self.leave();
        }
        Fiber *next = self.pick(fiber);
        if (next == nullptr) {
            self.deadlock();
        }
        if (next->state == Fiber::State::unstarted) {
            next->stack = stack;
            softmetal_current_lane = next;
            continue;
        }
        self.stacks.give(stack);
        void *discarded;
        self.resume(&discarded, next);
    }
}

void Fibers::resume(void **save, Fiber *to) {
    if (to->state == Fiber::State::unstarted) {
        unsigned char *top;
        to->stack = stacks.take(&top);
        auto *frame = reinterpret_cast<void **>(reinterpret_cast<size_t>(top) & ~size_t{63});
        *--frame = nullptr; // the return address of fiberMain: there is none, and the stack is aligned as after a call
        *--frame = reinterpret_cast<void *>(fiberMain);
        frame -= 6; // the registers that softmetal_switch restores
        std::memset(static_cast<void *>(frame), 0, 6 * sizeof(void *));
        to->stackPointer = frame;
    }
    softmetal_current_lane = to;
    softmetal_switch(save, to->stackPointer);
}

void Fibers::wait(Fiber *fiber) {
    checkTime();
    Fiber *next = pick(fiber);
    if (next == nullptr) {
        deadlock();
    }
    if (next != fiber) {
        resume(&fiber->stackPointer, next);
    }
    fiber->state = Fiber::State::ready;
}

void Fibers::complete(Simdgroup &simdgroup) {
    unsigned parity = simdgroup.generation & 1;
    simdgroup.active[parity] = simdgroup.arrived;
    if (simdgroup.combine != nullptr) {
        simdgroup.combine(simdgroup, parity);
    }
    simdgroup.arrived = 0;
    simdgroup.generation++;
}

void Fibers::meet(Fiber *fiber, unsigned site, Combine combine) {
    Simdgroup &simdgroup = *fiber->simdgroup;
    if (simdgroup.arrived == 0) {
        simdgroup.site = site;
        simdgroup.combine = combine;
    } else if (simdgroup.site != site) {
        char text[200];
        std::snprintf(text, sizeof text,
                      "divergent simdgroup operations: lane %u is in the one at line %u, column %u while others wait in "
                      "the one at line %u, column %u",
                      fiber->index, site / 1024, site % 1024, simdgroup.site / 1024, simdgroup.site % 1024);
        fail(text);
    }
    simdgroup.arrived |= 1u << fiber->index;
    if (simdgroup.arrived == simdgroup.alive) {
        complete(simdgroup);
        return;
    }
    fiber->awaited = simdgroup.generation;
    fiber->state = Fiber::State::meetsSimdgroup;
    wait(fiber);
}

void Fibers::threadgroupBarrier(Fiber *fiber) {
    if (living_ < count_) {
        fail("threadgroup_barrier is reached after " + std::to_string(count_ - living_) +
             " threads of the threadgroup have returned");
    }
    if (++arrived_ == living_) {
        arrived_ = 0;
        generation++;
        return;
    }
    fiber->awaited = generation;
    fiber->state = Fiber::State::meetsThreadgroup;
    wait(fiber);
}

void Fibers::finished(Fiber *fiber) {
    fiber->state = Fiber::State::returned;
    living_--;
    Simdgroup &simdgroup = *fiber->simdgroup;
    simdgroup.alive &= ~(1u << fiber->index);
    if (simdgroup.alive != 0 && simdgroup.arrived == simdgroup.alive) {
        complete(simdgroup); // the others waited only for this lane: an operation of the active threads
    }
    if (arrived_ != 0) {
        fail("a thread returns while " + std::to_string(arrived_) + " others wait at a threadgroup_barrier");
    }
}

void Fibers::fail(const std::string &why, Outcome::Kind as) {
    message = why + (why.empty() ? "(" : " (") + where(running()) + ")";
    kind = as;
    leave();
}

void Fibers::leave() {
    void *discarded;
    softmetal_switch(&discarded, worker_);
    __builtin_unreachable();
}

void Fibers::deadlock() {
    unsigned simdgroup = 0;
    unsigned barrier = 0;
    for (unsigned i = 0; i < count_; i++) {
        simdgroup += fibers[i].state == Fiber::State::meetsSimdgroup;
        barrier += fibers[i].state == Fiber::State::meetsThreadgroup;
    }
    fail("divergence: " + std::to_string(simdgroup) + " threads wait in a simdgroup operation, " +
         std::to_string(barrier) + " at a threadgroup_barrier, " + std::to_string(count_ - living_) + " have returned");
}

/// Numbers the lanes and puts them in order; kept from one threadgroup to the next of the same shape.
void Fibers::arrange(const Dispatch &d, const Schedule &schedule, unsigned linear) {
    bool same = std::equal(group.size, group.size + 3, arrangedSize_) && schedule == arrangedFor_;
    if (same && schedule.order != Schedule::Order::random) {
        return;
    }
    std::copy(group.size, group.size + 3, arrangedSize_);
    arrangedFor_ = schedule;
    count_ = group.size[0] * group.size[1] * group.size[2];
    group.simdgroups = (count_ + kSimdWidth - 1) / kSimdWidth;
    for (unsigned i = 0; i < count_; i++) {
        Fiber &fiber = fibers[i];
        fiber.group = &group;
        fiber.simdgroup = &simdgroups[i / kSimdWidth];
        fiber.index = i % kSimdWidth;
        fiber.number = i;
        fiber.position[0] = i % group.size[0];
        fiber.position[1] = i / group.size[0] % group.size[1];
        fiber.position[2] = i / group.size[0] / group.size[1];
    }
    unsigned random = schedule.seed * 2654435761u + linear * 40503u + 12345u;
    auto below = [&random](unsigned n) {
        random = random * 1664525u + 1013904223u;
        return static_cast<unsigned>((static_cast<unsigned long>(random >> 8) * n) >> 24);
    };
    std::vector<unsigned> groups(group.simdgroups);
    for (unsigned i = 0; i < group.simdgroups; i++) {
        groups[i] = i;
    }
    if (schedule.order == Schedule::Order::reverse) {
        std::reverse(groups.begin(), groups.end());
    } else if (schedule.order == Schedule::Order::random) {
        for (unsigned i = group.simdgroups; i > 1; i--) {
            std::swap(groups[i - 1], groups[below(i)]);
        }
    }
    order_.clear();
    for (unsigned simdgroup : groups) {
        unsigned first = simdgroup * kSimdWidth;
        unsigned width = std::min(kSimdWidth + 0u, count_ - first);
        simdgroups[simdgroup].index = simdgroup;
        simdgroups[simdgroup].width = width;
        size_t begin = order_.size();
        for (unsigned i = 0; i < width; i++) {
            order_.push_back(&fibers[first + i]);
        }
        if (schedule.order == Schedule::Order::reverse) {
            std::reverse(order_.begin() + static_cast<long>(begin), order_.end());
        } else if (schedule.order == Schedule::Order::random) {
            for (unsigned i = width; i > 1; i--) {
                std::swap(order_[begin + i - 1], order_[begin + below(i)]);
            }
        }
        for (unsigned i = 0; i < width; i++) {
            order_[begin + i]->next = order_[begin + (i + 1) % width];
        }
    }
    (void)d;
}

bool Fibers::run(const Dispatch &d, const Schedule &schedule, unsigned x, unsigned y, unsigned z) {
    currentFibers = this;
    dispatch = &d;
    group.arguments = &d.arguments;
    const unsigned at[3] = {x, y, z};
    for (int i = 0; i < 3; i++) {
        group.position[i] = at[i];
        group.fullSize[i] = d.size[i];
        group.groups[i] = d.groups[i];
        group.threads[i] = d.threads[i];
        group.size[i] = std::min(d.size[i], d.threads[i] - at[i] * d.size[i]);
    }
    arrange(d, schedule, (z * d.groups[1] + y) * d.groups[0] + x);
    for (unsigned i = 0; i < count_; i++) {
        fibers[i].state = Fiber::State::unstarted;
    }
    for (unsigned i = 0; i < group.simdgroups; i++) {
        Simdgroup &simdgroup = simdgroups[i];
        simdgroup.alive = 0xffffffffu >> (kSimdWidth - simdgroup.width);
        simdgroup.arrived = 0;
        simdgroup.fences = 0;
    }
    stacks.reset();
    living_ = count_;
    arrived_ = 0;
    cursor_ = 0;
    generation = 0;
    // Not zero: what a kernel reads before it wrote shows as NaN.
    std::memset(threadgroupMemory, 0xff, d.threadgroupBytes);
    message.clear();
    kind = Outcome::Kind::completed;
    resume(&worker_, order_[0]);
    return kind == Outcome::Kind::completed;
}

} // namespace softmetal

void softmetal_meet(const softmetal::Lane *lane, unsigned site, softmetal::Combine combine) {
    using namespace softmetal;
    currentFibers->meet(static_cast<Fiber *>(const_cast<Lane *>(lane)), site, combine);
}

void softmetal_threadgroup_barrier(const softmetal::Lane *lane) {
    using namespace softmetal;
    currentFibers->threadgroupBarrier(static_cast<Fiber *>(const_cast<Lane *>(lane)));
}

void softmetal_simdgroup_barrier(const softmetal::Lane *lane, unsigned site) {
    using namespace softmetal;
    auto fence = [](Simdgroup &simdgroup, unsigned) { simdgroup.fences++; };
    currentFibers->meet(static_cast<Fiber *>(const_cast<Lane *>(lane)), site, fence);
}

void softmetal_fail(const char *message) {
    softmetal::Fibers::current()->fail(message);
}
