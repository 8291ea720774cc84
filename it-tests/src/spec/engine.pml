/*
 * Scheduler, block allocator, worker and guardian as processes that exchange messages, small enough for a model
 * checker (spin) to visit every interleaving. What the actors do is written down here once more, without tensors and
 * without time: who owns a block, which step may still write it, who is told what.
 *
 * Two requests of two tokens each; every token needs one more block; the pool holds three. So the two cannot run to
 * their end together, and one of them has to be preempted. A client may leave at any moment. A step may fail, a reply
 * may come twice, and any of the parts may crash, which ends all of them; each of these once.
 *
 * Checked:
 *  - safety: no block is handed out that a step may still write, and none is written that is somebody else's (I4);
 *  - at rest: when nothing is left to happen, every request has ended and every block is free (I3; a message that
 *    was lost shows here);
 *  - liveness, under weak fairness: no run goes on for ever without an end for every request (I10).
 *
 * `./ingot check-spec` runs it, then once for each planted bug (-DBUG_...), which has to be found.
 */

#define REQUESTS 2
#define TOKENS 2
#define BLOCKS 3

#define FREE 0
#define FENCED 9
#define OWNED(r) ((r) + 1)

mtype:request = { WAITING, RUNNING, DONE };
mtype:phase = { IDLE, RESERVING, STEPPING };
mtype:message = { RESERVE, RELEASE, STEP_ENDED, RESERVED, EXHAUSTED, FREED, COMPLETED, FAILED, ABORT };

/* The mailboxes. */
chan toAllocator = [8] of { mtype:message, byte, byte, byte };
chan toScheduler = [8] of { mtype:message, byte };
chan toWorker = [1] of { byte };

/* The requests: what they were told survives any engine. */
mtype:request state[REQUESTS] = WAITING;
byte delivered[REQUESTS];

/* The scheduler. */
mtype:phase phase = IDLE;
byte stepId;
byte wants[REQUESTS];       /* blocks asked for; 0: not in this step */
bool stepping[REQUESTS];    /* in the step in flight */
bool orphan[REQUESTS];      /* left while its blocks were being reserved */
byte freeBlocks = BLOCKS;
byte repliesDue;

/* The allocator. */
byte owner[BLOCKS];
byte fence[BLOCKS];
byte endedStep;

/* The worker: whose block it may write in the step that it runs. */
byte writes[BLOCKS];

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
            assert(writes[b] == FREE);      /* I4: no step may still write what is handed out. */
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
                :: else -> owner[b] = FREE
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
            :: owner[b] == FENCED && fence[b] < a -> owner[b] = FREE
#else
            :: owner[b] == FENCED && fence[b] <= a -> owner[b] = FREE
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
    byte step, mine, b;
    do
    :: atomic { toWorker?step -> mine = engine };
        do
        :: atomic { mine == engine && duplicates > 0 && step > 1 ->
            duplicates--;
            toScheduler!COMPLETED(step - 1) }   /* An earlier reply comes again. */
        :: atomic { mine == engine ->           /* It writes, sooner or later. */
            for (b : 0 .. BLOCKS - 1) {
                assert(writes[b] == FREE || owner[b] == writes[b] || owner[b] == FENCED);
                writes[b] = FREE
            }
            if
            :: toScheduler!COMPLETED(step)
            :: failures > 0 -> failures--; toScheduler!FAILED(step)
            fi;
            break }
        :: mine != engine -> break              /* It was lost with its memory. */
        od
    od
}

/* ------------------------------------------------------------------ the scheduler */

inline release(r, behindFence) {
    repliesDue++;
    if
#ifndef BUG_NO_FENCE
    :: behindFence -> toAllocator!RELEASE(r, stepId, 0)
#endif
    :: else -> toAllocator!RELEASE(r, 0, 0)
    fi
}

/* Oldest first: request 0 is the older one. */
inline plan() {
    if
    :: phase == IDLE ->
        need = 0;
        for (r : 0 .. REQUESTS - 1) {
            wants[r] = 0;
            if
            :: state[r] == RUNNING -> wants[r] = 1; need++
            :: else
            fi
        }
        if
        :: need > freeBlocks ->
            for (r : 0 .. REQUESTS - 1) { wants[r] = 0 }
#ifndef BUG_NO_PREEMPTION
            if
            :: repliesDue == 0 ->           /* The number of free blocks is the true one. */
                r = (state[1] == RUNNING -> 1 : 0);
                state[r] = WAITING;
                release(r, false)
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
            :: need > 0 -> phase = RESERVING; toAllocator!RESERVE(wants[0], wants[1], 0)
            :: else
            fi
        fi
    :: else
    fi
}

inline reserved() {
    any = false;
    for (r : 0 .. REQUESTS - 1) {
        stepping[r] = false;
        if
        :: orphan[r] ->
            orphan[r] = false;
#ifndef BUG_ORPHAN_FORGOTTEN
            release(r, false)
#else
            skip
#endif
        :: !orphan[r] && wants[r] > 0 && state[r] != DONE ->
            state[r] = RUNNING;
            stepping[r] = true;
            any = true
        :: else
        fi;
        wants[r] = 0
    }
    if
    :: any ->
        phase = STEPPING;
        stepId++;
        for (b : 0 .. BLOCKS - 1) {         /* The block tables of the step. */
            if
            :: owner[b] != FREE && owner[b] != FENCED -> writes[b] = (stepping[owner[b] - 1] -> owner[b] : FREE)
            :: else
            fi
        }
        toWorker!stepId
    :: else -> phase = IDLE; plan()
    fi
}

active proctype Scheduler() {
    byte x, r, b, need;
    bool any;
    atomic { plan() };
    do
    :: atomic { toScheduler?RESERVED(x) -> freeBlocks = x; reserved() }
    :: atomic { toScheduler?EXHAUSTED(x) ->
        freeBlocks = x;
        for (r : 0 .. REQUESTS - 1) { orphan[r] = false; wants[r] = 0 }
        phase = IDLE;
        plan() }
    :: atomic { toScheduler?FREED(x) -> freeBlocks = x; repliesDue--; plan() }
    :: atomic { toScheduler?COMPLETED(x) ->
        if
#ifdef BUG_STALE_REPLY_BELIEVED
        :: phase == STEPPING ->
#else
        :: phase == STEPPING && x == stepId ->
#endif
            phase = IDLE;
            toAllocator!STEP_ENDED(stepId, 0, 0);
            repliesDue++;
            for (r : 0 .. REQUESTS - 1) {
                if
                :: stepping[r] && state[r] == RUNNING ->
                    delivered[r]++;
                    if
                    :: delivered[r] == TOKENS -> state[r] = DONE; release(r, false)
                    :: else
                    fi
                :: else
                fi;
                stepping[r] = false
            }
            plan()
        :: else                         /* It comes again. */
        fi }
    :: atomic { toScheduler?FAILED(x) ->
        if
        :: phase == STEPPING && x == stepId ->
            phase = IDLE;
            toAllocator!STEP_ENDED(stepId, 0, 0);
            repliesDue++;
            for (r : 0 .. REQUESTS - 1) {
                if
                :: stepping[r] && state[r] == RUNNING -> state[r] = WAITING; release(r, false)
                :: else
                fi;
                stepping[r] = false
            }
            plan()
        :: else
        fi }
    :: atomic { toScheduler?ABORT(x) ->
        if
        :: state[x] == RUNNING -> state[x] = DONE; release(x, phase == STEPPING)
        :: state[x] == WAITING ->
            state[x] = DONE;
            if
            :: phase == RESERVING && wants[x] > 0 -> orphan[x] = true
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
        :: toWorker?_
        :: else -> break
        od;
        for (r : 0 .. REQUESTS - 1) {
            wants[r] = 0; stepping[r] = false; orphan[r] = false;
            if
            :: state[r] == RUNNING -> state[r] = WAITING
            :: else
            fi
        }
        for (b : 0 .. BLOCKS - 1) {
            fence[b] = 0; writes[b] = FREE;
#ifndef BUG_BLOCKS_SURVIVE_A_CRASH
            owner[b] = FREE
#endif
        }
        phase = IDLE; stepId = 0; endedStep = 0;
        freeBlocks = BLOCKS; repliesDue = 1;
        toScheduler!FREED(BLOCKS)       /* Its first message: it plans. */
      }
    :: skip
    fi
}

#define over (state[0] == DONE && state[1] == DONE)
#define nothingHeld (owner[0] == FREE && owner[1] == FREE && owner[2] == FREE)

/* When nobody has anything to do any more, nothing may be left. */
active proctype Rest() {
    timeout -> assert(over && nothingHeld)
}

/* And there is no way to be busy for ever. */
ltl everyRequestEnds { <> over }
