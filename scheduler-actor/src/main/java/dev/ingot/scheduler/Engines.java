package dev.ingot.scheduler;

import java.time.Duration;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// Where a request finds an engine that can serve it: this node's guardian, or a cluster's router.
public interface Engines {
    /// What may be asked.
    sealed interface Command permits Find, Forget, Drain, EngineGuardian.Internal {}

    /// Name an engine; answered by [Found] as soon as one is ready, which may take a while, or by [NoEngine] where
    /// none will be. The asker sets its own deadline.
    ///
    /// @param lost the engine that the asker has just left, which is not to be named again; null the first time
    record Find(@Nullable ActorRef<Engine.Command> lost, ActorRef<Answer> replyTo)
            implements Command {}

    /// The asker waits no more.
    record Forget(ActorRef<Answer> asker) implements Command {}

    /// Take nothing new from now on, finish what runs as far as `grace` allows, then hand back the rest: each of its
    /// requests hears [Engine.HandedBack] and goes on elsewhere. Answered by [Drained] when nothing is left; there is
    /// no way back. Another one replaces the grace of the one before.
    record Drain(Duration grace, ActorRef<Drained> replyTo) implements Command {}

    /// What came of a [Find].
    sealed interface Answer permits Found, NoEngine {}

    /// An engine that was ready a moment ago.
    record Found(ActorRef<Engine.Command> engine) implements Answer {}

    /// There is no engine here, and there will be none.
    ///
    /// @param why for the client
    record NoEngine(String why) implements Answer {}

    /// The engine holds nothing any more.
    enum Drained {
        INSTANCE
    }
}
