package dev.ingot.api;

import dev.ingot.api.cluster.NodeSystem;
import org.apache.pekko.actor.typed.ActorSystem;

/// A node that serves until it is stopped.
interface ServingNode extends AutoCloseable {
    /// Where its HTTP listener is.
    String url();

    /// What it is, in one line.
    String describe();

    /// Returns when the node has ended.
    ///
    /// @return whether its cluster went on without it, so that it should begin anew
    /// @throws Node.StartException if its cluster never took it
    boolean awaitTermination() throws Node.StartException;

    /// Whether a node of a cluster should begin anew, once its actors have ended.
    ///
    /// @throws Node.StartException if its cluster never took it
    static boolean isPutOut(ActorSystem<?> system) throws Node.StartException {
        if (NodeSystem.wasRefused(system)) {
            throw new Node.StartException(
                    "the cluster does not take this node, which speaks Ingot's protocol "
                            + NodeSystem.protocolOf(system)
                            + ": another version of Ingot runs there, update the older one");
        }
        return NodeSystem.wasPutOut(system);
    }

    @Override
    void close();
}
