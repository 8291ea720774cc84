package dev.ingot.scheduler;

import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/// How the HTTP layer opens a request and follows it.
///
/// ```
/// Open ──▶ Opened(handle)   then Attach (stream) or Collect (whole) to the handle, exactly one of them
///      └─▶ Refused          nothing was started
/// ```
///
/// A handle that hears neither within 30 s ends its request. [ClientGone] ends it at any time.
public interface Requests {
    /// What may be said to the requests actor.
    sealed interface Command {}

    /// Start this request; answered once every choice was accepted, or one was not.
    record Open(RequestSpec spec, ActorRef<Answer> replyTo) implements Command {}

    /// Say when no request is open: each has told its last word by then. Answered at once where there is none.
    record AwaitEnd(ActorRef<AllEnded> replyTo) implements Command {}

    /// No request is open.
    enum AllEnded {
        INSTANCE
    }

    /// How an [Open] ended.
    sealed interface Answer permits Opened, Refused {}

    /// It runs.
    record Opened(ActorRef<Handle> handle) implements Answer {}

    /// It does not run.
    ///
    /// @param retryAfter zero where trying again later cannot help
    record Refused(Reason reason, String message, Duration retryAfter) implements Answer {}

    /// Why a request is refused.
    enum Reason {
        /// Too many are waiting: come back later.
        QUEUE_FULL,
        /// It can never fit.
        TOO_LONG,
        /// It can never run, whatever its length.
        INVALID,
        /// No engine can take it now.
        NOT_READY,
        /// Its own time was up before it could run.
        TIMED_OUT
    }

    /// What may be said to an open request.
    sealed interface Handle permits Attach, Taken, Collect, ClientGone, RequestActor.Internal {}

    /// Tell outputs to this stream, one at a time: the next one only after [Taken].
    record Attach(ActorRef<Output> stream) implements Handle {}

    /// The stream has passed the last output on: demand for the next one.
    enum Taken implements Handle {
        INSTANCE
    }

    /// Tell the whole answer at once when it is complete.
    record Collect(ActorRef<Whole> replyTo) implements Handle {}

    /// The client closed its connection or stopped reading: end the request, give everything back.
    enum ClientGone implements Handle {
        INSTANCE
    }

    /// A whole answer; the last output is [Output.Completed], [Output.Broken] or [Output.TimedOut].
    record Whole(List<Output> outputs) {
        public Whole {
            outputs = List.copyOf(outputs);
        }
    }
}
