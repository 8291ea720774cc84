package dev.ingot.scheduler;

import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.SchedulerLimits;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.schedule.StepPlanner;
import dev.ingot.engine.schedule.StepPlanner.Want;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.BlockAllocatorActor.Computed;
import dev.ingot.scheduler.BlockAllocatorActor.Exhausted;
import dev.ingot.scheduler.BlockAllocatorActor.Freed;
import dev.ingot.scheduler.BlockAllocatorActor.Release;
import dev.ingot.scheduler.BlockAllocatorActor.Reserve;
import dev.ingot.scheduler.BlockAllocatorActor.Reserved;
import dev.ingot.scheduler.BlockAllocatorActor.StepEnded;
import dev.ingot.scheduler.Engine.Abort;
import dev.ingot.scheduler.Engine.Accepted;
import dev.ingot.scheduler.Engine.Command;
import dev.ingot.scheduler.Engine.Credit;
import dev.ingot.scheduler.Engine.Event;
import dev.ingot.scheduler.Engine.Failed;
import dev.ingot.scheduler.Engine.Finished;
import dev.ingot.scheduler.Engine.Rejected;
import dev.ingot.scheduler.Engine.Rejection;
import dev.ingot.scheduler.Engine.Submit;
import dev.ingot.scheduler.Engine.TokenLogprob;
import dev.ingot.scheduler.Engine.TokensSampled;
import dev.ingot.scheduler.Engine.Usage;
import dev.ingot.worker.Worker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/// Owns the sequences and the step in flight; plans a step, has blocks reserved for it, sends it to the worker,
/// and tells the requests what came of it.
///
/// ```
///         plan                 Reserved                StepCompleted / StepFailed
/// idle ─────────▶ reserving ─────────────▶ stepping ─────────────────────────────▶ idle, and at once on
///                    │ Exhausted: preempt one, plan again
/// ```
///
/// The next step is started before the last one's tokens are delivered. A sequence that is aborted while a step
/// runs leaves its blocks behind that step's fence.
public final class SchedulerActor {
    /// Steps that may fail one after the other with a sequence in them, the last with nobody else, before it is
    /// given up.
    static final int MAX_FAILURES = 2;

    private static final Duration WATCHDOG_INTERVAL = Duration.ofSeconds(1);
    private static final long STEP_DEADLINE_NANOS = Duration.ofSeconds(30).toNanos();
    private static final long STEP_DEADLINE_NANOS_PER_TOKEN = Duration.ofSeconds(2).toNanos();

    private final ActorRef<Worker.Command> worker;
    private final ActorRef<BlockAllocatorActor.Command> allocator;
    private final ActorRef<Worker.Reply> fromWorker;
    private final ActorRef<BlockAllocatorActor.Reply> fromAllocator;
    private final SchedulerLimits limits;
    private final StepPlanner planner;
    private final int vocabulary;
    private final long poolPositions;
    private final EngineMetrics metrics;
    private final LongSupplier nanoClock;
    private final Suspects.Snapshot suspects;
    private final Consumer<Set<Long>> stepLost;
    private final DrainRate drainRate = new DrainRate();

    private final Map<SequenceId, Admitted> admitted = new HashMap<>();
    private final List<Sequence> running = new ArrayList<>();
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();

    private Phase phase = Phase.IDLE;
    private long lastStepId;
    private List<Want> wanted = List.of();
    private final Set<SequenceId> orphans = new HashSet<>();
    private int repliesDue;
    private @Nullable InFlight inFlight;
    private long stepStartedNanos;
    private int freeBlocks;

    private enum Phase {
        IDLE,
        RESERVING,
        STEPPING
    }

    /// A sequence that was accepted and has not ended.
    private record Admitted(
            Sequence sequence,
            SequenceSampler sampler,
            KnownTokens tokens,
            ActorRef<Event> replyTo) {}

    /// A sequence's tokens as the allocator reads them.
    private record TokensOf(Sequence sequence) implements KnownTokens {
        @Override
        public int size() {
            return sequence.length();
        }

        @Override
        public int at(int position) {
            return sequence.token(position);
        }
    }

    /// The step that the worker runs.
    ///
    /// @param entries who each slice was planned for: one that was aborted since is in [#admitted] no more
    private record InFlight(StepPlan plan, List<Admitted> entries) {}

    /// A message that is told once the next step is on its way.
    private record Delivery(ActorRef<Event> to, Event event) {}

    /// What the scheduler hears besides requests.
    sealed interface Internal extends Command permits FromWorker, FromAllocator, CheckStep {}

    private record FromWorker(Worker.Reply reply) implements Internal {}

    private record FromAllocator(BlockAllocatorActor.Reply reply) implements Internal {}

    private enum CheckStep implements Internal {
        INSTANCE
    }

    /// The step in flight has passed its deadline: the worker is lost with its KV memory.
    static final class StepOverdueException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Set<Long> requests;

        StepOverdueException(String message, Set<Long> requests) {
            super(message);
            this.requests = requests;
        }

        /// Whose step it was.
        Set<Long> requests() {
            return requests;
        }
    }

    private SchedulerActor(
            ActorContext<Command> context,
            Worker.Loaded model,
            ActorRef<BlockAllocatorActor.Command> allocator,
            SchedulerLimits limits,
            EngineMetrics metrics,
            LongSupplier nanoClock,
            Suspects.Snapshot suspects,
            Consumer<Set<Long>> stepLost) {
        this.worker = model.worker();
        this.allocator = allocator;
        this.fromWorker = context.messageAdapter(Worker.Reply.class, FromWorker::new);
        this.fromAllocator =
                context.messageAdapter(BlockAllocatorActor.Reply.class, FromAllocator::new);
        this.limits = limits;
        this.planner = new StepPlanner(limits, model.kv().blockSize(), model.kv().blockCount());
        this.vocabulary = model.vocabulary();
        this.poolPositions = model.kv().positions();
        this.freeBlocks = model.kv().blockCount();
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.suspects = suspects;
        this.stepLost = stepLost;
    }

    /// @param suspects who was there when earlier workers were lost
    /// @param stepLost told at the end whose step is in flight, if one is
    static Behavior<Command> create(
            Worker.Loaded model,
            ActorRef<BlockAllocatorActor.Command> allocator,
            SchedulerLimits limits,
            EngineMetrics metrics,
            LongSupplier nanoClock,
            Suspects.Snapshot suspects,
            Consumer<Set<Long>> stepLost) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    metrics.queues(0, 0);
                    timers.startTimerWithFixedDelay(CheckStep.INSTANCE, WATCHDOG_INTERVAL);
                    var scheduler =
                            new SchedulerActor(
                                    context, model, allocator, limits, metrics, nanoClock, suspects,
                                    stepLost);
                    return Behaviors.receive(Command.class)
                            .onAnyMessage(scheduler::on)
                            .onSignal(PostStop.class, _ -> scheduler.stopped())
                            .build();
                }));
    }

    private Behavior<Command> on(Command message) {
        switch (message) {
            case Submit submit -> submit(submit);
            case Credit(SequenceId id, int epoch, int upTo) -> grant(id, epoch, upTo);
            case Abort(SequenceId id, int epoch, FinishReason reason) -> abort(id, epoch, reason);
            case FromAllocator(Reserved(List<ReservedSlice> slices, int free)) -> {
                freeBlocks = free;
                execute(slices);
            }
            case FromAllocator(Exhausted(int free)) -> {
                freeBlocks = free;
                orphans.clear();
                phase = Phase.IDLE;
                startStep();
            }
            case FromAllocator(Freed(int free)) -> {
                freeBlocks = free;
                repliesDue--;
                startStep();
            }
            case FromWorker(Worker.StepCompleted completed) -> stepCompleted(completed);
            case FromWorker(Worker.StepFailed failed) -> stepFailed(failed);
            case CheckStep _ -> checkStep();
        }
        metrics.queues(running.size(), waiting.size());
        return Behaviors.same();
    }

    // ------------------------------------------------------------------ what requests say

    private void submit(Submit submit) {
        var id = submit.sequence();
        var known = admitted.get(id);
        if (known != null && known.sequence().epoch() >= submit.epoch()) {
            return; // A duplicate: the first one is answered already.
        }
        int promptLength = submit.prompt().size();
        long needed =
                Math.min(
                        limits.maxModelLength(), (long) promptLength + submit.params().maxTokens());
        if (promptLength >= limits.maxModelLength() || needed > poolPositions) {
            reject(
                    submit,
                    Rejection.TOO_LONG,
                    "prompt and output need "
                            + needed
                            + " tokens; the context holds "
                            + Math.min(limits.maxModelLength(), poolPositions),
                    Duration.ZERO);
            return;
        }
        // A request that was admitted before and lost its engine is not turned away now.
        if (!submit.admitted() && waiting.size() >= limits.maxWaiting()) {
            metrics.rejected();
            reject(
                    submit,
                    Rejection.QUEUE_FULL,
                    waiting.size() + " requests are waiting, which is the limit",
                    drainRate.timeToDrain(waiting.size()));
            return;
        }
        Admitted entry;
        try {
            entry = admit(submit);
        } catch (IllegalArgumentException e) {
            reject(submit, Rejection.INVALID, String.valueOf(e.getMessage()), Duration.ZERO);
            return;
        }
        if (known != null) {
            drop(known.sequence());
        }
        if (suspects.condemned().contains(id.request())) {
            submit.replyTo().tell(new Accepted(id, submit.epoch()));
            fail(entry, "the device was lost twice with this request in its step");
            return;
        }
        var end = entry.sequence().end();
        if (end.isPresent()) {
            submit.replyTo().tell(new Accepted(id, submit.epoch()));
            submit.replyTo().tell(finished(entry.sequence(), end.get()));
            metrics.finished(end.get());
            return;
        }
        if (suspects.suspects().contains(id.request())) {
            entry.sequence().suspect();
        }
        admitted.put(id, entry);
        waiting.addLast(entry.sequence());
        submit.replyTo().tell(new Accepted(id, submit.epoch()));
        startStep();
    }

    /// @throws IllegalArgumentException if a token is outside the vocabulary
    private Admitted admit(Submit submit) {
        var sequence =
                new Sequence(
                        submit.sequence(),
                        submit.epoch(),
                        submit.prompt(),
                        submit.generated(),
                        submit.params(),
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
        return new Admitted(sequence, sampler, new TokensOf(sequence), submit.replyTo());
    }

    private static void reject(
            Submit submit, Rejection reason, String message, Duration retryAfter) {
        submit.replyTo()
                .tell(new Rejected(submit.sequence(), submit.epoch(), reason, message, retryAfter));
    }

    private void grant(SequenceId id, int epoch, int upTo) {
        var entry = admitted.get(id);
        if (entry != null && entry.sequence().epoch() == epoch) {
            entry.sequence().grant(upTo);
            startStep();
        }
    }

    private void abort(SequenceId id, int epoch, FinishReason reason) {
        var entry = admitted.get(id);
        if (entry != null && entry.sequence().epoch() == epoch) {
            assert FaultPoint.SCHEDULER_ON_ABORT.passed();
            drop(entry.sequence());
            metrics.finished(reason);
            startStep();
        }
    }

    /// Forgets a sequence and gives its blocks back, behind the fence of the step that may still write them.
    private void drop(Sequence sequence) {
        drop(sequence, true);
    }

    private void drop(Sequence sequence, boolean trusted) {
        admitted.remove(sequence.id());
        waiting.remove(sequence);
        if (running.remove(sequence)) {
            release(sequence.id(), trusted);
        } else if (phase == Phase.RESERVING && wantOf(sequence) != null) {
            orphans.add(
                    sequence.id()); // It holds blocks only if the reservation on its way succeeds.
        }
    }

    private void release(SequenceId sequence, boolean trusted) {
        long fence = phase == Phase.STEPPING ? lastStepId : KvAllocator.NO_STEP;
        allocator.tell(new Release(sequence, fence, trusted, fromAllocator));
        repliesDue++;
    }

    // ------------------------------------------------------------------ the step

    private void startStep() {
        if (phase != Phase.IDLE) {
            return;
        }
        var decision = planner.plan(running, waiting, freeBlocks);
        if (decision.preempt().isPresent()) {
            if (repliesDue == 0) {
                preempt(decision.preempt().get());
            }
            return; // The allocator's next answer plans again, with the true number of free blocks.
        }
        if (decision.wants().isEmpty()) {
            return;
        }
        wanted = decision.wants();
        phase = Phase.RESERVING;
        var demands = new ArrayList<Demand>(wanted.size());
        for (var want : wanted) {
            var sequence = want.sequence();
            var tokens = Objects.requireNonNull(admitted.get(sequence.id())).tokens();
            demands.add(
                    new Demand(
                            sequence.id(),
                            tokens,
                            sequence.cacheSalt(),
                            sequence.computed(),
                            want.count()));
        }
        assert FaultPoint.SCHEDULER_BEFORE_RESERVE.passed();
        allocator.tell(new Reserve(demands, fromAllocator));
        assert FaultPoint.SCHEDULER_AFTER_RESERVE.passed();
    }

    private void preempt(Sequence sequence) {
        running.remove(sequence);
        sequence.preempt();
        waiting.addFirst(sequence);
        metrics.preempted();
        release(sequence.id(), true);
    }

    private void execute(List<ReservedSlice> reserved) {
        var slices = new ArrayList<Slice>(reserved.size());
        var entries = new ArrayList<Admitted>(reserved.size());
        for (var each : reserved) {
            if (orphans.remove(each.sequence())) {
                release(each.sequence(), true);
                continue;
            }
            var entry = admitted.get(each.sequence());
            if (entry != null && wantOf(entry.sequence()) != null) {
                slices.add(slice(entry, each));
                entries.add(entry);
            }
        }
        wanted = List.of();
        if (slices.isEmpty()) {
            phase = Phase.IDLE;
            startStep();
            return;
        }
        var plan = new StepPlan(++lastStepId, slices);
        inFlight = new InFlight(plan, entries);
        phase = Phase.STEPPING;
        stepStartedNanos = nanoClock.getAsLong();
        assert FaultPoint.SCHEDULER_BEFORE_SUBMIT.passed();
        worker.tell(new Worker.ExecuteStep(plan, fromWorker));
        assert FaultPoint.SCHEDULER_AFTER_SUBMIT.passed();
    }

    private @Nullable Want wantOf(Sequence sequence) {
        for (var want : wanted) {
            if (want.sequence() == sequence) {
                return want;
            }
        }
        return null;
    }

    private Slice slice(Admitted entry, ReservedSlice reserved) {
        var sequence = entry.sequence();
        if (waiting.remove(sequence)) {
            running.add(sequence);
            if (reserved.firstPosition() > 0) {
                sequence.startAt(reserved.firstPosition());
            }
        }
        int first = sequence.computed();
        int end = first + reserved.count();
        return new Slice(
                sequence.id(),
                sequence.tokens(first, end),
                first,
                reserved.table(),
                end == sequence.length() ? entry.sampler() : null);
    }

    /// The step that this reply ends; null for a reply that comes again, which ends nothing.
    private @Nullable InFlight endStep(long stepId) {
        var step = inFlight;
        if (step == null || step.plan().stepId() != stepId) {
            if (stepId > lastStepId) {
                throw new IllegalStateException("step " + stepId + " ended but never began");
            }
            metrics.staleReply();
            return null;
        }
        inFlight = null;
        phase = Phase.IDLE;
        return step;
    }

    private boolean isAdmitted(Admitted entry) {
        var known = admitted.get(entry.sequence().id());
        return known != null && known.sequence() == entry.sequence();
    }

    private void stepCompleted(Worker.StepCompleted completed) {
        var step = endStep(completed.stepId());
        if (step == null) {
            return;
        }
        metrics.step(
                step.plan().tokens(),
                completed.deviceNanos(),
                nanoClock.getAsLong() - stepStartedNanos);
        reportComputed(step);
        var deliveries = new ArrayList<Delivery>(completed.outcomes().size());
        var outcomes = completed.outcomes().iterator();
        for (int i = 0; i < step.entries().size(); i++) {
            if (step.plan().slices().get(i).sampler() == null) {
                continue;
            }
            var outcome = outcomes.next();
            var entry = step.entries().get(i);
            if (isAdmitted(entry)) {
                switch (outcome) {
                    case Worker.Sampled(SequenceId _, Sample sample) ->
                            sampled(entry, sample, deliveries);
                    case Worker.RowFailed(SequenceId _, String message) ->
                            rowFailed(entry, message, deliveries);
                }
            }
        }
        startStep();
        for (var delivery : deliveries) {
            assert FaultPoint.SCHEDULER_BEFORE_DELIVERY.passed();
            delivery.to().tell(delivery.event());
        }
    }

    private void reportComputed(InFlight step) {
        var computed = new ArrayList<Computed>(step.entries().size());
        for (int i = 0; i < step.entries().size(); i++) {
            var entry = step.entries().get(i);
            if (isAdmitted(entry)) {
                var sequence = entry.sequence();
                sequence.computed(step.plan().slices().get(i).tokens().size());
                computed.add(new Computed(sequence.id(), sequence.computed()));
            }
        }
        allocator.tell(new StepEnded(step.plan().stepId(), computed, fromAllocator));
        repliesDue++;
    }

    private void rowFailed(Admitted entry, String message, List<Delivery> deliveries) {
        var sequence = entry.sequence();
        deliveries.add(
                new Delivery(
                        entry.replyTo(),
                        new Failed(sequence.id(), sequence.epoch(), false, message)));
        drop(sequence, false);
        metrics.finished(FinishReason.ERROR);
    }

    private void sampled(Admitted entry, Sample sample, List<Delivery> deliveries) {
        var sequence = entry.sequence();
        int index = sequence.generated();
        var finish = sequence.append(sample.token());
        var logprobs =
                sequence.params().logprobs() == SamplingParams.NO_LOGPROBS
                        ? List.<TokenLogprob>of()
                        : List.of(new TokenLogprob(sample.logprob(), sample.top()));
        deliveries.add(
                new Delivery(
                        entry.replyTo(),
                        new TokensSampled(
                                sequence.id(),
                                sequence.epoch(),
                                index,
                                Tokens.of(sample.token()),
                                logprobs)));
        if (finish.isPresent()) {
            deliveries.add(new Delivery(entry.replyTo(), finished(sequence, finish.get())));
            drop(sequence);
            drainRate.finished(nanoClock.getAsLong());
            metrics.finished(finish.get());
        }
    }

    private static Finished finished(Sequence sequence, FinishReason reason) {
        int last = sequence.token(sequence.length() - 1);
        boolean stopToken =
                reason == FinishReason.STOP && !sequence.params().eosTokenIds().contains(last);
        return new Finished(
                sequence.id(),
                sequence.epoch(),
                reason,
                stopToken ? last : -1,
                new Usage(sequence.promptLength(), sequence.cached(), sequence.generated()));
    }

    private void stepFailed(Worker.StepFailed failed) {
        var step = endStep(failed.stepId());
        if (step == null) {
            return;
        }
        metrics.stepFailed();
        allocator.tell(new StepEnded(failed.stepId(), List.of(), fromAllocator));
        repliesDue++;
        for (var entry : step.entries().reversed()) {
            if (!isAdmitted(entry)) {
                continue;
            }
            var sequence = entry.sequence();
            sequence.failedStep();
            if (sequence.failures() < MAX_FAILURES || step.entries().size() > 1) {
                running.remove(sequence);
                release(sequence.id(), false);
                waiting.addFirst(sequence);
                continue;
            }
            drop(sequence, false);
            fail(entry, "the device failed the step: " + failed.message());
        }
        startStep();
    }

    private void fail(Admitted entry, String message) {
        var sequence = entry.sequence();
        metrics.finished(FinishReason.ERROR);
        entry.replyTo().tell(new Failed(sequence.id(), sequence.epoch(), false, message));
    }

    private Behavior<Command> stopped() {
        if (inFlight != null) {
            stepLost.accept(requestsOf(inFlight.plan()));
        }
        return Behaviors.same();
    }

    private static Set<Long> requestsOf(StepPlan plan) {
        var requests = new HashSet<Long>();
        plan.slices().forEach(slice -> requests.add(slice.sequence().request()));
        return requests;
    }

    private void checkStep() {
        if (inFlight == null) {
            return;
        }
        var plan = inFlight.plan();
        long deadline = STEP_DEADLINE_NANOS + plan.tokens() * STEP_DEADLINE_NANOS_PER_TOKEN;
        if (nanoClock.getAsLong() - stepStartedNanos > deadline) {
            throw new StepOverdueException(
                    "step "
                            + plan.stepId()
                            + " of "
                            + plan.tokens()
                            + " tokens has run for more than "
                            + Duration.ofNanos(deadline).toSeconds()
                            + " s",
                    requestsOf(plan));
        }
    }
}
