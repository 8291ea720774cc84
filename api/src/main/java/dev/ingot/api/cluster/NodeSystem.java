package dev.ingot.api.cluster;

import dev.ingot.api.http.RequestThreads;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.cluster.typed.Cluster;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The actor system of a node in a cluster.
public final class NodeSystem {
    private static final String NAME = "ingot";
    private static final long END_SECONDS = 15;
    private static final Logger log = LoggerFactory.getLogger(NodeSystem.class);

    private NodeSystem() {}

    /// Starts a node's actors.
    ///
    /// @throws RuntimeException if its address cannot be bound or its keys cannot be read
    public static ActorSystem<Void> start(Behavior<Void> root, ClusterSettings settings) {
        return ActorSystem.create(root, NAME, ClusterConfig.of(settings), RequestThreads.props());
    }

    /// Under which other nodes know it.
    public static String addressOf(ActorSystem<?> system) {
        return Cluster.get(system).selfMember().address().hostPort();
    }

    /// Completed when a node is about to end its actors. To be asked for at its start.
    public static CompletableFuture<Done> ending(ActorSystem<?> system) {
        var ending = new CompletableFuture<Done>();
        CoordinatedShutdown.get(Adapter.toClassic(system))
                .addTask(
                        CoordinatedShutdown.PhaseBeforeActorSystemTerminate(),
                        "say so",
                        () -> {
                            ending.complete(Done.getInstance());
                            return CompletableFuture.completedFuture(Done.getInstance());
                        });
        system.getWhenTerminated().whenComplete((_, _) -> ending.complete(Done.getInstance()));
        return ending;
    }

    /// Returns when a node's actors have ended, or some time after they should have.
    ///
    /// @param ending of [#ending]
    public static void awaitEnd(ActorSystem<?> system, CompletableFuture<Done> ending) {
        ending.join();
        try {
            system.getWhenTerminated().toCompletableFuture().get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.warn("Not all actors end: going on without them ({})", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
