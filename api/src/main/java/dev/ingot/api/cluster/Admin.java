package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// What an operator may ask a router.
interface Admin {
    /// What may be asked.
    sealed interface Command extends RouterActor.Message permits Status, Drain, Resume, Canary {}

    /// How things are.
    record Status(ActorRef<Reply> replyTo) implements Command {}

    /// Send nothing new to this node; what is still there after `grace` goes on elsewhere.
    record Drain(String node, Duration grace, ActorRef<Reply> replyTo) implements Command {}

    /// Use this node again.
    record Resume(String node, ActorRef<Reply> replyTo) implements Command {}

    /// Send only this share of the requests to the node, 0 to 100; 100 makes it one like the others.
    record Canary(String node, int percent, ActorRef<Reply> replyTo) implements Command {}

    /// What is answered.
    sealed interface Reply permits Cluster, NoSuchNode {}

    /// All nodes.
    ///
    /// @param waiting requests for which there is no engine at this moment
    record Cluster(String router, List<Node> nodes, int waiting) implements Reply {}

    /// There is none of this name.
    ///
    /// @param known those that there are
    record NoSuchNode(String node, List<String> known) implements Reply {}

    /// One engine node.
    ///
    /// @param state `serving`, `draining`, `drained`, `away` or `unusable`
    /// @param trouble why it does not serve
    /// @param breaker `closed`, `open` or `probing`
    /// @param card what it is; null until it has said so
    /// @param otherNumericClass whether it is marked: most others give other bits
    /// @param streams sequences of this router on it
    /// @param running sequences that hold blocks there, of all routers
    /// @param prefixHashes that the router remembers of it
    record Node(
            String node,
            String state,
            String trouble,
            String breaker,
            @Nullable EngineCard card,
            boolean otherNumericClass,
            int canaryPercent,
            int streams,
            int running,
            int waiting,
            double kvUsage,
            int prefixHashes) {}
}
