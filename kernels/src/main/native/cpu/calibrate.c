/* Calibration: as many multiply-adds a second as the variant's vectors can do. */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "../include/ingot_calibrate.h"
#include "matmul_tiles.h"
#include "quants.h"

/* Sums that do not wait for one another: two ports times the latency of 4 or 5 cycles, and registers to spare. */
enum { SUMS = 12 };

typedef struct run {
    int32_t arithmetic;
    int64_t iterations;
    atomic_int ready;
    atomic_int go;
} run;

static float multiply_floats(int64_t iterations) {
    vf sum[SUMS];
    for (int s = 0; s < SUMS; s++) {
        sum[s] = vf_set1((float)s);
    }
    vf factor = vf_set1(0.5f), term = vf_set1(1.0f);
    for (int64_t i = 0; i < iterations; i++) {
        UNROLL
        for (int s = 0; s < SUMS; s++) {
            sum[s] = vf_fma(sum[s], factor, term);
        }
    }
    vf total = sum[0];
    for (int s = 1; s < SUMS; s++) {
        total = total + sum[s];
    }
    return vf_sum(total);
}

#if defined(BF16_PAIRS) && !defined(TILES)
static float multiply_pairs(int64_t iterations) {
    uint16_t ones[2] = {0x3f80, 0x3f80}, halves[2] = {0x3f00, 0xbf00};
    vp a = vp_set1(ones), b = vp_set1(halves);
    vf sum[SUMS];
    for (int s = 0; s < SUMS; s++) {
        sum[s] = vf_set1((float)s);
    }
    for (int64_t i = 0; i < iterations; i++) {
        UNROLL
        for (int s = 0; s < SUMS; s++) {
            sum[s] = vp_dot(sum[s], a, b);
        }
    }
    vf total = sum[0];
    for (int s = 1; s < SUMS; s++) {
        total = total + sum[s];
    }
    return vf_sum(total);
}
#endif

#if defined(TILES)
enum { TILE_SUMS = 4 };

static float multiply_tiles(int32_t arithmetic, int64_t iterations) {
    _Alignas(64) float sum[TILE_ROWS][LANES] = {{0}};
    tiles_begin(TILE_ROWS, TILE_DEPTH);
    TILE_LOAD(4, sum, TILE_DEPTH);
    TILE_LOAD(6, sum, TILE_DEPTH);
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (int64_t i = 0; i < iterations; i++) {
        if (arithmetic == INGOT_ARITHMETIC_BF16) {
            TILE_PAIRS(0, 4, 6);
            TILE_PAIRS(1, 4, 6);
            TILE_PAIRS(2, 4, 6);
            TILE_PAIRS(3, 4, 6);
        } else {
            TILE_BYTES(0, 4, 6);
            TILE_BYTES(1, 4, 6);
            TILE_BYTES(2, 4, 6);
            TILE_BYTES(3, 4, 6);
        }
    }
    TILE_STORE(0, sum, TILE_DEPTH);
    tiles_end();
    return sum[0][0];
}
#endif

/* So that what depends on nothing else stays in a loop. */
#if defined(__aarch64__)
#define MAY_HAVE_CHANGED(vector) __asm__ volatile("" : "+w"(vector))
#elif defined(__x86_64__)
#define MAY_HAVE_CHANGED(vector) __asm__ volatile("" : "+x"(vector))
#else
#define MAY_HAVE_CHANGED(vector) __asm__ volatile("" : "+m"(vector))
#endif

/* `small` is a constant where this is inlined: which of the two products of bytes. */
INLINE float multiply_bytes(int64_t iterations, int small) {
    int8_t x[4] = {1, -1, 2, -3};
    vi sum[SUMS], w = vi_set1(0x03020101);
    for (int s = 0; s < SUMS; s++) {
        sum[s] = vi_set1(s);
    }
    for (int64_t i = 0; i < iterations; i++) {
        UNROLL
        for (int s = 0; s < SUMS; s++) {
            sum[s] = small ? vi_dot_small(sum[s], w, x) : vi_dot(sum[s], w, x);
        }
        MAY_HAVE_CHANGED(w);
    }
    vf total = vi_floats(sum[0]);
    for (int s = 1; s < SUMS; s++) {
        total = total + vi_floats(sum[s]);
    }
    return vf_sum(total);
}

static float multiply(int32_t arithmetic, int64_t iterations) {
    switch (arithmetic) {
#if defined(TILES)
    case INGOT_ARITHMETIC_BF16:
    case INGOT_ARITHMETIC_8_BITS:
    case INGOT_ARITHMETIC_4_BITS:
        return multiply_tiles(arithmetic, iterations);
#elif defined(BF16_PAIRS)
    case INGOT_ARITHMETIC_BF16:
        return multiply_pairs(iterations);
#endif
#if !defined(TILES)
    case INGOT_ARITHMETIC_8_BITS:
        return multiply_bytes(iterations, 0);
    case INGOT_ARITHMETIC_4_BITS:
        return multiply_bytes(iterations, 1);
#endif
    default:
        return multiply_floats(iterations);
    }
}

/* Operations of one round of one thread. */
static double operations(int32_t arithmetic) {
    int bytes = arithmetic == INGOT_ARITHMETIC_8_BITS || arithmetic == INGOT_ARITHMETIC_4_BITS;
#if defined(TILES)
    if (bytes || arithmetic == INGOT_ARITHMETIC_BF16) {
        double products = TILE_ROWS * LANES * (double)(bytes ? TILE_DEPTH : TILE_DEPTH / 2) / (bytes ? 1 : BF16_PARTS);
        return 2.0 * TILE_SUMS * products;
    }
#endif
    int products = bytes ? 4 : is_bf16_pairs(INGOT_BF16) && arithmetic == INGOT_ARITHMETIC_BF16 ? 2 : 1;
    return 2.0 * products * LANES * SUMS;
}

static void *help(void *argument) {
    run *r = argument;
    atomic_fetch_add(&r->ready, 1);
    while (!atomic_load(&r->go)) {
    }
    /* The result is passed on, so that it has to be computed. */
    float sum = multiply(r->arithmetic, r->iterations);
    return sum == 12345.678f ? argument : NULL;
}

static double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int32_t ingot_calibrate(int32_t arithmetic, int32_t threads, int64_t iterations, double *gigaops) {
    *gigaops = 0;
    if (arithmetic < 0 || arithmetic >= INGOT_ARITHMETICS) {
        return INGOT_BAD_OP;
    }
    if (threads < 1) {
        return INGOT_NO_THREAD;
    }
    pthread_t *helpers = calloc((size_t)threads, sizeof *helpers);
    if (helpers == NULL) {
        return INGOT_NO_MEMORY;
    }
    run r = {.arithmetic = arithmetic, .iterations = iterations};
    atomic_init(&r.ready, 0);
    atomic_init(&r.go, 0);
    int32_t started = 0;
    while (started < threads - 1 && pthread_create(&helpers[started], NULL, help, &r) == 0) {
        started++;
    }
    while (atomic_load(&r.ready) < started) {
    }
    double start = now_seconds();
    atomic_store(&r.go, 1);
    volatile float kept = multiply(arithmetic, iterations);
    (void)kept;
    for (int32_t i = 0; i < started; i++) {
        pthread_join(helpers[i], NULL);
    }
    double seconds = now_seconds() - start;
    free(helpers);
    if (started < threads - 1) {
        return INGOT_NO_THREAD;
    }
    *gigaops = operations(arithmetic) * (double)iterations * threads / seconds / 1e9;
    return INGOT_OK;
}
