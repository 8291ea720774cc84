package dev.ingot.api.cluster;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/// Keeps requests away from a node that fails again and again.
///
/// ```
/// closed ── losses within a minute ──▶ open ── pause over ──▶ probing ── a request ends well ──▶ closed
///                                       ▲──────── lost again, twice the pause ─────┘
/// ```
///
/// Only what is the node's fault counts: a lost link, or a sequence that failed there. A request that was wrong, and one
/// for which there was no room, do not.
final class Breaker {
    private static final int LOSSES = 3;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long FIRST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final ArrayDeque<Long> losses = new ArrayDeque<>();
    private long pauseNanos = FIRST_PAUSE_NANOS;
    private long openUntil;
    private State state = State.CLOSED;

    /// See above.
    enum State {
        CLOSED,
        OPEN,
        PROBING
    }

    /// Something happened that is the node's fault.
    void failed(long nowNanos) {
        losses.addLast(nowNanos);
        while (nowNanos - losses.getFirst() > WINDOW_NANOS || losses.size() > LOSSES) {
            losses.removeFirst();
        }
        if (state == State.PROBING || losses.size() == LOSSES) {
            pauseNanos =
                    state == State.PROBING
                            ? Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS)
                            : FIRST_PAUSE_NANOS;
            state = State.OPEN;
            openUntil = nowNanos + pauseNanos;
        }
    }

    /// A sequence ended well.
    void succeeded() {
        if (state == State.PROBING) {
            state = State.CLOSED;
            losses.clear();
        }
    }

    State state(long nowNanos) {
        if (state == State.OPEN && nowNanos - openUntil >= 0) {
            state = State.PROBING;
        }
        return state;
    }

    /// Whether the node may be given a request, given how many it has.
    boolean allows(int inFlight, long nowNanos) {
        return switch (state(nowNanos)) {
            case CLOSED -> true;
            case OPEN -> false;
            case PROBING -> inFlight == 0;
        };
    }
}
