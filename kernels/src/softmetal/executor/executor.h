// Runs one dispatch: its threadgroups over worker threads, the threads of a group as fibers.
#pragma once

#include <string>
#include <vector>

#include "../include/softmetal/abi.h"
#include "accesses.h"

namespace softmetal {

/// A bound buffer, for the checks of memory.
struct Binding {
    unsigned index;
    const unsigned char *begin; // of what the kernel may touch: the buffer from its offset to its end
    const unsigned char *end;
    std::string label;
};

struct Dispatch {
    const Kernel *kernel;
    Arguments arguments{};
    unsigned groups[3];  // threadgroups
    unsigned threads[3]; // of the whole grid
    unsigned size[3];    // of one threadgroup
    unsigned threadgroupBytes;
    bool memcheck = false;         // check every access; the kernel was compiled to tell of them
    Accesses *accesses = nullptr;  // collects them, where set
    const unsigned char *image = nullptr; // the kernel library in memory: its constants may be read
    const unsigned char *imageEnd = nullptr;
    std::vector<Binding> bindings;
};

/// How a dispatch ended.
struct Outcome {
    enum class Kind { completed, pageFault, misbehaved, endless };
    Kind kind = Kind::completed;
    std::string message;
};

/// Runs a dispatch to its end; dispatches of several queues take turns.
Outcome execute(const Dispatch &dispatch);

/// In which order the lanes of a threadgroup run between two meetings.
struct Schedule {
    enum class Order { forward, reverse, random };
    Order order = Order::forward;
    unsigned seed = 1;
    static Schedule fromSettings();
    bool operator==(const Schedule &other) const { return order == other.order && seed == other.seed; }
};

} // namespace softmetal
