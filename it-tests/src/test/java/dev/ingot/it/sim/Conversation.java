package dev.ingot.it.sim;

import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Engine.Abort;
import dev.ingot.scheduler.Engine.Accepted;
import dev.ingot.scheduler.Engine.Credit;
import dev.ingot.scheduler.Engine.Event;
import dev.ingot.scheduler.Engine.Submit;
import dev.ingot.scheduler.Engine.TokensSampled;
import dev.ingot.scheduler.Engines.Drained;
import dev.ingot.worker.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.InternalActorRef;
import org.apache.pekko.actor.typed.internal.AdaptMessage;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.jspecify.annotations.Nullable;

/// Listens to what requests and schedulers say to each other, and holds every scheduler to [Engine]'s contract: it
/// answers what it was asked, tells tokens without gap and within the credit, has one last word, and says nothing after it.
///
/// What a scheduler holds must be what follows from its conversation, after every message that it has read.
final class Conversation implements SimExecutor.Listener {
    /// A queue is looked through every half second.
    private static final Duration QUEUE_CHECK = Duration.ofSeconds(1);

    private final SimSettings settings;
    private final LongSupplier nanoClock;
    private final IntSupplier sequencesHeld;
    private final Ledger ledger;
    private final Map<String, Side> schedulers = new LinkedHashMap<>();
    private @Nullable Side reading;
    private @Nullable Violation found;

    /// @param sequencesHeld by the scheduler that has read a message last, as it says itself
    Conversation(
            SimSettings settings,
            LongSupplier nanoClock,
            IntSupplier sequencesHeld,
            Ledger ledger) {
        this.settings = settings;
        this.nanoClock = nanoClock;
        this.sequencesHeld = sequencesHeld;
        this.ledger = ledger;
    }

    /// One scheduler.
    private static final class Side {
        final String name;
        final Map<SequenceId, Running> sequences = new HashMap<>();
        final Shares shares;

        /// All that it ever took, by salt: what can be in its prefix cache.
        final Map<String, List<List<Integer>>> known = new HashMap<>();

        /// What was sent to the worker and not answered, by the step's id.
        final Map<Long, Step> steps = new HashMap<>();

        long failedStepId = StepPlan.NONE;

        /// Of requests that ended before they were answered, and so hear nothing, as we do not: taken or not.
        final Map<SequenceId, Submit> unheard = new HashMap<>();

        @Nullable Submit submitted;
        boolean drains;
        boolean isDrained;

        /// Requests whose step was lost with the worker that was ended from outside; null while it lives.
        @Nullable Set<Long> killedWith;

        Side(String name, Shares shares) {
            this.name = name;
            this.shares = shares;
        }
    }

    private record Step(long afterStepId, List<Running> sequences) {}

    /// An accepted sequence that was neither told its last word nor aborted.
    private static final class Running {
        final Submit submit;
        final long sinceNanos;
        int creditUpTo;
        int told;
        boolean hasRun;

        /// A step failed with it, and it has got no token since.
        boolean isSuspect;

        final List<Integer> tokens = new ArrayList<>();

        Running(Submit submit, long sinceNanos) {
            add(submit.prompt());
            add(submit.generated());
            this.submit = submit;
            this.sinceNanos = sinceNanos;
            this.creditUpTo = submit.creditUpTo();
            this.told = submit.generated().size();
        }

        void add(Tokens more) {
            for (int i = 0; i < more.size(); i++) {
                tokens.add(more.get(i));
            }
        }
    }

    @Override
    public void reads(ActorRef actor, Object message) {
        reading = null;
        if (!actor.path().name().startsWith("scheduler-") || message instanceof String) {
            return; // Of nobody's interest, or there is none.
        }
        var side =
                schedulers.computeIfAbsent(
                        actor.path().toStringWithoutAddress(),
                        name -> new Side(name, new Shares(settings)));
        reading = side;
        side.submitted = null;
        switch (unwrapped(message)) {
            case Submit submit -> {
                side.submitted = submit;
                if (isGone(submit)) {
                    side.unheard.put(submit.sequence(), submit);
                }
            }
            case Credit(SequenceId id, int epoch, int upTo) -> {
                var sequence = side.sequences.get(id);
                if (sequence != null && sequence.submit.epoch() == epoch) {
                    sequence.creditUpTo = Math.max(sequence.creditUpTo, upTo);
                }
            }
            case Abort(SequenceId id, int epoch, var _) -> {
                side.unheard.remove(id);
                var sequence = side.sequences.get(id);
                if (sequence != null && sequence.submit.epoch() == epoch) {
                    remove(side, sequence);
                }
            }
            case Worker.StepCompleted(long stepId, var _, var _) -> side.steps.remove(stepId);
            case Worker.StepFailed(long stepId, var _, var _) -> failed(side, stepId);
            default -> side.drains |= message.getClass().getSimpleName().equals("Drain");
        }
    }

    @Override
    public void says(ActorRef actor, Object message) {
        var side = reading;
        if (side == null || !actor.path().name().startsWith("scheduler-")) {
            return;
        }
        try {
            says(side, message);
        } catch (Violation violation) {
            found = violation; // Whoever sends a message swallows what its receiver's mailbox
            // throws.
        }
    }

    private void says(Side side, Object message) {
        switch (unwrapped(message)) {
            case Event event -> said(side, event);
            case Worker.ExecuteStep(StepPlan plan, var _) -> runs(side, plan);
            case Drained _ -> {
                require(side, heard(side) == 0, "is drained but holds " + side.sequences.keySet());
                side.isDrained = true;
            }
            default -> {}
        }
    }

    private void said(Side side, Event event) {
        var id = event.sequence();
        var submit = side.submitted;
        boolean answers =
                submit != null && submit.sequence().equals(id) && submit.epoch() == event.epoch();
        switch (event) {
            case Accepted _ -> {
                if (submit == null || !answers) {
                    throw new Violation(side.name + " accepts what nobody submitted: " + event);
                }
                require(side, !side.drains, "drains and accepts " + event);
                var before = side.sequences.get(id);
                if (before != null) {
                    require(side, before.submit.epoch() < event.epoch(), "accepts again " + event);
                    remove(side, before);
                }
                var sequence = new Running(submit, nanoClock.getAsLong());
                side.sequences.put(id, sequence);
                side.known
                        .computeIfAbsent(submit.cacheSalt(), _ -> new ArrayList<>())
                        .add(sequence.tokens);
                side.shares.waits(submit);
            }
            case Engine.Rejected _ ->
                    require(side, answers, "rejects what nobody submitted: " + event);
            case TokensSampled sampled -> {
                var sequence = held(side, event);
                require(
                        side,
                        sampled.firstIndex() == sequence.told,
                        "tells " + event + " after " + sequence.told + " tokens");
                sequence.told += sampled.tokens().size();
                sequence.add(sampled.tokens());
                sequence.isSuspect = false;
                require(
                        side,
                        sequence.told <= sequence.creditUpTo,
                        "goes beyond the credit of " + sequence.creditUpTo + ": " + event);
                side.shares.sampled(sequence.submit, sampled.tokens().size());
            }
            case Engine.Finished _, Engine.HandedBack _, Engine.Expired _, Engine.Failed _ ->
                    remove(side, held(side, event));
        }
    }

    private static Object unwrapped(Object message) {
        return message instanceof AdaptMessage<?, ?> adapted ? adapted.message() : message;
    }

    /// Whoever was in a step that failed is a suspect; in one that was not run, nobody is.
    private static void failed(Side side, long stepId) {
        var step = side.steps.remove(stepId);
        if (step == null) {
            return; // It says so again.
        }
        boolean isVoid =
                step.afterStepId() != StepPlan.NONE && step.afterStepId() == side.failedStepId;
        side.failedStepId = stepId;
        if (!isVoid) {
            step.sequences().forEach(sequence -> sequence.isSuspect = true);
        }
    }

    private void runs(Side side, StepPlan plan) {
        var sequences = new ArrayList<Running>();
        for (var slice : plan.slices()) {
            if (slice.sequence().request() != 0) { // A canary's otherwise.
                var sequence = side.sequences.get(slice.sequence());
                if (sequence == null && side.unheard.containsKey(slice.sequence())) {
                    continue;
                }
                if (sequence == null) {
                    throw new Violation(
                            side.name + " runs " + slice.sequence() + ", which has ended");
                }
                runs(side, sequence, slice);
                sequences.add(sequence);
            }
        }
        require(
                side,
                sequences.size() < 2 || sequences.stream().noneMatch(each -> each.isSuspect),
                "lets a suspect run with others: " + plan);
        require(
                side,
                plan.afterStepId() == StepPlan.NONE
                        || side.sequences.values().stream()
                                .noneMatch(each -> each.isSuspect && !isGone(each.submit)),
                "plans ahead while somebody is a suspect: " + plan);
        var step = new Step(plan.afterStepId(), sequences);
        side.steps.put(plan.stepId(), step);
        lost(side, step);
    }

    /// The worker of this engine's last scheduler was ended from outside: lost is what that scheduler waits for, and what
    /// it sends before it hears of it.
    void workerKilled(String engine) {
        Side last = null;
        for (var side : schedulers.values()) {
            last = side.name.startsWith(engine + "/") ? side : last;
        }
        if (last != null && last.killedWith == null) {
            var side = last;
            side.killedWith = new HashSet<>();
            side.steps.values().forEach(step -> lost(side, step));
        }
    }

    private void lost(Side side, Step step) {
        var lost = side.killedWith;
        for (var sequence : step.sequences()) {
            long request = sequence.submit.sequence().request();
            if (lost != null && lost.add(request)) {
                ledger.killedWith(request);
            }
        }
    }

    private void runs(Side side, Running sequence, Slice slice) {
        if (!sequence.hasRun) {
            sequence.hasRun = true;
            checkHit(side, sequence, slice.firstPosition());
            side.shares.starts(sequence.submit, slice.firstPosition());
        }
        side.shares.computes(sequence.submit, slice.tokens().size());
    }

    /// Whoever waits for its first turn for longer than one may is told so, whether or not it will have one.
    private void checkWaiting(Side side) {
        var most = settings.policy().maxQueueTime();
        if (!most.isPositive()) {
            return;
        }
        long latest = nanoClock.getAsLong() - most.plus(QUEUE_CHECK).toNanos();
        for (var sequence : side.sequences.values()) {
            require(
                    side,
                    sequence.hasRun
                            || sequence.submit.epoch() > 0
                            || sequence.sinceNanos >= latest
                            || isGone(sequence.submit),
                    "lets " + sequence.submit.sequence() + " wait for more than " + most);
        }
    }

    /// Whoever begins later than at its beginning found that in the cache, left there under its own salt.
    private static void checkHit(Side side, Running sequence, int first) {
        var hit = sequence.tokens.subList(0, first);
        int count = 0;
        for (var other : side.known.getOrDefault(sequence.submit.cacheSalt(), List.of())) {
            count += other.size() >= first && other.subList(0, first).equals(hit) ? 1 : 0;
        }
        require(
                side,
                first == 0 || count > 1, // itself among them
                "spares " + sequence.submit.sequence() + " what it should not know: " + hit);
    }

    private static boolean isGone(Submit submit) {
        return ((InternalActorRef) Adapter.toClassic(submit.replyTo())).isTerminated();
    }

    /// Sequences of requests that are still there to be told of their end.
    private static int heard(Side side) {
        int count = 0;
        for (var sequence : side.sequences.values()) {
            count += isGone(sequence.submit) ? 0 : 1;
        }
        return count;
    }

    private static Running held(Side side, Event event) {
        var sequence = side.sequences.get(event.sequence());
        if (sequence == null || sequence.submit.epoch() != event.epoch()) {
            throw new Violation(side.name + " says of what it does not run: " + event);
        }
        return sequence;
    }

    private static void remove(Side side, Running sequence) {
        side.sequences.remove(sequence.submit.sequence());
        if (!sequence.hasRun) {
            side.shares.leaves(sequence.submit);
        }
    }

    /// To be called after every message.
    ///
    /// @param lives whether its reader has read it to the end, and lives on
    void check(boolean lives) {
        var violation = found;
        if (violation != null) {
            throw violation;
        }
        var side = reading;
        if (side == null || !lives) {
            return;
        }
        reading = null;
        int held = sequencesHeld.getAsInt();
        require(
                side,
                held >= heard(side) && held <= side.sequences.size() + side.unheard.size(),
                "holds "
                        + sequencesHeld.getAsInt()
                        + " sequences, and has to hold "
                        + side.sequences.keySet());
        require(side, !side.isDrained || heard(side) == 0, "has said that it was drained");
        checkWaiting(side);
        side.shares.check();
    }

    private static void require(Side side, boolean holds, String otherwise) {
        if (!holds) {
            throw new Violation(side.name + " " + otherwise);
        }
    }
}
