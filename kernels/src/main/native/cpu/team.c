/*
 * The team: threads that run a step together.
 *
 * No thread is waited for unless it holds an item. A phase is over when its items are done, whoever did
 * them; the thread that does the last one opens the next phase. So a thread that still sleeps when the
 * step begins, or that the system took off its core, costs its own work and nothing more.
 *
 * Opening a phase costs the others a look at memory that just changed, about as much as norming a row:
 * what is smaller than that, the thread that would open it does on the spot, one op after another.
 *
 * Who finds nothing to do spins for a moment, because the next phase is usually microseconds away, then
 * sleeps, because on a busy machine the one waited for may need this very core.
 */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "kernels.h"

#define STEP_OVER UINT32_C(0x80000000)

enum {
    SPIN_NANOS = 30 * 1000,
    SLICE_NANOS = 100 * 1000 * 1000,
    STACK_BYTES = 2 << 20, /* attention keeps its rows on the stack: below 256 KiB */
    SCRATCH_FLOATS = 2 << 20,
    SMALL_WORK = 1500 /* about nanoseconds: below, an op is not worth sharing */
};

struct ingot_team {
    context ctx;
    const ingot_op *ops;
    int32_t count;

    /* The open phase. Written by whoever opens it, before `deal`; read by those who hold an item of it. */
    int32_t op;
    int32_t phase;
    int32_t items;

    /* The phase's number in the upper half, its items not yet dealt out in the lower; or STEP_OVER. */
    _Alignas(128) _Atomic uint64_t deal;
    _Alignas(128) atomic_int undone;
    _Alignas(128) atomic_int sleepers;
    atomic_int caller_sleeps;
    atomic_int closing;
    pthread_mutex_t mutex;
    pthread_cond_t opened;

    /* Where the time goes, if somebody asked: written by whoever ends an op. */
    int64_t *nanos;
    int64_t op_began;

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

void fail(context *ctx, int32_t status, int32_t op_index, int64_t row, int64_t value, int64_t limit) {
    if (atomic_exchange(&ctx->failed, 1) == 0) {
        ctx->failure = (ingot_failure){status, op_index, row, value, limit};
    }
}

/* ------------------------------------------------------------------ dealing */

/*
 * A new deal, and those who sleep are told. Either this sees a sleeper, or a sleeper-to-be sees the new
 * deal: both sides write, then read, and the default order of C11 atomics is one order for all.
 */
static void deal_out(ingot_team *team, uint32_t items) {
    uint64_t phase = (atomic_load_explicit(&team->deal, memory_order_relaxed) >> 32) + 1;
    atomic_store(&team->deal, phase << 32 | items);
    /* Only the caller cares for the end of a step: the others may sleep on. */
    if (atomic_load(items == STEP_OVER ? &team->caller_sleeps : &team->sleepers) > 0) {
        pthread_mutex_lock(&team->mutex);
        pthread_cond_broadcast(&team->opened);
        pthread_mutex_unlock(&team->mutex);
    }
}

static int32_t items_left(uint64_t deal) { return (int32_t)((uint32_t)deal & ~STEP_OVER); }

/* Returns when the deal is another one than `seen`, of which nothing was left. */
static void wait_for_deal(ingot_team *team, uint64_t seen, int is_caller) {
    int64_t deadline = 0;
    for (int spins = 1; atomic_load_explicit(&team->deal, memory_order_acquire) == seen; spins++) {
        pause_briefly();
        if (spins % 64 == 0) {
            int64_t now = now_nanos();
            if (deadline == 0) {
                deadline = now + SPIN_NANOS;
            } else if (now > deadline) {
                pthread_mutex_lock(&team->mutex);
                atomic_fetch_add(&team->sleepers, 1);
                atomic_fetch_add(&team->caller_sleeps, is_caller);
                while (atomic_load(&team->deal) == seen) {
                    pthread_cond_wait(&team->opened, &team->mutex);
                }
                atomic_fetch_sub(&team->sleepers, 1);
                atomic_fetch_sub(&team->caller_sleeps, is_caller);
                pthread_mutex_unlock(&team->mutex);
                return;
            }
        }
    }
}

static void run_item(ingot_team *team, int32_t op, int32_t phase, int32_t item) {
    /* After a failure the work is skipped, but dealt out and counted as before. */
    if (!atomic_load_explicit(&team->ctx.failed, memory_order_relaxed)) {
        kernel_for(team->ops[op].code)->run(&team->ops[op], &team->ctx, phase, item, op);
    }
}

static int is_shared(const ingot_team *team, const kernel *k, int32_t op, int32_t items) {
    return team->ctx.threads > 1 && items > 1 && k->work(&team->ops[op]) >= SMALL_WORK;
}

static void account(ingot_team *team, int32_t op) {
    if (team->nanos != NULL) {
        int64_t now = now_nanos();
        team->nanos[op] += now - team->op_began;
        team->op_began = now;
    }
}

/* From this phase on: runs what is not worth sharing, opens the first phase that is, or ends the step. */
static void open_next(ingot_team *team, int32_t op, int32_t phase) {
    for (; op < team->count; op++, phase = 0) {
        const kernel *k = kernel_for(team->ops[op].code);
        if (k == NULL) {
            fail(&team->ctx, INGOT_BAD_OP, op, 0, team->ops[op].code, INGOT_OPS);
            continue;
        }
        int32_t items;
        for (; (items = k->items(&team->ops[op], &team->ctx, phase)) > 0; phase++) {
            if (is_shared(team, k, op, items)) {
                team->op = op;
                team->phase = phase;
                team->items = items;
                atomic_store(&team->undone, items);
                deal_out(team, (uint32_t)items);
                return;
            }
            for (int32_t item = 0; item < items; item++) {
                run_item(team, op, phase, item);
            }
        }
        account(team, op);
    }
    deal_out(team, STEP_OVER);
}

/* Takes items while there are any; answers the deal that had none left. */
static uint64_t run_items(ingot_team *team) {
    uint64_t deal = atomic_load(&team->deal);
    while (items_left(deal) > 0) {
        /* Whoever takes an item keeps its phase open, and so may read what belongs to the phase. */
        if (atomic_compare_exchange_weak(&team->deal, &deal, deal - 1)) {
            int32_t op = team->op, phase = team->phase;
            run_item(team, op, phase, team->items - items_left(deal));
            if (atomic_fetch_sub(&team->undone, 1) == 1) {
                open_next(team, op, phase + 1);
            }
            deal = atomic_load(&team->deal);
        }
    }
    return deal;
}

static void *work(void *argument) {
    ingot_team *team = argument;
    for (;;) {
        uint64_t deal = run_items(team);
        if (atomic_load(&team->closing)) {
            return NULL;
        }
        wait_for_deal(team, deal, 0);
    }
}

int32_t ingot_run(ingot_team *team, const ingot_op *ops, int32_t count, ingot_failure *failure) {
    team->ops = ops;
    team->count = count;
    atomic_store(&team->ctx.failed, 0);
    team->ctx.failure = (ingot_failure){INGOT_OK, 0, 0, 0, 0};
    team->op_began = team->nanos == NULL ? 0 : now_nanos();
    open_next(team, 0, 0);
    for (uint64_t deal; ((deal = run_items(team)) & STEP_OVER) == 0;) {
        wait_for_deal(team, deal, 1);
    }
    *failure = team->ctx.failure;
    return failure->status;
}

void ingot_profile(ingot_team *team, int64_t *nanos) { team->nanos = nanos; }

/* ------------------------------------------------------------------ opening and closing */

/*
 * The calling thread (which runs the steps), and those that it starts from now on, get their share of the cores in long slices. Linux (since
 * 6.12) then lets a thread that wakes with an ordinary slice go first: whoever carries a token to its client does not
 * wait for the end of a kernel. Nobody's share changes; where slices cannot be asked for, nothing does.
 */
static void take_long_slices(void) {
#if defined(__linux__) && defined(SYS_sched_setattr)
    struct { /* sched_attr of <linux/sched/types.h> as it was first, which older headers lack */
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } wanted = {.size = sizeof wanted, .policy = SCHED_OTHER, .runtime = SLICE_NANOS};
    if (sched_getscheduler(0) == SCHED_OTHER) {
        wanted.nice = getpriority(PRIO_PROCESS, 0);
        (void)syscall(SYS_sched_setattr, 0, &wanted, 0);
    }
#endif
}

int32_t ingot_team_open(int32_t threads, ingot_team **out) {
    *out = NULL;
    if (threads < 1) {
        return INGOT_NO_THREAD;
    }
    take_long_slices();
    void *memory = NULL;
    if (posix_memalign(&memory, 128, sizeof(ingot_team)) != 0) {
        return INGOT_NO_MEMORY;
    }
    ingot_team *team = memory;
    memset(team, 0, sizeof *team);
    team->ctx.threads = threads;
    atomic_init(&team->ctx.failed, 0);
    atomic_init(&team->deal, 0);
    atomic_init(&team->undone, 0);
    atomic_init(&team->sleepers, 0);
    atomic_init(&team->caller_sleeps, 0);
    atomic_init(&team->closing, 0);
    if (pthread_mutex_init(&team->mutex, NULL) != 0) {
        free(team);
        return INGOT_NO_MEMORY;
    }
    if (pthread_cond_init(&team->opened, NULL) != 0) {
        pthread_mutex_destroy(&team->mutex);
        free(team);
        return INGOT_NO_MEMORY;
    }
    team->ctx.scratch_floats = SCRATCH_FLOATS;
    void *scratch = NULL; /* touched only where it is used */
    (void)ingot_allocate(SCRATCH_FLOATS * (int64_t)sizeof(float), &scratch);
    team->ctx.scratch = scratch;
    team->threads = calloc((size_t)threads, sizeof(pthread_t));
    pthread_attr_t attributes;
    if (team->ctx.scratch == NULL || team->threads == NULL || pthread_attr_init(&attributes) != 0) {
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
    deal_out(team, 0);
    for (int32_t i = 0; i < team->started; i++) {
        pthread_join(team->threads[i], NULL);
    }
    pthread_cond_destroy(&team->opened);
    pthread_mutex_destroy(&team->mutex);
    ingot_free(team->ctx.scratch);
    free(team->threads);
    free(team);
}
