package dev.ingot.scheduler;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.TopLogprobs;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// What a request says to an engine, and what it hears: the same within a JVM and between nodes.
///
/// - A [Submit] is answered by [Accepted] or [Rejected]; an accepted sequence by any number of
///   [TokensSampled] and then exactly one [Finished], [HandedBack] or [Failed], unless it was aborted.
/// - Every message carries the request's epoch. An engine that died cannot answer; the request submits again
///   elsewhere with `epoch + 1` and what was delivered so far as `generated`. An answer of an old epoch, or
///   with an index that is not the next one, changes nothing.
/// - [Credit] is cumulative and idempotent: no token with an index of `upTo` or more is sampled.
/// - [Abort] is idempotent and unanswered; tokens already on their way may still arrive.
public interface Engine {
    /// What a request may say.
    sealed interface Command permits Submit, Credit, Abort, SchedulerActor.Internal {}

    /// Run this sequence.
    ///
    /// @param prompt at least one token
    /// @param generated output tokens that were delivered already, in order; empty the first time
    /// @param caller whose turn it has to be
    /// @param cacheSalt sequences share cached prefixes only within one salt; empty for the common one
    /// @param creditUpTo the first output index that may not be sampled yet
    /// @param admitted whether its client was told that it runs: then it is not turned away for want of room
    record Submit(
            SequenceId sequence,
            int epoch,
            Tokens prompt,
            Tokens generated,
            SamplingParams params,
            Caller caller,
            String cacheSalt,
            int creditUpTo,
            boolean admitted,
            ActorRef<Event> replyTo)
            implements Command {
        /// The same, answered to somebody else.
        public Submit withReplyTo(ActorRef<Event> other) {
            return new Submit(
                    sequence,
                    epoch,
                    prompt,
                    generated,
                    params,
                    caller,
                    cacheSalt,
                    creditUpTo,
                    admitted,
                    other);
        }
    }

    /// The client has taken tokens: sample on, up to but not including output index `upTo`.
    record Credit(SequenceId sequence, int epoch, int upTo) implements Command {}

    /// Nobody wants more of this sequence.
    ///
    /// @param reason [FinishReason#STOP] where a stop string ended it, [FinishReason#ABORTED] where the client left
    record Abort(SequenceId sequence, int epoch, FinishReason reason) implements Command {}

    /// What a request hears.
    sealed interface Event
            permits Accepted, Rejected, TokensSampled, Finished, HandedBack, Expired, Failed {
        SequenceId sequence();

        int epoch();
    }

    /// It will run, and end.
    record Accepted(SequenceId sequence, int epoch) implements Event {}

    /// It will not run here now; nothing is held for it.
    record Rejected(
            SequenceId sequence, int epoch, Rejection reason, String message, Duration retryAfter)
            implements Event {}

    /// Why a submission is refused.
    enum Rejection {
        /// The waiting queue is at its limit.
        QUEUE_FULL,
        /// Prompt and output can never fit the context or the KV cache.
        TOO_LONG,
        /// Something in it that no engine could run: a token outside the vocabulary.
        INVALID,
        /// The engine takes nothing new: another one may.
        DRAINING
    }

    /// More output.
    ///
    /// @param firstIndex output index of the first token
    /// @param logprobs one entry per token where they were asked for, else empty
    record TokensSampled(
            SequenceId sequence,
            int epoch,
            int firstIndex,
            Tokens tokens,
            List<TokenLogprob> logprobs)
            implements Event {}

    /// Log probability of one chosen token.
    ///
    /// @param top the likeliest alternatives, null where none were asked for
    record TokenLogprob(float logprob, @Nullable TopLogprobs top) {}

    /// The sequence ended as it should.
    ///
    /// @param stopToken the stop token id that ended it, or −1 (end of sequence, length)
    record Finished(SequenceId sequence, int epoch, FinishReason reason, int stopToken, Usage usage)
            implements Event {}

    /// What it took.
    ///
    /// @param cachedTokens prompt tokens whose K and V came from the prefix cache
    record Usage(int promptTokens, int cachedTokens, int outputTokens) {}

    /// The engine drains and its grace is over: the sequence is to go on elsewhere. Nothing is held for it here.
    record HandedBack(SequenceId sequence, int epoch) implements Event {}

    /// The sequence waited for its first turn longer than the engine lets one wait: the last word of it.
    ///
    /// @param retryAfter when the queue will be shorter
    record Expired(SequenceId sequence, int epoch, String message, Duration retryAfter)
            implements Event {}

    /// The engine could not finish the sequence.
    ///
    /// @param retryable whether another submission may succeed
    record Failed(SequenceId sequence, int epoch, boolean retryable, String message)
            implements Event {}
}
