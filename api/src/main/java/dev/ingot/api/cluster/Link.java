package dev.ingot.api.cluster;

import dev.ingot.engine.kv.PrefixDigest;
import dev.ingot.scheduler.Engine;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.jspecify.annotations.Nullable;

/// What a router and an engine node say to each other: the conversation of [Engine], numbered, over one link.
///
/// ```
/// router                                  engine node
///   Hello ────────────────────────────────▶ gate
///         ◀──────────── Welcome / NotNow
///   Asked(n, Submit | Credit | Abort) ────▶ link
///         ◀──────────── Told(n, Accepted | TokensSampled | Finished | …)     what is said at once travels together
///   Heartbeat ────────────────────────────▶
///         ◀──────────── Report               both several times a second, with what was heard so far
///   Again(n) ◀──────────▶                    something between was lost: send on from n
///   Leave ────────────────────────────────▶
///         ◀──────────── Ended
/// ```
///
/// - Both directions count their messages from 0. One that comes twice changes nothing; a gap is asked for again. So a
///   link neither loses nor doubles a token while it lasts.
/// - A link that is silent for longer than its lease is over. Its end is the loss of the engine to every request on it:
///   there is one way to recover, within a JVM and between nodes.
/// - `attempt` tells the messages of a link from those of one before it.
public interface Link {
    /// Nodes speak with each other only if theirs is the same. It grows when a message or a record in it changes.
    int PROTOCOL = 3;

    /// Under which engine nodes are found.
    ServiceKey<ToGate> GATES = ServiceKey.create(ToGate.class, "ingot-engine");

    /// What a node's gate hears.
    sealed interface ToGate permits Hello, EngineGateActor.Internal {}

    /// Open a link.
    ///
    /// @param router the router's name, for people
    record Hello(int protocol, String router, int attempt, ActorRef<ToRouter> replyTo)
            implements ToGate {}

    /// What the router's end hears.
    sealed interface ToRouter permits Welcome, NotNow, Told, AllTold, Report, AgainFrom, Ended {
        int attempt();
    }

    /// The link is open.
    record Welcome(int attempt, EngineCard card, ActorRef<ToEngine> engine) implements ToRouter {}

    /// There is no engine behind the gate at this moment, or none that the router may use.
    record NotNow(int attempt, String reason) implements ToRouter {}

    /// The engine's next word.
    ///
    /// @param heard the number of the router's first message that has not arrived yet
    record Told(int attempt, long number, long heard, Engine.Event event) implements ToRouter {}

    /// The engine's next words, as of one step.
    ///
    /// @param first the number of the first of them; the others' follow
    /// @param heard as of [Told]
    record AllTold(int attempt, long first, long heard, List<Engine.Event> events)
            implements ToRouter {
        public AllTold {
            events = List.copyOf(events);
        }
    }

    /// The engine node lives.
    ///
    /// @param next the number that its next word will have
    record Report(int attempt, long next, long heard, EngineLoad load) implements ToRouter {}

    /// The router's messages from this number on are missing.
    record AgainFrom(int attempt, long number) implements ToRouter {}

    /// The engine node has closed the link.
    ///
    /// @param engineLost whether that is because its engine has crashed
    record Ended(int attempt, String reason, boolean engineLost) implements ToRouter {}

    /// What the engine's end hears.
    sealed interface ToEngine
            permits Asked, AllAsked, Heartbeat, Again, Leave, LinkToRouterActor.Internal {}

    /// A request's next word.
    ///
    /// @param heard the number of the engine's first message that has not arrived yet
    record Asked(long number, long heard, Engine.Command command) implements ToEngine {}

    /// Requests' next words.
    ///
    /// @param first the number of the first of them; the others' follow
    /// @param heard as of [Asked]
    record AllAsked(long first, long heard, List<Engine.Command> commands) implements ToEngine {
        public AllAsked {
            commands = List.copyOf(commands);
        }
    }

    /// The router lives.
    ///
    /// @param next the number that its next word will have
    record Heartbeat(long next, long heard) implements ToEngine {}

    /// The engine's messages from this number on are missing.
    record Again(long number) implements ToEngine {}

    /// The router has closed the link: nothing of it is to go on.
    record Leave(String reason) implements ToEngine {}

    /// What an engine node is.
    ///
    /// @param node its address in the cluster
    /// @param version of its build, for people
    /// @param numericClass nodes of one class give the same bits for the same request
    /// @param model the name of what it serves
    /// @param modelHash of the files that requests are made with: the router's own must be the same
    /// @param maxSequences in one step
    /// @param maxWaiting sequences that wait before it refuses
    /// @param lifeline where it takes connections that end when its process does
    record EngineCard(
            String node,
            String version,
            String numericClass,
            String model,
            String modelHash,
            int maxModelLength,
            int vocabulary,
            int blockSize,
            int kvBlocks,
            String device,
            int maxSequences,
            int maxWaiting,
            int lifeline) {}

    /// What an engine node has to do at this moment.
    ///
    /// @param draining whether it takes nothing new
    /// @param running sequences that hold blocks, of all routers
    /// @param waiting sequences that wait, of all routers
    /// @param mine sequences of this link
    /// @param kvUsage share of the KV blocks in use
    /// @param prefixes what its prefix cache holds; null where that is as it was
    record EngineLoad(
            boolean draining,
            int running,
            int waiting,
            int mine,
            double kvUsage,
            @Nullable PrefixDigest prefixes) {
        /// The same, with the prefixes as they were.
        EngineLoad withoutPrefixes() {
            return new EngineLoad(draining, running, waiting, mine, kvUsage, null);
        }
    }
}
