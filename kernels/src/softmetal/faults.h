// Fault plans: what is to go wrong, and when.
//
// A plan is a list, separated by semicolons, of
//     allocation:<n>                          the n-th buffer allocated from now on is nil; <n>+ that one and all later
//     commandBuffer:<n>=<what>                the n-th command buffer committed from now on
// where <what> is timeout, pageFault, outOfMemory, interactivity, internal, accessRevoked, notPermitted (it fails with that error,
// after the first half of its commands), never (it does not complete until the plan is changed), or slow:<milliseconds>.
#pragma once

#include <string>

namespace softmetal {

class Faults {
public:
    /// What happens to one command buffer.
    struct Fate {
        long error = 0;     // MTLCommandBufferError
        bool never = false;
        long slowMillis = 0;
    };
    /// Replaces the plan and counts anew; false where the text is no plan.
    static bool plan(const std::string &text);
    /// What the plan has done so far.
    struct Happened {
        long allocations;
        long commandBuffers;
    };
    static Happened happened();
    static bool allocationFails();
    static Fate nextCommandBuffer();
    /// Holds a command buffer that is never to complete, until the plan is changed.
    static void stall();
};

} // namespace softmetal
