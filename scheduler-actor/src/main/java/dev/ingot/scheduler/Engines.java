package dev.ingot.scheduler;

import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// Where a request finds an engine that can serve it: this node's guardian, or a cluster's router.
public interface Engines {
    /// What a request may ask.
    sealed interface Command permits Find, Forget, EngineGuardian.Internal {}

    /// Name an engine; answered by [Found] as soon as one is ready, which may take a while. The asker
    /// sets its own deadline.
    ///
    /// @param lost the engine that the asker has just lost, which is not to be named again; null the first time
    record Find(@Nullable ActorRef<Engine.Command> lost, ActorRef<Found> replyTo)
            implements Command {}

    /// The asker waits no more.
    record Forget(ActorRef<Found> asker) implements Command {}

    /// An engine that was ready a moment ago.
    record Found(ActorRef<Engine.Command> engine) {}
}
