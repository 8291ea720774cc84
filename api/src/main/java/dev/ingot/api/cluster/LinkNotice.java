package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.scheduler.Engine;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/// What a link to an engine tells its router: everything that a choice among engines depends on.
sealed interface LinkNotice {
    ActorRef<Engine.Command> link();

    /// Requests may be sent.
    record Up(ActorRef<Engine.Command> link, EngineCard card) implements LinkNotice {}

    /// The gate lets nobody in.
    record Refused(ActorRef<Engine.Command> link, String reason) implements LinkNotice {}

    /// What the engine has to do.
    record Loaded(ActorRef<Engine.Command> link, EngineLoad load) implements LinkNotice {}

    /// How many sequences are on the link, and how many were ever sent to it.
    record Counted(ActorRef<Engine.Command> link, int inFlight, long submitted)
            implements LinkNotice {}

    /// A sequence ended.
    record Ended(ActorRef<Engine.Command> link, Engine.Event event) implements LinkNotice {}

    /// A request that was watched has got a token or has ended.
    record Progressed(ActorRef<Engine.Command> link, long request) implements LinkNotice {}

    /// The link is over.
    ///
    /// @param crashed whether the node or its engine has crashed, and was not only cut off or stopped
    /// @param streams sequences that were on it
    /// @param requests whose sequences those were
    record Down(
            ActorRef<Engine.Command> link,
            String reason,
            boolean crashed,
            int streams,
            Set<Long> requests)
            implements LinkNotice {
        public Down {
            requests = Set.copyOf(requests);
        }
    }
}
