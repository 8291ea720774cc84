package dev.ingot.scheduler;

import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.sequence.SequenceId;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// The mailbox around the KV blocks: pool, prefix cache, reference counts and fences.
///
/// A reservation is all or nothing for a whole step. Blocks that are given back while a step runs become free
/// when that step has ended, never before: it may still write them.
public final class BlockAllocatorActor {
    /// Some 32 KiB, of the blocks of 64 Ki tokens of prompts.
    private static final int DIGEST_HASHES = 4096;

    private static final int STEPS_PER_DIGEST = 64;

    private final KvAllocator blocks;
    private final EngineMetrics metrics;
    private int stepsSinceDigest;

    private BlockAllocatorActor(KvAllocator blocks, EngineMetrics metrics) {
        this.blocks = blocks;
        this.metrics = metrics;
    }

    /// What it is told.
    public sealed interface Command permits Reserve, StepEnded, Release {}

    /// Blocks for every sequence of a step, or for none.
    record Reserve(List<Demand> demands, ActorRef<Reply> replyTo) implements Command {}

    /// The step in flight completed or failed.
    ///
    /// @param computed sequences whose K and V are now valid up to a position; empty when the step failed
    record StepEnded(long stepId, List<Computed> computed, ActorRef<Reply> replyTo)
            implements Command {}

    /// Positions `[0, upTo)` of this sequence are in the cache.
    record Computed(SequenceId sequence, int upTo) {}

    /// This sequence needs its blocks no more.
    ///
    /// @param fenceStepId the step in flight that may still write them, or [KvAllocator#NO_STEP]
    /// @param trusted false where its K and V may be wrong, so that nobody is to find them in the prefix cache
    record Release(SequenceId sequence, long fenceStepId, boolean trusted, ActorRef<Reply> replyTo)
            implements Command {}

    /// What it answers; each with the blocks that a reservation may take now.
    public sealed interface Reply permits Reserved, Exhausted, Freed {
        int freeBlocks();
    }

    /// The step may run: one slice per demand, in their order.
    record Reserved(List<ReservedSlice> slices, int freeBlocks) implements Reply {}

    /// Nothing was taken.
    record Exhausted(int freeBlocks) implements Reply {}

    /// Blocks came back.
    record Freed(int freeBlocks) implements Reply {}

    static Behavior<Command> create(KvAllocator blocks, EngineMetrics metrics) {
        return Behaviors.setup(_ -> {
            metrics.kvUsage(blocks.usage()); // What the engine before held is gone with it.
            return Behaviors.receiveMessage(new BlockAllocatorActor(blocks, metrics)::on);
        });
    }

    private Behavior<Command> on(Command message) {
        switch (message) {
            case Reserve reserve -> reserve.replyTo().tell(reserve(reserve.demands()));
            case StepEnded(long stepId, List<Computed> computed, ActorRef<Reply> replyTo) -> {
                for (var each : computed) {
                    blocks.computed(each.sequence(), each.upTo());
                }
                blocks.stepEnded(stepId);
                if (++stepsSinceDigest >= STEPS_PER_DIGEST) {
                    stepsSinceDigest = 0;
                    metrics.prefixes(blocks.prefixDigest(DIGEST_HASHES));
                }
                assert FaultPoint.ALLOCATOR_AFTER_STEP.passed();
                replyTo.tell(new Freed(blocks.availableBlocks()));
            }
            case Release(
                            SequenceId sequence,
                            long fence,
                            boolean trusted,
                            ActorRef<Reply> replyTo) -> {
                assert FaultPoint.ALLOCATOR_ON_RELEASE.passed();
                if (trusted) {
                    blocks.release(sequence, fence);
                } else {
                    blocks.discard(sequence, fence);
                }
                replyTo.tell(new Freed(blocks.availableBlocks()));
            }
        }
        metrics.kvUsage(blocks.usage());
        metrics.prefixCache(blocks.prefixCounts());
        metrics.sharing(blocks.sharingCounts());
        return Behaviors.same();
    }

    private Reply reserve(List<Demand> demands) {
        assert FaultPoint.ALLOCATOR_BEFORE_RESERVE.passed();
        var reservation = blocks.reserve(demands);
        assert FaultPoint.ALLOCATOR_AFTER_RESERVE.passed();
        return switch (reservation) {
            case Reservation.Reserved(List<ReservedSlice> slices, int available) ->
                    new Reserved(slices, available);
            case Reservation.Exhausted exhausted -> new Exhausted(exhausted.availableBlocks());
        };
    }
}
