/*
 * Scheduler, block allocator, worker and guardian as processes that exchange messages, small enough for a model
 * checker (spin) to visit every interleaving. What the actors do is written down here once more, without tensors and
 * without time: who owns a block, which step may still write it, who is told what.
 *
 * Two requests of three tokens each; every token needs one more block; the pool holds four. So the two cannot run to
 * their end together, and one of them has to be preempted. The older one may end early, the client of the younger one
 * may leave at any moment. One step runs and one more may wait behind it, planned on tokens that the first has yet to
 * sample. A step may fail, and with it the one behind it; a reply may come twice; and any of the parts may crash, which
 * ends all of them: each of these once.
 *
 * Checked:
 *  - safety: no block becomes free that one of the steps in flight may still write, and none is written that is
 *    somebody else's (I4); a step has all the blocks that it needs, and runs only after one that succeeded;
 *  - at rest: when nothing is left to happen, every request has ended and every block is free (I3; a message that
 *    was lost shows here);
 *  - liveness, under weak fairness: no run goes on for ever without an end for every request (I10).
 *
 * `./ingot check-spec` runs it, then once for each planted bug (-DBUG_...), which has to be found.
 */

#define REQUESTS 2
#define TOKENS 3
#define BLOCKS 4

#define FREE 0
#define FENCED 9
#define NOBODY 99
#define OWNED(r) ((r) + 1)

mtype:request = { WAITING, RUNNING, DONE };
mtype:message = { RESERVE, RELEASE, STEP_ENDED, RESERVED, EXHAUSTED, FREED, COMPLETED, FAILED, ABORT };

/* The mailboxes. */
chan toAllocator = [8] of { mtype:message, byte, byte, byte };
chan toScheduler = [8] of { mtype:message, byte };
chan toWorker = [2] of { byte, byte };   /* a step, and the one that it was planned behind (0: none) */

/* The requests: what they were told survives any engine. */
mtype:request state[REQUESTS] = WAITING;
byte delivered[REQUESTS];

/* The scheduler. */
bool reserving;
byte lastStep;
byte running;               /* the step that the worker runs; 0: none */
byte next;                  /* the step behind it; 0: none */
bool isVoid;                /* the worker will not run that step: the one before it failed */
byte wants[REQUESTS];       /* blocks asked for; 0: not in this step */
bool inRunning[REQUESTS];
bool inNext[REQUESTS];
byte planned[REQUESTS];     /* tokens that the steps in flight will give */
bool orphan[REQUESTS];      /* left while its blocks were being reserved */
byte freeBlocks = BLOCKS;
byte repliesDue;

/* The allocator. */
byte owner[BLOCKS];
byte fence[BLOCKS];
byte endedStep;

/* The worker: whose block it may write in a step, for the two that may be in flight (odd and even). */
byte writes[2 * BLOCKS];
byte failedStep;            /* the last one that failed */

#define WRITES(step, b) writes[(step % 2) * BLOCKS + b]
#define UNTOUCHED(b) (writes[b] == FREE && writes[BLOCKS + b] == FREE)

/* How many engines there were. */
byte engine;

/* What may still go wrong. */
byte crashes = 1;
byte failures = 1;
byte duplicates = 1;

inline countFree(count) {
    count = 0;
    for (b : 0 .. BLOCKS - 1) {
        if
        :: owner[b] == FREE -> count++
        :: else
        fi
    }
}

/* ------------------------------------------------------------------ the allocator */

inline take(r, count) {
    for (b : 0 .. BLOCKS - 1) {
        if
        :: taken < count && owner[b] == FREE ->
            assert(UNTOUCHED(b));   /* I4: no step may still write what is handed out. */
            owner[b] = OWNED(r);
            taken++
        :: else
        fi
    }
}

active proctype Allocator() {
    byte a, c, d, b, count, taken;
    do
    :: atomic { toAllocator?RESERVE(a, c, d) ->
        countFree(count);
        if
        :: a + c > count -> toScheduler!EXHAUSTED(count)
        :: else ->
            taken = 0; take(0, a);
            taken = 0; take(1, c);
            countFree(count);
            toScheduler!RESERVED(count)
        fi }
    :: atomic { toAllocator?RELEASE(a, c, d) ->     /* of request a, behind the fence of step c (0: none) */
        for (b : 0 .. BLOCKS - 1) {
            if
            :: owner[b] == OWNED(a) ->
                if
                :: c > endedStep -> owner[b] = FENCED; fence[b] = c
                :: else -> owner[b] = FREE; assert(UNTOUCHED(b))
                fi
            :: else
            fi
        }
        countFree(count);
        toScheduler!FREED(count) }
    :: atomic { toAllocator?STEP_ENDED(a, c, d) ->
        endedStep = a;
        for (b : 0 .. BLOCKS - 1) {
            if
#ifdef BUG_FENCE_NEVER_OPENS
            :: owner[b] == FENCED && fence[b] < a -> owner[b] = FREE; assert(UNTOUCHED(b))
#else
            :: owner[b] == FENCED && fence[b] <= a -> owner[b] = FREE; assert(UNTOUCHED(b))
#endif
            :: else
            fi
        }
        countFree(count);
        toScheduler!FREED(count) }
    od
}

/* ------------------------------------------------------------------ the worker */

active proctype Worker() {
    byte step, after, mine, b;
    do
    :: atomic { toWorker?step, after ->
        mine = engine;
        if
#ifndef BUG_RUN_AFTER_A_FAILED_STEP
        :: after > 0 && after == failedStep -> mine = NOBODY    /* What it builds on is not there. */
#endif
        :: else
        fi };
        do
        :: atomic { mine == NOBODY ->
            for (b : 0 .. BLOCKS - 1) { WRITES(step, b) = FREE }
            failedStep = step;
            toScheduler!FAILED(step);
            break }
        :: atomic { mine == engine && duplicates > 0 && step > 1 ->
            duplicates--;
            toScheduler!COMPLETED(step - 1) }   /* An earlier reply comes again. */
        :: atomic { mine == engine ->           /* It writes, sooner or later. */
            assert(after == 0 || after != failedStep);
            for (b : 0 .. BLOCKS - 1) {
                assert(WRITES(step, b) == FREE || owner[b] == WRITES(step, b) || owner[b] == FENCED);
                WRITES(step, b) = FREE
            }
            if
            :: toScheduler!COMPLETED(step)
            :: failures > 0 -> failures--; failedStep = step; toScheduler!FAILED(step)
            fi;
            break }
        :: mine != engine && mine != NOBODY -> break    /* It was lost with its memory. */
        od
    od
}

/* ------------------------------------------------------------------ the scheduler */

/* Behind the fence of the last step in flight, which may still write the blocks. */
inline release(r) {
    repliesDue++;
    if
#ifdef BUG_NO_FENCE
    :: true -> toAllocator!RELEASE(r, 0, 0)
#else
#ifdef BUG_FENCE_ONE_STEP_EARLY
    :: running > 0 -> toAllocator!RELEASE(r, running, 0)
#else
    :: running > 0 -> toAllocator!RELEASE(r, lastStep, 0)
#endif
    :: running == 0 -> toAllocator!RELEASE(r, 0, 0)
#endif
    fi
}

/* Oldest first: request 0 is the older one. Behind a running step it may plan, or leave it. */
inline plan() {
    may = false;
    if
    :: running == 0 -> may = !reserving
    :: running > 0 && next == 0 && !isVoid -> may = !reserving
    :: running > 0
    fi;
    if
    :: may ->
        need = 0;
        for (r : 0 .. REQUESTS - 1) {
            wants[r] = 0;
            if
            :: state[r] == RUNNING && delivered[r] + planned[r] < TOKENS -> wants[r] = 1; need++
            :: else
            fi
        }
        if
        :: need > freeBlocks ->
            for (r : 0 .. REQUESTS - 1) { wants[r] = 0 }
#ifndef BUG_NO_PREEMPTION
            if
            :: repliesDue == 0 && running == 0 ->   /* The number of free blocks is the true one. */
                r = (state[1] == RUNNING -> 1 : 0);
                state[r] = WAITING;
                release(r)
            :: else
            fi
#endif
        :: else ->
            for (r : 0 .. REQUESTS - 1) {
                if
                :: state[r] == WAITING && need + delivered[r] + 1 <= freeBlocks ->
                    wants[r] = delivered[r] + 1;
                    need = need + delivered[r] + 1
                :: state[r] == WAITING && need + delivered[r] + 1 > freeBlocks -> break
                :: else
                fi
            }
            if
            :: need > 0 -> reserving = true; toAllocator!RESERVE(wants[0], wants[1], 0)
            :: else
            fi
        fi
    :: else
    fi
}

/* The step behind a running one, or the one that runs. */
inline execute() {
    lastStep++;
    for (r : 0 .. REQUESTS - 1) {
        if
        :: running == 0 -> inRunning[r] = wants[r] > 0
        :: else -> inNext[r] = wants[r] > 0
        fi;
        if
        :: wants[r] > 0 ->
            planned[r]++;
            need = 0;
            for (b : 0 .. BLOCKS - 1) {         /* The block table. */
                WRITES(lastStep, b) = (owner[b] == OWNED(r) -> owner[b] : WRITES(lastStep, b));
                need = need + (owner[b] == OWNED(r) -> 1 : 0)
            }
            assert(need >= delivered[r] + planned[r])
        :: else
        fi;
        wants[r] = 0
    }
    toWorker!lastStep, running;
    if
    :: running == 0 -> running = lastStep
    :: else -> next = lastStep
    fi
}

inline reserved() {
    reserving = false;
    any = false;
    for (r : 0 .. REQUESTS - 1) {
        if
        :: orphan[r] ->
            orphan[r] = false;
            wants[r] = 0;
#ifndef BUG_ORPHAN_FORGOTTEN
            release(r)
#endif
        :: !orphan[r] && wants[r] > 0 && state[r] != DONE -> state[r] = RUNNING; any = true
        :: else -> wants[r] = 0
        fi
    }
    if
    :: any -> execute()
    :: else
    fi;
    plan()
}

/* The worker goes on with the step behind the one that ended. */
inline ended() {
    running = next;
    next = 0;
    isVoid = false;
    toAllocator!STEP_ENDED(x, 0, 0);
    repliesDue++
}

/* A request starts over, from what it was told. */
inline putBack(r) {
    state[r] = WAITING;
    planned[r] = 0;
#ifndef BUG_RESERVATION_KEPT
    wants[r] = 0;
#endif
    release(r)
}

active proctype Scheduler() {
    byte x, r, b, need;
    bool any, may, wasVoid;
    atomic { plan() };
    do
    :: atomic { toScheduler?RESERVED(x) -> freeBlocks = x; reserved() }
    :: atomic { toScheduler?EXHAUSTED(x) ->
        freeBlocks = x;
        for (r : 0 .. REQUESTS - 1) { orphan[r] = false; wants[r] = 0 }
        reserving = false;
        plan() }
    :: atomic { toScheduler?FREED(x) -> freeBlocks = x; repliesDue--; plan() }
    :: atomic { toScheduler?COMPLETED(x) ->
        if
#ifdef BUG_STALE_REPLY_BELIEVED
        :: running > 0 ->
            x = running;
#else
        :: running > 0 && x == running ->
#endif
            ended();
            for (r : 0 .. REQUESTS - 1) {
                if
                :: inRunning[r] && state[r] == RUNNING ->
                    delivered[r]++;
                    planned[r]--;
                    if
                    :: delivered[r] == TOKENS || r == 0 -> state[r] = DONE; planned[r] = 0; release(r)
                    :: delivered[r] < TOKENS
                    fi
                :: else
                fi;
                inRunning[r] = inNext[r];
                inNext[r] = false
            }
            plan()
        :: else                         /* It comes again. */
        fi }
    :: atomic { toScheduler?FAILED(x) ->
        if
        :: running > 0 && x == running ->
            wasVoid = isVoid;
            ended();
            isVoid = running > 0 && !wasVoid;
            for (r : 0 .. REQUESTS - 1) {
                if
                :: !wasVoid && (inRunning[r] || inNext[r]) && state[r] == RUNNING -> putBack(r)
                :: else
                fi;
                inRunning[r] = false;
                inNext[r] = false
            }
            plan()
        :: else
        fi }
    :: atomic { toScheduler?ABORT(x) ->
        if
        :: state[x] == RUNNING -> state[x] = DONE; planned[x] = 0; release(x)
        :: state[x] == WAITING ->
            state[x] = DONE;
            if
            :: reserving && wants[x] > 0 -> orphan[x] = true
            :: else
            fi
        :: else
        fi;
        plan() }
    od
}

/* ------------------------------------------------------------------ the world */

/* The younger request's client may leave at any moment, or not. */
active proctype Client() {
    if
    :: toScheduler!ABORT(1)
    :: skip
    fi
}

/* One of the three is lost: all start anew, with empty mailboxes. The requests submit again what was not told. */
active proctype Guardian() {
    byte r, b;
    if
    :: atomic { crashes > 0 ->
        crashes--;
        engine++;
        do
        :: toAllocator?_, _, _, _
        :: toScheduler?_, _
        :: toWorker?_, _
        :: else -> break
        od;
        for (r : 0 .. REQUESTS - 1) {
            wants[r] = 0; inRunning[r] = false; inNext[r] = false; planned[r] = 0; orphan[r] = false;
            if
            :: state[r] == RUNNING -> state[r] = WAITING
            :: else
            fi
        }
        for (b : 0 .. BLOCKS - 1) {
            fence[b] = 0; writes[b] = FREE; writes[BLOCKS + b] = FREE;
#ifndef BUG_BLOCKS_SURVIVE_A_CRASH
            owner[b] = FREE
#endif
        }
        reserving = false; running = 0; next = 0; isVoid = false; lastStep = 0; endedStep = 0; failedStep = 0;
        freeBlocks = BLOCKS; repliesDue = 1;
        toScheduler!FREED(BLOCKS)       /* Its first message: it plans. */
      }
    :: skip
    fi
}

#define over (state[0] == DONE && state[1] == DONE)
#define nothingHeld (owner[0] == FREE && owner[1] == FREE && owner[2] == FREE && owner[3] == FREE)

/* When nobody has anything to do any more, nothing may be left. */
active proctype Rest() {
    timeout -> assert(over && nothingHeld)
}

/* And there is no way to be busy for ever. */
ltl everyRequestEnds { <> over }
