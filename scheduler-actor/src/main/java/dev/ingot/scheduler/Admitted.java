package dev.ingot.scheduler;

import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.sampling.Sample;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine.Event;
import dev.ingot.scheduler.Engine.Expired;
import dev.ingot.scheduler.Engine.Failed;
import dev.ingot.scheduler.Engine.Finished;
import dev.ingot.scheduler.Engine.TokenLogprob;
import dev.ingot.scheduler.Engine.TokensSampled;
import dev.ingot.scheduler.Engine.Usage;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/// A sequence that was accepted and has not ended, with all that it takes to run it and whom to tell.
///
/// @param sampler lent to the worker while a step runs
/// @param tokens as the allocator reads them
/// @param arrivedNanos of a monotonic clock
record Admitted(
        Sequence sequence,
        SequenceSampler sampler,
        KnownTokens tokens,
        long arrivedNanos,
        ActorRef<Event> replyTo) {
    Admitted(
            Sequence sequence,
            SequenceSampler sampler,
            long arrivedNanos,
            ActorRef<Event> replyTo) {
        this(sequence, sampler, new TokensOf(sequence), arrivedNanos, replyTo);
    }

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

    /// Its part of a step, in the blocks that are reserved for it; counts as planned from now on.
    Slice slice(ReservedSlice reserved) {
        int first = sequence.planned();
        int end = first + reserved.count();
        var input =
                end <= sequence.length()
                        ? sequence.tokens(first, end)
                        : Tokens.of(Slice.PENDING); // only decodes wait for a token
        boolean samples = sequence.plan(reserved.count());
        return new Slice(sequence.id(), input, first, reserved.table(), samples ? sampler : null);
    }

    /// The sample as the request hears of it, before it is appended.
    TokensSampled sampled(Sample sample) {
        var logprobs =
                sequence.params().logprobs() == SamplingParams.NO_LOGPROBS
                        ? List.<TokenLogprob>of()
                        : List.of(new TokenLogprob(sample.logprob(), sample.top()));
        return new TokensSampled(
                sequence.id(),
                sequence.epoch(),
                sequence.generated(),
                Tokens.of(sample.token()),
                logprobs);
    }

    /// The last word of a sequence that ended as it should.
    Finished finished(FinishReason reason) {
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

    /// The last word of one that never had its turn.
    Expired expired(SchedulingPolicy policy, Backlog backlog) {
        return new Expired(
                sequence.id(),
                sequence.epoch(),
                "The request waited for "
                        + policy.maxQueueTime().toMillis() / 1e3
                        + " s, which is the limit.",
                backlog.timeToHalf());
    }

    /// The last word of one that cannot be finished.
    Failed failed(String message) {
        return new Failed(sequence.id(), sequence.epoch(), false, message);
    }
}
