// Recordings of dispatches: what each was given and what came out, so that the same kernels can be run on the same numbers
// elsewhere. nvptx/replay.cc reads them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "../executor/executor.h"
#include "objects.h"

namespace softmetal {

/// One dispatch. Buffers are kept in blocks: those that the kernel read or wrote, as they were before it, and those that it wrote,
/// as they were after.
class Recording {
public:
    static constexpr uint32_t kMagic = 0x31524d53; // "SMR1"
    static constexpr uint32_t kBlock = 256;

    /// Whether the setting RECORD names a folder.
    static bool wanted();
    /// Before the dispatch runs.
    Recording(const DispatchCommand &command, const Dispatch &dispatch);
    /// After it has: appends it to the folder's `dispatches.bin`, and leaves the kernel's source beside it.
    void write(const Accesses &accesses) const;

private:
    const DispatchCommand &command_;
    const Dispatch &dispatch_;
    std::map<const Buffer *, std::vector<unsigned char>> before_;
};

} // namespace softmetal
