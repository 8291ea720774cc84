/* Allocation, and the numbers by which the host knows that it talks to the library it was built with. */
#if defined(__linux__)
#define _GNU_SOURCE /* madvise */
#endif
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels.h"

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20, LARGE = 2 * HUGE_PAGE };

int32_t ingot_abi_version(void) { return INGOT_ABI_VERSION; }

int32_t ingot_kernels_version(void) { return INGOT_KERNELS_VERSION; }

int64_t ingot_sizeof(int32_t which) {
    switch (which) {
    case INGOT_STRUCT_OP:
        return sizeof(ingot_op);
    case INGOT_STRUCT_TENSOR:
        return sizeof(ingot_tensor);
    case INGOT_STRUCT_FAILURE:
        return sizeof(ingot_failure);
    default:
        return 0;
    }
}

/*
 * Large memory comes from the system page by page as it is first touched, already zero: a KV cache costs
 * nothing until it is used, and starting does not wait for it. What lies in front of the memory says how
 * to give it back.
 */
typedef struct mapping {
    void *base;
    size_t bytes;
} mapping;

_Static_assert(sizeof(mapping) <= ALIGNMENT, "the note fits in front of the memory");

static void *map_zeroes(size_t size) {
    if (size > SIZE_MAX - HUGE_PAGE - ALIGNMENT) {
        return NULL;
    }
    size_t bytes = size + HUGE_PAGE + ALIGNMENT;
    char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return NULL;
    }
    uintptr_t aligned = ((uintptr_t)base + ALIGNMENT + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    void *memory = (void *)aligned;
#if defined(MADV_HUGEPAGE)
    (void)madvise(memory, size, MADV_HUGEPAGE); /* advice: without it the kernels are slower, not wrong */
#endif
    ((mapping *)(aligned - ALIGNMENT))[0] = (mapping){base, bytes};
    return memory;
}

int32_t ingot_allocate(int64_t bytes, void **out) {
    *out = NULL;
    if (bytes < 0) {
        return INGOT_NO_MEMORY;
    }
    size_t size = (size_t)bytes;
    void *memory = NULL;
    if (size >= LARGE) {
        memory = map_zeroes(size);
        if (memory == NULL) {
            return INGOT_NO_MEMORY;
        }
    } else {
        char *block = NULL;
        if (posix_memalign((void **)&block, ALIGNMENT, size + ALIGNMENT) != 0) {
            return INGOT_NO_MEMORY;
        }
        memset(block, 0, size + ALIGNMENT); /* so the note says: not mapped */
        memory = block + ALIGNMENT;
    }
    *out = memory;
    return INGOT_OK;
}

void ingot_free(void *memory) {
    if (memory == NULL) {
        return;
    }
    char *note = (char *)memory - ALIGNMENT;
    mapping mapped = *(mapping *)note;
    if (mapped.base != NULL) {
        (void)munmap(mapped.base, mapped.bytes); /* of a mapping of ours: it cannot fail */
    } else {
        free(note);
    }
}
