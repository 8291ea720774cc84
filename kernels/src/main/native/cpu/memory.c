/* Allocation, and the numbers by which the host knows that it talks to the library it was built with. */
#if defined(__linux__)
#define _GNU_SOURCE /* madvise */
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels.h"

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

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

int32_t ingot_allocate(int64_t bytes, void **out) {
    *out = NULL;
    if (bytes < 0) {
        return INGOT_NO_MEMORY;
    }
    size_t size = bytes == 0 ? 1 : (size_t)bytes;
    int large = size >= 2 * (size_t)HUGE_PAGE;
    void *memory = NULL;
    if (posix_memalign(&memory, large ? HUGE_PAGE : ALIGNMENT, size) != 0) {
        return INGOT_NO_MEMORY;
    }
#if defined(MADV_HUGEPAGE)
    if (large) {
        (void)madvise(memory, size, MADV_HUGEPAGE); /* advice: without it the kernels are slower, not wrong */
    }
#endif
    memset(memory, 0, size);
    *out = memory;
    return INGOT_OK;
}

void ingot_free(void *memory) { free(memory); }

int32_t element_bytes(int32_t format) {
    switch (format) {
    case INGOT_F32:
        return 4;
    case INGOT_F16:
    case INGOT_BF16:
        return 2;
    default:
        return 0;
    }
}
