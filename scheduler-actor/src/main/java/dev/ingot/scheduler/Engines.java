package dev.ingot.scheduler;

import dev.ingot.engine.sequence.Tokens;
import java.time.Duration;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// Where a request finds an engine that can serve it: this node's guardian, or a cluster's router.
public interface Engines {
    /// What may be asked.
    sealed interface Command permits Find, Forget, Drain, EngineGuardian.Internal {}

    /// Name an engine; answered by [Found] as soon as one is ready, which may take a while, by [AllFull] where
    /// no room is left, or by [NoEngine] where none will be. The asker sets its own deadline.
    ///
    /// @param left the engine that the asker comes from, which is not to be named again; null the first time
    /// @param wasFull whether it was left because it had no room, and not because it was lost
    record Find(
            Wanted wanted,
            @Nullable ActorRef<Engine.Command> left,
            boolean wasFull,
            ActorRef<Answer> replyTo)
            implements Command {}

    /// What an engine is needed for.
    ///
    /// @param request its id
    /// @param model the name under which an engine serves it
    /// @param prompt of the first choice: an engine that has its beginning in the cache is the better one
    /// @param cacheSalt see [Engine.Submit]
    /// @param sequences how many will be submitted
    /// @param admitted whether its client was told that it runs: then no engine is too full for it
    /// @param numericClass of the engine that began it, empty while none has; others may go on with other tokens
    record Wanted(
            long request,
            String model,
            Tokens prompt,
            String cacheSalt,
            int sequences,
            boolean admitted,
            String numericClass) {}

    /// The asker waits no more.
    record Forget(ActorRef<Answer> asker) implements Command {}

    /// Take nothing new from now on, finish what runs as far as `grace` allows, then hand back the rest: each of its
    /// requests hears [Engine.HandedBack] and goes on elsewhere. Answered by [Drained] when nothing is left; there is
    /// no way back. Another one replaces the grace of the one before.
    record Drain(Duration grace, ActorRef<Drained> replyTo) implements Command {}

    /// What came of a [Find].
    sealed interface Answer permits Found, AllFull, NoEngine {}

    /// An engine that was ready a moment ago.
    ///
    /// @param numericClass see [dev.ingot.engine.ops.DeviceInfo]; empty where there is only one
    record Found(ActorRef<Engine.Command> engine, String numericClass) implements Answer {
        /// An engine beside which there is no other.
        public Found(ActorRef<Engine.Command> engine) {
            this(engine, "");
        }
    }

    /// Nobody has room for a request that is not admitted yet.
    ///
    /// @param retryAfter when there may be room; zero where the asker knows better
    record AllFull(String message, Duration retryAfter) implements Answer {}

    /// There is no engine here, and there will be none.
    ///
    /// @param why for the client
    /// @param forGood whether that is the request's fault, so that it is not to be tried again
    record NoEngine(String why, boolean forGood) implements Answer {
        /// For reasons that are not the request's.
        public NoEngine(String why) {
            this(why, false);
        }
    }

    /// The engine holds nothing any more.
    enum Drained {
        INSTANCE
    }
}
