package dev.ingot.scheduler;

import dev.ingot.engine.kv.BlockCopy;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.schedule.PrefillPace;
import dev.ingot.engine.schedule.SchedulerLimits;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.schedule.StepPlanner;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.scheduler.BlockAllocatorActor.Exhausted;
import dev.ingot.scheduler.BlockAllocatorActor.Freed;
import dev.ingot.scheduler.BlockAllocatorActor.Reserved;
import dev.ingot.scheduler.Engine.Abort;
import dev.ingot.scheduler.Engine.Accepted;
import dev.ingot.scheduler.Engine.Command;
import dev.ingot.scheduler.Engine.Credit;
import dev.ingot.scheduler.Engine.HandedBack;
import dev.ingot.scheduler.Engine.Rejection;
import dev.ingot.scheduler.Engine.Submit;
import dev.ingot.scheduler.Engines.Drained;
import dev.ingot.worker.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
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
    /// So much longer nobody minds waiting for a first token. Between steps that are not planned ahead lie some tenths of a
    /// millisecond, which is a percent or two of this, and less of longer ones.
    private static final long SHORT_STEP_NANOS = Duration.ofMillis(25).toNanos();

    private final TimerScheduler<Command> timers;
    private final ActorRef<Worker.Command> worker;
    private final ActorRef<Worker.Reply> fromWorker;
    private final Admission admission;
    private final StepPlanner planner;
    private final EngineMetrics metrics;
    private final LongSupplier nanoClock;
    private final Suspects.Snapshot suspects;
    private final Consumer<Map<Long, Set<Long>>> stepsLost;
    private final SchedulingPolicy policy;
    private final PrefillPace pace;
    private final DrainRate drainRate = new DrainRate();
    private final Watchdog watchdog;
    private final Canary canary;
    private final Roster roster;
    private final NextStep next = new NextStep();
    private final StepsInFlight inFlight = new StepsInFlight();
    private final Holdings holdings;
    private final FailedSteps failedSteps;

    private long lastStepNanos = Long.MAX_VALUE;
    private boolean draining;
    private final Set<ActorRef<Drained>> drainedTo = new HashSet<>();

    /// What the scheduler hears besides requests.
    sealed interface Internal extends Command
            permits FromWorker, FromAllocator, CheckStep, Drain, GraceEnded, Probe, CancelProbe {}

    private record FromWorker(Worker.Reply reply) implements Internal {}

    private record FromAllocator(BlockAllocatorActor.Reply reply) implements Internal {}

    private enum CheckStep implements Internal {
        INSTANCE
    }

    /// From the guardian: see [Engines.Drain].
    record Drain(Duration grace, ActorRef<Drained> replyTo) implements Internal {}

    private enum GraceEnded implements Internal {
        INSTANCE
    }

    /// From the canary: does the device work? See [Canary].
    record Probe(ActorRef<Canary.Answer> replyTo) implements Internal {}

    enum CancelProbe implements Internal {
        INSTANCE
    }

    private SchedulerActor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Worker.Loaded model,
            ActorRef<BlockAllocatorActor.Command> allocator,
            SchedulerLimits limits,
            EngineMetrics metrics,
            LongSupplier nanoClock,
            StepCost cost,
            Suspects.Snapshot suspects,
            Consumer<Map<Long, Set<Long>>> stepsLost) {
        this.timers = timers;
        this.worker = model.worker();
        this.fromWorker = context.messageAdapter(Worker.Reply.class, FromWorker::new);
        this.admission = new Admission(limits, model, metrics);
        var kv = model.kv();
        this.planner = new StepPlanner(limits, kv.blockSize(), kv.blockCount(), kv.groups());
        this.policy = limits.policy();
        this.pace = new PrefillPace(policy.stretch());
        this.roster = new Roster(policy);
        this.holdings =
                new Holdings(
                        allocator,
                        kv.blockCount(),
                        context.messageAdapter(BlockAllocatorActor.Reply.class, FromAllocator::new),
                        roster,
                        next,
                        inFlight);
        this.failedSteps = new FailedSteps(roster, holdings, next, inFlight, metrics);
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.watchdog = new Watchdog(cost);
        this.canary = new Canary(model.kv(), model.vocabulary(), metrics);
        this.suspects = suspects;
        this.stepsLost = stepsLost;
    }

    /// @param cost what steps took with earlier engines
    /// @param suspects who was there when earlier workers were lost
    /// @param stepsLost told at the end whose steps are in flight, by their ids, if there are any
    static Behavior<Command> create(
            Worker.Loaded model,
            ActorRef<BlockAllocatorActor.Command> allocator,
            SchedulerLimits limits,
            EngineMetrics metrics,
            LongSupplier nanoClock,
            StepCost cost,
            Suspects.Snapshot suspects,
            Consumer<Map<Long, Set<Long>>> stepsLost) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    metrics.queues(0, 0);
                    timers.startTimerWithFixedDelay(CheckStep.INSTANCE, Watchdog.INTERVAL);
                    var scheduler =
                            new SchedulerActor(
                                    context, timers, model, allocator, limits, metrics, nanoClock,
                                    cost, suspects, stepsLost);
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
                holdings.answered(free);
                execute(slices);
            }
            case FromAllocator(Exhausted(int free)) -> {
                holdings.answered(free);
                next.exhausted();
                startStep();
            }
            case FromAllocator(Freed(int free)) -> {
                holdings.freed(free);
                startStep();
            }
            case FromWorker(Worker.StepCompleted completed) -> stepCompleted(completed);
            case FromWorker(Worker.StepFailed failed) -> stepFailed(failed);
            case CheckStep _ -> {
                watchdog.check(inFlight.running(), nanoClock.getAsLong());
                expire();
                var backlog = roster.backlog(drainRate);
                metrics.backlog(roster.waiting(), backlog);
                admission.tellAgain(backlog);
            }
            case Probe(ActorRef<Canary.Answer> replyTo) -> {
                if (canary.asked(replyTo, !inFlight.isEmpty())) {
                    startStep();
                }
            }
            case CancelProbe _ -> canary.cancelled();
            case Drain(Duration grace, ActorRef<Drained> replyTo) -> drain(grace, replyTo);
            case GraceEnded _ -> handBack();
        }
        if (draining && roster.isEmpty()) {
            drainedTo.forEach(replyTo -> replyTo.tell(Drained.INSTANCE));
            drainedTo.clear();
        }
        metrics.queues(roster.running().size(), roster.waiting().size());
        admission.tellIfFull(roster, drainRate);
        return Behaviors.same();
    }

    // ------------------------------------------------------------------ what requests say

    private void submit(Submit submit) {
        var id = submit.sequence();
        var known = roster.find(id);
        if (known != null && known.sequence().epoch() >= submit.epoch()) {
            return; // A duplicate: the first one is answered already.
        }
        if (draining) {
            var why = "the engine is draining";
            submit.replyTo()
                    .tell(Admission.rejected(submit, Rejection.DRAINING, why, Duration.ZERO));
            return;
        }
        var refused = admission.refuse(submit, roster.backlog(drainRate));
        if (refused.isPresent()) {
            if (refused.get().reason() == Rejection.QUEUE_FULL) {
                metrics.rejected();
            }
            submit.replyTo().tell(refused.get());
            return;
        }
        Admitted entry;
        try {
            entry = admission.admit(submit, nanoClock.getAsLong());
        } catch (IllegalArgumentException e) {
            var why = String.valueOf(e.getMessage());
            submit.replyTo()
                    .tell(Admission.rejected(submit, Rejection.INVALID, why, Duration.ZERO));
            return;
        }
        if (known != null) {
            holdings.end(known.sequence());
        }
        submit.replyTo().tell(new Accepted(id, submit.epoch()));
        if (suspects.condemned().contains(id.request())) {
            failedSteps.giveUp(entry, "the device was lost twice with this request in its step");
            return;
        }
        var end = entry.sequence().end();
        if (end.isPresent()) {
            submit.replyTo().tell(entry.finished(end.get()));
            metrics.finished(end.get());
            return;
        }
        if (suspects.suspects().contains(id.request())) {
            entry.sequence().suspect();
        }
        roster.add(entry);
        startStep();
    }

    /// Ends those that have waited for their first turn for longer than one may.
    private void expire() {
        if (!policy.maxQueueTime().isPositive()) {
            return;
        }
        long now = nanoClock.getAsLong();
        for (var sequence : roster.waiting().all()) {
            var entry = roster.get(sequence.id());
            if (!sequence.hasStarted()
                    && sequence.epoch() == 0
                    && now - entry.arrivedNanos() > policy.maxQueueTime().toNanos()) {
                holdings.end(sequence);
                metrics.finished(FinishReason.ABORTED);
                entry.replyTo().tell(entry.expired(policy, roster.backlog(drainRate)));
            }
        }
    }

    private void grant(SequenceId id, int epoch, int upTo) {
        var entry = roster.find(id);
        if (entry != null && entry.sequence().epoch() == epoch) {
            entry.sequence().grant(upTo);
            startStep();
        }
    }

    private void abort(SequenceId id, int epoch, FinishReason reason) {
        var entry = roster.find(id);
        if (entry != null && entry.sequence().epoch() == epoch) {
            assert FaultPoint.SCHEDULER_ON_ABORT.passed();
            holdings.end(entry.sequence());
            metrics.finished(reason);
            startStep();
        }
    }

    // ------------------------------------------------------------------ the end

    private void drain(Duration grace, ActorRef<Drained> replyTo) {
        draining = true;
        drainedTo.add(replyTo);
        timers.startSingleTimer(GraceEnded.INSTANCE, grace);
    }

    /// Whoever has not ended goes on elsewhere, from what it was told: a token that the step in flight samples is
    /// nobody's.
    private void handBack() {
        for (var entry : roster.all()) {
            var sequence = entry.sequence();
            holdings.end(sequence);
            metrics.handedBack();
            entry.replyTo().tell(new HandedBack(sequence.id(), sequence.epoch()));
        }
    }

    // ------------------------------------------------------------------ the step

    private void startStep() {
        if (next.isReserving() || !(inFlight.isEmpty() || mayPlanAhead())) {
            return;
        }
        var decision =
                planner.plan(roster.running(), roster.waiting(), holdings.freeBlocks(), pace);
        if (decision.preempt().isPresent()) {
            if (holdings.isSettled() && inFlight.isEmpty()) {
                holdings.preempt(decision.preempt().get());
                metrics.preempted();
            }
            return; // What is awaited plans again, with the true number of free blocks.
        }
        boolean canaryIsDue = canary.isWaiting() && inFlight.isEmpty();
        if (decision.wants().isEmpty() && !canaryIsDue) {
            return;
        }
        holdings.reserve(next.reserve(decision.wants(), roster));
    }

    private void execute(List<ReservedSlice> reserved) {
        var slices = new ArrayList<Slice>(reserved.size());
        var entries = new ArrayList<Admitted>(reserved.size());
        var copies = new ArrayList<BlockCopy>();
        for (var each : reserved) {
            if (next.isOrphan(each.sequence())) {
                holdings.giveBack(each.sequence());
                continue;
            }
            var entry = roster.find(each.sequence());
            if (entry != null && next.wants(entry.sequence())) {
                start(entry, each.firstPosition());
                slices.add(entry.slice(each));
                entries.add(entry);
                copies.addAll(each.copies());
            }
        }
        if (reserved.isEmpty() && canary.isWaiting()) {
            slices.add(canary.slice());
        }
        next.reserved();
        if (slices.isEmpty()) {
            startStep();
            return;
        }
        var plan = new StepPlan(inFlight.nextStepId(), inFlight.runningStepId(), slices, copies);
        inFlight.add(new StepInFlight(plan, entries, nanoClock.getAsLong()));
        assert FaultPoint.SCHEDULER_BEFORE_SUBMIT.passed();
        worker.tell(new Worker.ExecuteStep(plan, fromWorker));
        assert FaultPoint.SCHEDULER_AFTER_SUBMIT.passed();
        canary.running();
        startStep();
    }

    /// Whether the next step is planned while one still runs, on tokens that it has yet to sample.
    ///
    /// It spares the device the time from one actor to the next. Whoever arrives meanwhile is not in it and waits for one
    /// step more, so that it is done where steps are short. While somebody is suspected, one step is run after another.
    private boolean mayPlanAhead() {
        return inFlight.leavesRoom()
                && lastStepNanos < SHORT_STEP_NANOS
                && roster.running().stream().noneMatch(Sequence::isSuspect)
                && roster.waiting().suspects().isEmpty();
    }

    /// It has blocks for this step: from now on it runs, if it did not yet.
    private void start(Admitted entry, int firstPosition) {
        var sequence = entry.sequence();
        if (roster.start(sequence)) {
            boolean first = !sequence.hasStarted();
            sequence.startAt(firstPosition);
            if (first) {
                roster.waiting().chargePrompt(sequence);
                metrics.started(nanoClock.getAsLong() - entry.arrivedNanos());
            }
        }
    }

    /// The step that this reply ends; null for a reply that comes again, which ends nothing.
    private @Nullable StepInFlight endStep(long stepId) {
        var step = inFlight.end(stepId, nanoClock.getAsLong());
        if (step == null) {
            metrics.staleReply();
        }
        return step;
    }

    private void stepCompleted(Worker.StepCompleted completed) {
        var step = endStep(completed.stepId());
        if (step == null) {
            return;
        }
        long now = nanoClock.getAsLong();
        lastStepNanos = completed.deviceNanos();
        watchdog.completed(step, now);
        if (step.entries().isEmpty()) {
            canary.sampled(completed.outcomes().getFirst());
        } else {
            canary.stepCompleted();
            metrics.step(step.plan().tokens(), completed.deviceNanos(), now - step.startedNanos());
            pace.stepEnded(step.plan(), completed.deviceNanos());
            drainRate.computed(step.plan().promptTokens(), completed.deviceNanos());
        }
        holdings.stepCompleted(step);
        var deliveries = new Deliveries(completed.outcomes().size());
        var outcomes = completed.outcomes().iterator();
        for (int i = 0; i < step.entries().size(); i++) {
            if (step.plan().slices().get(i).sampler() == null) {
                continue;
            }
            var outcome = outcomes.next();
            var entry = step.entries().get(i);
            if (roster.has(entry)) {
                switch (outcome) {
                    case Worker.Sampled(SequenceId _, Sample sample) ->
                            sampled(entry, sample, deliveries);
                    case Worker.RowFailed(SequenceId _, String message) ->
                            rowFailed(entry, message, deliveries);
                }
            }
        }
        startStep();
        deliveries.tell();
    }

    private void rowFailed(Admitted entry, String message, Deliveries deliveries) {
        deliveries.add(entry, entry.failed(message));
        holdings.endDistrusted(entry.sequence());
        metrics.rowFailed();
        metrics.finished(FinishReason.ERROR);
    }

    private void sampled(Admitted entry, Sample sample, Deliveries deliveries) {
        deliveries.add(entry, entry.sampled(sample));
        roster.waiting().chargeOutput(entry.sequence());
        var finish = entry.sequence().append(sample.token());
        if (finish.isPresent()) {
            deliveries.add(entry, entry.finished(finish.get()));
            holdings.end(entry.sequence());
            metrics.finished(finish.get());
        }
    }

    private void stepFailed(Worker.StepFailed failed) {
        var step = endStep(failed.stepId());
        if (step == null) {
            return;
        }
        metrics.stepFailed(failed.kind());
        if (step.entries().isEmpty()) {
            canary.failed(failed.message());
        }
        holdings.stepFailed(step);
        if (!step.isVoid()) {
            failedSteps.failed(step, failed.message());
        }
        startStep();
    }

    private Behavior<Command> stopped() {
        admission.close();
        if (!inFlight.isEmpty()) {
            stepsLost.accept(inFlight.requests());
        }
        return Behaviors.same();
    }
}
