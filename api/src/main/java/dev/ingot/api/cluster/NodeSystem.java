package dev.ingot.api.cluster;

import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.cluster.typed.Cluster;

/// The actor system of a node in a cluster.
public final class NodeSystem {
    private static final String NAME = "ingot";

    private NodeSystem() {}

    /// Starts a node's actors.
    ///
    /// @throws RuntimeException if its address cannot be bound or its keys cannot be read
    public static ActorSystem<Void> start(Behavior<Void> root, ClusterSettings settings) {
        return ActorSystem.create(root, NAME, ClusterConfig.of(settings));
    }

    /// Under which other nodes know it.
    public static String addressOf(ActorSystem<?> system) {
        return Cluster.get(system).selfMember().address().hostPort();
    }

    /// What it speaks; other nodes have to speak the same.
    public static String protocolOf(ActorSystem<?> system) {
        return system.settings().config().getString(ProtocolCheck.KEY);
    }

    /// Whether it ended because the nodes that it was to join have another protocol.
    public static boolean wasRefused(ActorSystem<?> system) {
        var reason = CoordinatedShutdown.get(Adapter.toClassic(system)).getShutdownReason();
        return reason.isPresent()
                && reason.get()
                        .equals(CoordinatedShutdown.incompatibleConfigurationDetectedReason());
    }

    /// Whether it ended because its cluster went on without it, or could not be one with it.
    public static boolean wasPutOut(ActorSystem<?> system) {
        var reason = CoordinatedShutdown.get(Adapter.toClassic(system)).getShutdownReason();
        return reason.isPresent()
                && (reason.get().equals(CoordinatedShutdown.clusterDowningReason())
                        || reason.get().equals(CoordinatedShutdown.clusterLeavingReason()));
    }
}
