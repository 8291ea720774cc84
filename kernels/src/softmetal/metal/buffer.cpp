#include <sys/mman.h>

#include <atomic>

#include "../faults.h"
#include "../validation.h"
#include "objects.h"

namespace softmetal {
namespace {

constexpr size_t kPage = 16384; // of Apple silicon, though the host's are smaller

std::atomic<size_t> allocated{0};

size_t rounded(size_t bytes) {
    return (bytes + kPage - 1) / kPage * kPage;
}

bool checked(const char *where, NSUInteger length, NSUInteger options) {
    Profile profile = Profile::current();
    if (length == 0) {
        violation("%s: length 0", where);
        return false;
    }
    if (length > profile.maxBuffer) {
        violation("%s: length %lu exceeds maxBufferLength %zu", where, length, profile.maxBuffer);
        return false;
    }
    if (((options >> 4) & 15) > kPrivate || (options & 15) > 1 || ((options >> 8) & 3) == 3 || (options >> 10) != 0) {
        violation("%s: options %#lx are no MTLResourceOptions for a buffer", where, options);
        return false;
    }
    return true;
}

void *contents(Buffer *self, SEL) {
    return self->storage() == kPrivate ? nullptr : self->memory;
}
NSUInteger length(Buffer *self, SEL) {
    return self->length;
}
NSUInteger storageMode(Buffer *self, SEL) {
    return self->storage();
}
NSUInteger gpuAddress(Buffer *self, SEL) {
    return reinterpret_cast<NSUInteger>(self->memory);
}

void *const registered = defineAs<Buffer>(
    "MTLBuffer", {method("contents", contents), method("length", length), method("allocatedSize", length),
                  method("storageMode", storageMode), method("gpuAddress", gpuAddress),
                  method("setLabel:", setLabel<Buffer>), method("label", getLabel<Buffer>)});

} // namespace

size_t allocatedBytes() {
    return allocated;
}

id newBuffer(Device *, SEL, NSUInteger length, NSUInteger options) {
    if (!checked("newBufferWithLength:options:", length, options)) {
        return nullptr;
    }
    size_t bytes = rounded(length);
    if (Faults::allocationFails() || allocated + bytes > Profile::current().workingSet) {
        return nullptr;
    }
    // Pages that must not be touched on both sides, so that a kernel that leaves the buffer is likely to fault.
    void *region = mmap(nullptr, bytes + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) {
        return nullptr;
    }
    auto aligned = (reinterpret_cast<size_t>(region) + kPage - 1) / kPage * kPage;
    auto *memory = reinterpret_cast<unsigned char *>(aligned);
    if (mprotect(memory, bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(region, bytes + 2 * kPage);
        return nullptr;
    }
    auto *buffer = create<Buffer>();
    buffer->memory = memory;
    buffer->length = length;
    buffer->options = options;
    buffer->mapping = region;
    buffer->mapped = bytes + 2 * kPage;
    allocated += bytes;
    return buffer;
}

id newBufferNoCopy(Device *, SEL, void *memory, NSUInteger length, NSUInteger options, Block *deallocator) {
    const char *where = "newBufferWithBytesNoCopy:length:options:deallocator:";
    if (!checked(where, length, options)) {
        return nullptr;
    }
    if (reinterpret_cast<size_t>(memory) % kPage != 0 || memory == nullptr) {
        violation("%s: pointer %p is not a multiple of the page size %zu", where, memory, kPage);
        return nullptr;
    }
    if (length % kPage != 0) {
        violation("%s: length %lu is not a multiple of the page size %zu", where, length, kPage);
        return nullptr;
    }
    if (((options >> 4) & 15) == kPrivate) {
        violation("%s: the storage mode must not be private", where);
        return nullptr;
    }
    if (Faults::allocationFails()) {
        return nullptr;
    }
    Block *block = nullptr;
    if (deallocator != nullptr && (block = copyBlock(deallocator, where)) == nullptr) {
        return nullptr;
    }
    auto *buffer = create<Buffer>();
    buffer->memory = static_cast<unsigned char *>(memory);
    buffer->length = length;
    buffer->options = options;
    buffer->deallocator = block;
    allocated += length;
    return buffer;
}

Buffer::~Buffer() {
    allocated -= rounded(length);
    if (mapping != nullptr) {
        munmap(mapping, mapped);
    } else if (deallocator != nullptr) {
        using Free = void (*)(Block *, void *, NSUInteger);
        reinterpret_cast<Free>(deallocator->invoke)(deallocator, memory, length);
        releaseBlock(deallocator);
    }
}

} // namespace softmetal
