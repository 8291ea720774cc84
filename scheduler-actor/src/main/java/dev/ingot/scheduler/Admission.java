package dev.ingot.scheduler;

import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.SchedulerLimits;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.scheduler.Engine.Rejected;
import dev.ingot.scheduler.Engine.Rejection;
import dev.ingot.scheduler.Engine.Submit;
import dev.ingot.worker.Worker;
import java.time.Duration;
import java.util.Optional;

/// The door of the queue: says at once what can never run, and makes a sequence of what can.
final class Admission {
    private final SchedulerLimits limits;
    private final int longest;
    private final int vocabulary;
    private final EngineMetrics metrics;
    private boolean isFull;

    Admission(SchedulerLimits limits, Worker.Loaded model, EngineMetrics metrics) {
        this.limits = limits;
        this.metrics = metrics;
        metrics.full(null);
        var kv = model.kv();
        this.longest =
                kv.groups()
                        .longest(
                                limits.maxModelLength(),
                                kv.blockCount(),
                                kv.blockSize(),
                                limits.maxStepTokens());
        this.vocabulary = model.vocabulary();
    }

    /// Why this submission can never fit, or does not fit now.
    ///
    /// @param backlog what waits already
    Optional<Rejected> refuse(Submit submit, Backlog backlog) {
        int promptLength = submit.prompt().size();
        long needed =
                Math.min(
                        limits.maxModelLength(), (long) promptLength + submit.params().maxTokens());
        if (promptLength >= limits.maxModelLength() || needed > longest) {
            return Optional.of(
                    rejected(
                            submit,
                            Rejection.TOO_LONG,
                            "prompt and output need "
                                    + needed
                                    + " tokens; the context holds "
                                    + longest,
                            Duration.ZERO));
        }
        // A request that was accepted before and lost its engine is not turned away now.
        if (submit.admitted()) {
            return Optional.empty();
        }
        return backlog.refuse(promptLength, limits)
                .map(why -> rejected(submit, Rejection.QUEUE_FULL, why, backlog.timeToHalf()));
    }

    /// Tells those who have not been prepared yet whether it would be in vain; to be called whenever somebody may have come
    /// or gone.
    void tellIfFull(Roster roster, DrainRate drainRate) {
        boolean wasFull = isFull;
        isFull = roster.waiting().size() >= limits.maxWaiting();
        if (isFull != wasFull) {
            tellAgain(roster.backlog(drainRate));
        }
    }

    /// The same, with a new estimate of when to come back.
    void tellAgain(Backlog backlog) {
        metrics.full(isFull ? backlog.refuseAll() : null);
    }

    /// The engine ends; what comes after it has a queue of its own.
    void close() {
        metrics.full(null);
    }

    /// @throws IllegalArgumentException if a token is outside the vocabulary
    ///
    /// @param nowNanos of a monotonic clock
    Admitted admit(Submit submit, long nowNanos) {
        var sequence =
                new Sequence(
                        submit.sequence(),
                        submit.epoch(),
                        submit.prompt(),
                        submit.generated(),
                        submit.params(),
                        submit.caller(),
                        CacheSalt.of(submit.cacheSalt()),
                        submit.creditUpTo(),
                        limits.maxModelLength());
        var sampler =
                new SequenceSampler(
                        submit.params(),
                        submit.sequence().choice(),
                        submit.prompt(),
                        submit.generated(),
                        vocabulary);
        return new Admitted(sequence, sampler, nowNanos, submit.replyTo());
    }

    static Rejected rejected(Submit submit, Rejection reason, String message, Duration retryAfter) {
        return new Rejected(submit.sequence(), submit.epoch(), reason, message, retryAfter);
    }
}
