/*
 * The team: threads that run a step together.
 *
 * Waiting is the same everywhere: spin for a moment, because the others are usually microseconds away,
 * then sleep, because on a busy machine the one waited for may need this very core. Work is dealt out
 * item by item, so a thread that the system took off its core holds back one item and not its share.
 */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels.h"

enum {
    SPIN_NANOS = 30 * 1000,
    STACK_BYTES = 2 << 20,  /* attention keeps its rows on the stack: below 256 KiB */
    SCRATCH_FLOATS = 2 << 20
};

/* A number that only grows; threads wait for it to move on. */
typedef struct gate {
    atomic_uint value;
    atomic_int sleepers;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
} gate;

struct ingot_team {
    context ctx;
    const ingot_op *ops;
    int32_t count;

    _Alignas(128) atomic_int next;    /* the next item of the current phase */
    _Alignas(128) atomic_int arrived; /* threads at the barrier */
    _Alignas(128) gate steps;         /* a new step, or the end */
    _Alignas(128) gate barriers;      /* everyone arrived */
    atomic_int closing;

    int32_t started; /* threads to join */
    pthread_t *threads;
};

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now_nanos(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int gate_open(gate *g) {
    atomic_init(&g->value, 0);
    atomic_init(&g->sleepers, 0);
    if (pthread_mutex_init(&g->mutex, NULL) != 0) {
        return 0;
    }
    if (pthread_cond_init(&g->moved, NULL) != 0) {
        pthread_mutex_destroy(&g->mutex);
        return 0;
    }
    return 1;
}

static void gate_close(gate *g) {
    pthread_cond_destroy(&g->moved);
    pthread_mutex_destroy(&g->mutex);
}

/*
 * Either this sees a sleeper, or a sleeper-to-be sees the new value: both sides write, then read, and
 * the default order of C11 atomics is one order for all.
 */
static void gate_advance(gate *g) {
    atomic_fetch_add(&g->value, 1);
    if (atomic_load(&g->sleepers) > 0) {
        pthread_mutex_lock(&g->mutex);
        pthread_cond_broadcast(&g->moved);
        pthread_mutex_unlock(&g->mutex);
    }
}

static void gate_wait(gate *g, unsigned old) {
    int64_t deadline = 0;
    for (int spins = 1; atomic_load_explicit(&g->value, memory_order_acquire) == old; spins++) {
        pause_briefly();
        if (spins % 64 == 0) {
            int64_t now = now_nanos();
            if (deadline == 0) {
                deadline = now + SPIN_NANOS;
            } else if (now > deadline) {
                pthread_mutex_lock(&g->mutex);
                atomic_fetch_add(&g->sleepers, 1);
                while (atomic_load(&g->value) == old) {
                    pthread_cond_wait(&g->moved, &g->mutex);
                }
                atomic_fetch_sub(&g->sleepers, 1);
                pthread_mutex_unlock(&g->mutex);
                return;
            }
        }
    }
}

/* Returns when every thread is here; the last one deals the items anew before it lets the others go. */
static void barrier(ingot_team *team) {
    unsigned here = atomic_load(&team->barriers.value);
    if (atomic_fetch_add(&team->arrived, 1) + 1 == team->ctx.threads) {
        atomic_store(&team->arrived, 0);
        atomic_store(&team->next, 0);
        gate_advance(&team->barriers);
    } else {
        gate_wait(&team->barriers, here);
    }
}

void fail(context *ctx, int32_t status, int32_t op_index, int64_t row, int64_t value, int64_t limit) {
    if (atomic_exchange(&ctx->failed, 1) == 0) {
        ctx->failure = (ingot_failure){status, op_index, row, value, limit};
    }
}

/*
 * One thread's way through the step. After a failure the work is skipped but the barriers are kept, so
 * that no thread waits for one that has left.
 */
static void walk(ingot_team *team) {
    const ingot_op *ops = team->ops;
    int32_t count = team->count;
    context *ctx = &team->ctx;
    for (int32_t i = 0; i < count; i++) {
        const kernel *k = kernel_for(ops[i].code);
        if (k == NULL) {
            fail(ctx, INGOT_BAD_OP, i, 0, ops[i].code, INGOT_OPS);
            continue;
        }
        int32_t items;
        for (int32_t phase = 0; (items = k->items(&ops[i], ctx, phase)) > 0; phase++) {
            int32_t item;
            while ((item = atomic_fetch_add(&team->next, 1)) < items) {
                if (!atomic_load_explicit(&ctx->failed, memory_order_relaxed)) {
                    k->run(&ops[i], ctx, phase, item, i);
                }
            }
            barrier(team);
        }
    }
    /* Even a step of nothing ends together: the ops may be overwritten once ingot_run has returned. */
    barrier(team);
}

static void *work(void *argument) {
    ingot_team *team = argument;
    /* 0 is the gate's value before the first step, which may begin before this line runs. */
    for (unsigned step = 0;; step++) {
        gate_wait(&team->steps, step);
        if (atomic_load(&team->closing)) {
            return NULL;
        }
        walk(team);
    }
}

int32_t ingot_team_open(int32_t threads, ingot_team **out) {
    *out = NULL;
    if (threads < 1) {
        return INGOT_NO_THREAD;
    }
    void *memory = NULL;
    if (posix_memalign(&memory, 128, sizeof(ingot_team)) != 0) {
        return INGOT_NO_MEMORY;
    }
    ingot_team *team = memory;
    memset(team, 0, sizeof *team);
    team->ctx.threads = threads;
    atomic_init(&team->ctx.failed, 0);
    atomic_init(&team->next, 0);
    atomic_init(&team->arrived, 0);
    atomic_init(&team->closing, 0);
    team->ctx.scratch_floats = SCRATCH_FLOATS;
    team->ctx.scratch = malloc(SCRATCH_FLOATS * sizeof(float)); /* touched only where it is used */
    team->threads = calloc((size_t)threads, sizeof(pthread_t));
    if (team->ctx.scratch == NULL || team->threads == NULL || !gate_open(&team->steps)) {
        free(team->ctx.scratch);
        free(team->threads);
        free(team);
        return INGOT_NO_MEMORY;
    }
    if (!gate_open(&team->barriers)) {
        gate_close(&team->steps);
        free(team->ctx.scratch);
        free(team->threads);
        free(team);
        return INGOT_NO_MEMORY;
    }

    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        ingot_team_close(team);
        return INGOT_NO_MEMORY;
    }
    int32_t status = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 ? INGOT_OK : INGOT_NO_THREAD;
    while (status == INGOT_OK && team->started < threads - 1) {
        if (pthread_create(&team->threads[team->started], &attributes, work, team) == 0) {
            team->started++;
        } else {
            status = INGOT_NO_THREAD;
        }
    }
    pthread_attr_destroy(&attributes);
    if (status != INGOT_OK) {
        ingot_team_close(team);
        return status;
    }
    *out = team;
    return INGOT_OK;
}

void ingot_team_close(ingot_team *team) {
    if (team == NULL) {
        return;
    }
    atomic_store(&team->closing, 1);
    gate_advance(&team->steps);
    for (int32_t i = 0; i < team->started; i++) {
        pthread_join(team->threads[i], NULL);
    }
    gate_close(&team->steps);
    gate_close(&team->barriers);
    free(team->ctx.scratch);
    free(team->threads);
    free(team);
}

int32_t ingot_run(ingot_team *team, const ingot_op *ops, int32_t count, ingot_failure *failure) {
    team->ops = ops;
    team->count = count;
    atomic_store(&team->ctx.failed, 0);
    team->ctx.failure = (ingot_failure){INGOT_OK, 0, 0, 0, 0};
    gate_advance(&team->steps);
    walk(team);
    *failure = team->ctx.failure;
    return failure->status;
}
