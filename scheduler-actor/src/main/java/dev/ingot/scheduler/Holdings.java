package dev.ingot.scheduler;

import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.scheduler.BlockAllocatorActor.Computed;
import dev.ingot.scheduler.BlockAllocatorActor.Release;
import dev.ingot.scheduler.BlockAllocatorActor.Reserve;
import dev.ingot.scheduler.BlockAllocatorActor.StepEnded;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/// Who holds blocks, as far as the scheduler knows: takes them for a step, and has them given back by whoever ends, gives way
/// or starts over. What is given back while a step runs stays behind that step's fence.
final class Holdings {
    private final ActorRef<BlockAllocatorActor.Command> allocator;
    private final ActorRef<BlockAllocatorActor.Reply> replyTo;
    private final Roster roster;
    private final NextStep next;
    private final StepsInFlight inFlight;
    private int freeBlocks;
    private int repliesDue;

    /// @param freeBlocks all that there are
    /// @param replyTo hears what the allocator answers, and says it here
    Holdings(
            ActorRef<BlockAllocatorActor.Command> allocator,
            int freeBlocks,
            ActorRef<BlockAllocatorActor.Reply> replyTo,
            Roster roster,
            NextStep next,
            StepsInFlight inFlight) {
        this.allocator = allocator;
        this.freeBlocks = freeBlocks;
        this.replyTo = replyTo;
        this.roster = roster;
        this.next = next;
        this.inFlight = inFlight;
    }

    /// Blocks that a reservation may take, as last heard.
    int freeBlocks() {
        return freeBlocks;
    }

    /// Whether that is so now: nothing that was given back is still to be confirmed.
    boolean isSettled() {
        return repliesDue == 0;
    }

    void reserve(List<Demand> demands) {
        assert FaultPoint.SCHEDULER_BEFORE_RESERVE.passed();
        allocator.tell(new Reserve(demands, replyTo));
        assert FaultPoint.SCHEDULER_AFTER_RESERVE.passed();
    }

    /// The allocator has answered to [#reserve].
    void answered(int free) {
        freeBlocks = free;
    }

    /// The allocator has answered to anything else.
    void freed(int free) {
        freeBlocks = free;
        repliesDue--;
    }

    /// Whoever was in this step, and is there still, has so much more in the cache.
    void stepCompleted(StepInFlight step) {
        var computed = new ArrayList<Computed>(step.entries().size());
        for (int i = 0; i < step.entries().size(); i++) {
            var entry = step.entries().get(i);
            if (roster.has(entry)) {
                var sequence = entry.sequence();
                sequence.computed(step.plan().slices().get(i).tokens().size());
                roster.waiting()
                        .chargeComputed(sequence, step.plan().slices().get(i).tokens().size());
                computed.add(new Computed(sequence.id(), sequence.computed()));
            }
        }
        ended(step, computed);
    }

    /// Nobody has more in the cache than before this step.
    void stepFailed(StepInFlight step) {
        ended(step, List.of());
    }

    private void ended(StepInFlight step, List<Computed> computed) {
        allocator.tell(new StepEnded(step.stepId(), computed, replyTo));
        repliesDue++;
    }

    /// This sequence is over.
    void end(Sequence sequence) {
        end(sequence, true);
    }

    /// This sequence is over, and what it computed is wrong.
    void endDistrusted(Sequence sequence) {
        end(sequence, false);
    }

    private void end(Sequence sequence, boolean trusted) {
        if (roster.remove(sequence)) {
            release(sequence.id(), trusted);
        } else {
            next.ended(sequence);
        }
    }

    /// This sequence makes room for others, and is computed again later.
    void preempt(Sequence sequence) {
        sequence.preempt();
        roster.putBack(sequence);
        release(sequence.id(), true);
    }

    /// This sequence was in a step that failed, or behind one, and is computed again.
    void startOver(Sequence sequence) {
        next.leaveOut(sequence);
        roster.putBack(sequence);
        release(sequence.id(), false);
    }

    /// What was reserved for one that had ended by then.
    void giveBack(SequenceId orphan) {
        release(orphan, true);
    }

    private void release(SequenceId sequence, boolean trusted) {
        allocator.tell(new Release(sequence, inFlight.fence(), trusted, replyTo));
        repliesDue++;
    }
}
