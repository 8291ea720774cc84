/* Calibration: as many fused multiply-adds a second as the variant's vectors can do. */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "../include/ingot_calibrate.h"
#include "simd.h"

/* Sums that do not wait for one another: two ports times the latency of 4 or 5 cycles, and registers to spare. */
enum { SUMS = 12 };

typedef struct run {
    int64_t iterations;
    atomic_int ready;
    atomic_int go;
} run;

static float multiply_add(int64_t iterations) {
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

static void *help(void *argument) {
    run *r = argument;
    atomic_fetch_add(&r->ready, 1);
    while (!atomic_load(&r->go)) {
    }
    /* The result is passed on, so that it has to be computed. */
    float sum = multiply_add(r->iterations);
    return sum == 12345.678f ? argument : NULL;
}

static double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int32_t ingot_calibrate_fma(int32_t threads, int64_t iterations, double *gigaflops) {
    *gigaflops = 0;
    if (threads < 1) {
        return INGOT_NO_THREAD;
    }
    pthread_t *helpers = calloc((size_t)threads, sizeof *helpers);
    if (helpers == NULL) {
        return INGOT_NO_MEMORY;
    }
    run r = {.iterations = iterations};
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
    volatile float kept = multiply_add(iterations);
    (void)kept;
    for (int32_t i = 0; i < started; i++) {
        pthread_join(helpers[i], NULL);
    }
    double seconds = now_seconds() - start;
    free(helpers);
    if (started < threads - 1) {
        return INGOT_NO_THREAD;
    }
    *gigaflops = 2.0 * LANES * SUMS * (double)iterations * threads / seconds / 1e9;
    return INGOT_OK;
}
