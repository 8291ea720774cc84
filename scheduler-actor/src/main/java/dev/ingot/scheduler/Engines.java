package dev.ingot.scheduler;

import org.apache.pekko.actor.typed.ActorRef;

/// Where a request finds an engine that can serve it: this node's guardian, or a cluster's router.
public interface Engines {
    /// What a request may ask.
    sealed interface Command permits Find, Lost, EngineGuardian.Internal {}

    /// Name an engine; answered by [Found] as soon as one is ready, which may take a while. The asker
    /// sets its own deadline.
    record Find(ActorRef<Found> replyTo) implements Command {}

    /// The asker stopped waiting.
    record Lost(ActorRef<Found> asker) implements Command {}

    /// An engine that was ready a moment ago.
    record Found(ActorRef<Engine.Command> engine) {}
}
