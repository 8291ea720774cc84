// Dispatches of a concurrent encoder with no barrier between them: a GPU may run them at once or in any order, so none
// may touch what another changes.
#pragma once

#include <string>
#include <vector>

#include "../executor/accesses.h"
#include "objects.h"

namespace softmetal {

class Hazards {
public:
    /// Compares a dispatch with those that it may overlap; a violation where they get into each other's way.
    void check(const DispatchCommand &command, Accesses &&accesses);
    /// Nothing that follows overlaps with what came before.
    void barrier() { unordered_.clear(); }

private:
    struct Run {
        const DispatchCommand *command;
        Accesses accesses;
    };
    std::vector<Run> unordered_;
};

} // namespace softmetal
