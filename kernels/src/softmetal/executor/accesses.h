// Which bytes of the bound buffers a dispatch touched, for the check of dispatches that nothing orders and for recordings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace softmetal {

class Accesses {
public:
    enum Kind : unsigned { read, write, atomic, kKinds };
    static constexpr size_t kPage = 4096;

    /// One bit for each byte of a page, by kind.
    struct Page {
        uint64_t bits[kKinds][kPage / 64] = {};
    };
    using Pages = std::unordered_map<size_t, std::unique_ptr<Page>>; // by address / kPage

    void add(const void *address, size_t bytes, Kind kind);
    void add(const Accesses &other);
    void clear();
    const Pages &pages() const { return pages_; }

    /// A stretch of bytes that two dispatches may not both touch without something that orders them.
    struct Conflict {
        size_t address = 0; // the first byte
        size_t bytes = 0;   // of the stretch; 0: there is none
        Kind before = read;
        Kind after = read;
    };
    /// Where `after` touches what `before` changed, or changes what it read. Atomic operations get along with each other.
    static Conflict between(const Accesses &before, const Accesses &after);

private:
    Page &page(size_t number);

    Pages pages_;
    size_t lastNumber_ = 0; // kernels stay on a page for a while
    Page *last_ = nullptr;
};

} // namespace softmetal
