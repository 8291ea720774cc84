/*
 * What this CPU can run and what it is called: compiled for the architecture's baseline, so that it
 * can be asked before any variant is loaded.
 */
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#define API __attribute__((visibility("default")))

enum { AVX2 = 1, AVX512 = 2, NEON = 4, AVX512_BF16 = 8, DOTPROD = 16, I8MM = 32, AMX = 64 };

#if defined(__x86_64__)
static uint64_t enabled_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

/* A process has to ask Linux for its tiles' contents to be kept; what is granted is so for all of its threads. */
static int may_use_tiles(uint64_t registers) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    const uint64_t both = 1u << 17 | 1u << TILE_DATA;
    return (registers & both) == both && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    (void)registers;
    return 0;
#endif
}

static int32_t x86_features(void) {
    uint32_t a, b, c, d, b7 = 0, c7 = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) {
        return 0;
    }
    const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    const uint32_t wanted = fma | osxsave | avx | f16c;
    if ((c & wanted) != wanted || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d)) {
        return 0;
    }
    /* The rest of x86-64-v3, which the compiler was allowed to use. */
    const uint32_t bmi1 = 1u << 3, avx2 = 1u << 5, bmi2 = 1u << 8;
    uint32_t extended = 0;
    if (!__get_cpuid(0x80000001u, &a, &b, &extended, &d)) {
        return 0;
    }
    const uint32_t movbe = 1u << 22, lzcnt = 1u << 5;
    uint64_t registers = enabled_registers(); /* a CPU's registers are of use only if the system saves them */
    if ((b7 & (bmi1 | avx2 | bmi2)) != (bmi1 | avx2 | bmi2) || (c & movbe) == 0 || (extended & lzcnt) == 0
        || (registers & 0x6) != 0x6) {
        return 0;
    }
    const uint32_t f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31, cd = 1u << 28, vnni = 1u << 11;
    int avx512 = (b7 & (f | dq | bw | vl | cd)) == (f | dq | bw | vl | cd) && (c7 & vnni) != 0
        && (registers & 0xe0) == 0xe0;
    uint32_t a7 = 0, d7, largest;
    if (!__get_cpuid_count(7, 0, &largest, &b, &c, &d7) || (largest >= 1 && !__get_cpuid_count(7, 1, &a7, &b, &c, &d))) {
        return AVX2;
    }
    int bf16 = avx512 && (a7 & 1u << 5) != 0;
    const uint32_t amx = 1u << 22 | 1u << 24 | 1u << 25; /* BF16, TILE, INT8 */
    int tiles = bf16 && (d7 & amx) == amx && may_use_tiles(registers);
    return AVX2 | (avx512 ? AVX512 : 0) | (bf16 ? AVX512_BF16 : 0) | (tiles ? AMX : 0);
}
#endif

#if defined(__aarch64__)
#if defined(__APPLE__)
static int has(const char *feature) {
    int value = 0;
    size_t length = sizeof value;
    return sysctlbyname(feature, &value, &length, NULL, 0) == 0 && value != 0;
}

static int32_t arm_features(void) {
    return NEON | (has("hw.optional.arm.FEAT_DotProd") ? DOTPROD : 0) | (has("hw.optional.arm.FEAT_I8MM") ? I8MM : 0);
}
#elif defined(__linux__)
static int32_t arm_features(void) {
    const unsigned long asimddp = 1ul << 20, i8mm = 1ul << 13; /* of AT_HWCAP and AT_HWCAP2 */
    int dotprod = (getauxval(AT_HWCAP) & asimddp) != 0;
    return NEON | (dotprod ? DOTPROD : 0) | (dotprod && (getauxval(AT_HWCAP2) & i8mm) != 0 ? I8MM : 0);
}
#else
static int32_t arm_features(void) { return NEON; }
#endif
#endif

/* A set of AVX2 (with FMA and F16C), AVX512 (F, BW, DQ, VL, CD, VNNI), AVX512_BF16, AMX (TILE, BF16, INT8), NEON, DOTPROD, I8MM. */
API int32_t ingot_cpu_features(void) {
#if defined(__x86_64__)
    return x86_features();
#elif defined(__aarch64__)
    return arm_features();
#else
    return 0;
#endif
}

/* The CPU's own name into name[0..size), terminated; empty where it does not tell. */
API void ingot_cpu_name(char *name, int32_t size) {
    if (size <= 0) {
        return;
    }
    name[0] = 0;
#if defined(__APPLE__)
    size_t length = (size_t)size;
    if (sysctlbyname("machdep.cpu.brand_string", name, &length, NULL, 0) != 0) {
        name[0] = 0;
    }
    name[size - 1] = 0;
#elif defined(__x86_64__)
    uint32_t brand[12];
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t *r = brand + 4 * i;
        if (!__get_cpuid(0x80000002u + i, &r[0], &r[1], &r[2], &r[3])) {
            return;
        }
    }
    size_t length = sizeof brand < (size_t)size - 1 ? sizeof brand : (size_t)size - 1;
    memcpy(name, brand, length);
    name[length] = 0;
#endif
}
