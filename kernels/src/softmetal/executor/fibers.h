// The threads of one threadgroup as fibers of one worker.
//
// A lane runs until it has to wait for others, at a barrier or in a simdgroup operation. Then the next one that can
// run continues. A lane that returns without ever having waited leaves its stack to the next lane at once, so that a
// kernel without barriers is a plain loop over its threads.
#pragma once

#include <atomic>
#include <csetjmp>
#include <memory>
#include <string>
#include <vector>

#include "executor.h"

namespace softmetal {

struct MemoryCheck;

struct Fiber : Lane {
    enum class State : unsigned char { unstarted, ready, meetsSimdgroup, meetsThreadgroup, returned };
    State state = State::unstarted;
    unsigned awaited = 0;    // the generation that it waits to see the end of
    void *stackPointer = nullptr;
    unsigned stack = 0;
    Fiber *next = nullptr;   // in the order of its simdgroup, a ring
};

/// The stacks of a worker, made when they are first needed and kept.
class Stacks {
public:
    /// Usable bytes of one; below lies a page that must not be touched.
    static constexpr size_t kBytes = 64 * 1024;

    ~Stacks();
    /// Takes a free stack; `top` is set to its upper end.
    unsigned take(unsigned char **top);
    void give(unsigned stack) { free_.push_back(stack); }
    /// All stacks are free again, whoever held them.
    void reset();
    bool contains(const void *address) const;
    bool inGuard(const void *address) const;

private:
    static constexpr unsigned kPerChunk = 32;
    std::vector<unsigned char *> chunks_;
    std::vector<unsigned> free_;
    unsigned made_ = 0;
};

class Fibers {
public:
    Fibers();
    ~Fibers();

    /// Runs one threadgroup; false where it ended early, with `message` set.
    bool run(const Dispatch &dispatch, const Schedule &schedule, unsigned x, unsigned y, unsigned z);

    // Called from inside a kernel, by the lane that runs.
    void meet(Fiber *fiber, unsigned site, Combine combine);
    void threadgroupBarrier(Fiber *fiber);
    [[noreturn]] void fail(const std::string &why, Outcome::Kind as = Outcome::Kind::misbehaved);
    /// Ends the dispatch if its time is over.
    void checkTime() {
        if (expired->load(std::memory_order_relaxed)) {
            fail("", Outcome::Kind::endless);
        }
    }
    std::string where(const Fiber *fiber) const;

    static Fibers *current(); // of this worker thread
    Fiber *running() const;

    std::string message;
    Outcome::Kind kind = Outcome::Kind::completed;
    MemoryCheck *memory = nullptr; // where the dispatch is checked
    Accesses *accesses = nullptr;  // where they are collected
    const std::atomic<bool> *expired = nullptr; // the dispatch has run for too long
    const Dispatch *dispatch = nullptr;
    Threadgroup group{};
    unsigned generation = 0; // threadgroup barriers passed
    Stacks stacks;
    unsigned char *threadgroupMemory;
    std::unique_ptr<Fiber[]> fibers;
    Simdgroup *simdgroups;

private:
    friend void fiberMain();

    void arrange(const Dispatch &dispatch, const Schedule &schedule, unsigned linear);
    bool runnable(const Fiber *fiber) const;
    Fiber *pick(Fiber *after);
    void resume(void **save, Fiber *to);
    void wait(Fiber *fiber);
    void finished(Fiber *fiber);
    void complete(Simdgroup &simdgroup);
    [[noreturn]] void leave();
    [[noreturn]] void deadlock();

    void *worker_ = nullptr; // the stack of the worker itself
    unsigned count_ = 0;
    unsigned living_ = 0;
    unsigned arrived_ = 0;   // at the threadgroup barrier
    unsigned cursor_ = 0;    // where the search for a lane of another simdgroup goes on
    std::vector<Fiber *> order_;
    unsigned arrangedSize_[3] = {0, 0, 0};
    Schedule arrangedFor_;
};

} // namespace softmetal
