#include "accesses.h"

#include <algorithm>

namespace softmetal {

Accesses::Page &Accesses::page(size_t number) {
    if (last_ == nullptr || lastNumber_ != number) {
        std::unique_ptr<Page> &page = pages_[number];
        if (page == nullptr) {
            page = std::make_unique<Page>();
        }
        last_ = page.get();
        lastNumber_ = number;
    }
    return *last_;
}

void Accesses::add(const void *address, size_t bytes, Kind kind) {
    auto at = reinterpret_cast<size_t>(address);
    while (bytes > 0) {
        size_t bit = at % 64;
        size_t count = std::min(bytes, 64 - bit);
        uint64_t mask = (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << bit;
        page(at / kPage).bits[kind][at % kPage / 64] |= mask;
        at += count;
        bytes -= count;
    }
}

void Accesses::add(const Accesses &other) {
    for (const auto &[number, from] : other.pages_) {
        Page &to = page(number);
        for (unsigned kind = 0; kind < kKinds; kind++) {
            for (size_t i = 0; i < kPage / 64; i++) {
                to.bits[kind][i] |= from->bits[kind][i];
            }
        }
    }
}

void Accesses::clear() {
    pages_.clear();
    last_ = nullptr;
}

namespace {

uint64_t conflicting(const Accesses::Page &a, const Accesses::Page &b, size_t i) {
    uint64_t reads = a.bits[Accesses::read][i], writes = a.bits[Accesses::write][i], atomics = a.bits[Accesses::atomic][i];
    uint64_t reads2 = b.bits[Accesses::read][i], writes2 = b.bits[Accesses::write][i], atomics2 = b.bits[Accesses::atomic][i];
    return (writes & (reads2 | writes2 | atomics2)) | (writes2 & (reads | atomics)) | (atomics & reads2) | (reads & atomics2);
}

/// What a dispatch did to one byte; a write where it did several things.
Accesses::Kind kindOf(const Accesses::Page &page, size_t i, uint64_t bit) {
    return (page.bits[Accesses::write][i] & bit) != 0    ? Accesses::write
           : (page.bits[Accesses::atomic][i] & bit) != 0 ? Accesses::atomic
                                                         : Accesses::read;
}

} // namespace

Accesses::Conflict Accesses::between(const Accesses &before, const Accesses &after) {
    Conflict least;
    for (const auto &[number, a] : before.pages_) {
        auto found = after.pages_.find(number);
        if (found == after.pages_.end() || (least.bytes > 0 && number > least.address / kPage)) {
            continue;
        }
        const Page &b = *found->second;
        Conflict here;
        for (size_t at = 0; at < kPage; at++) {
            uint64_t bit = uint64_t{1} << at % 64;
            bool both = (conflicting(*a, b, at / 64) & bit) != 0;
            if (both && here.bytes == 0) {
                here = {number * kPage + at, 1, kindOf(*a, at / 64, bit), kindOf(b, at / 64, bit)};
            } else if (both) {
                here.bytes++;
            } else if (here.bytes > 0) {
                break;
            }
        }
        if (here.bytes > 0) {
            least = here;
        }
    }
    return least;
}

} // namespace softmetal
