package dev.ingot.api.cluster;

import dev.ingot.api.cluster.UnreachedNodes.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;

/// Puts [UnreachedNodes] out of a router's cluster. Each of them begins anew and joins again, when it can.
final class UnreachedNodesActor {
    private static final Duration INTERVAL = Duration.ofMillis(500);
    private static final String ROUTER =
            ClusterSettings.Role.ROUTER.name().toLowerCase(Locale.ROOT);

    private final ActorContext<Message> context;
    private final Cluster cluster;
    private final org.apache.pekko.cluster.Cluster observed;
    private final LongSupplier nanoClock;
    private final UnreachedNodes unreached = new UnreachedNodes();
    private Set<Address> putOut = Set.of();

    /// What it hears.
    sealed interface Message {}

    /// The link to an engine node was lost.
    enum LinkLost implements Message {
        INSTANCE
    }

    private enum Look implements Message {
        INSTANCE
    }

    private UnreachedNodesActor(ActorContext<Message> context, LongSupplier nanoClock) {
        this.context = context;
        this.cluster = Cluster.get(context.getSystem());
        this.observed =
                org.apache.pekko.cluster.Cluster.get(Adapter.toClassic(context.getSystem()));
        this.nanoClock = nanoClock;
    }

    static Behavior<Message> create(LongSupplier nanoClock) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    context.setLoggerName(UnreachedNodesActor.class);
                    var actor = new UnreachedNodesActor(context, nanoClock);
                    timers.startTimerWithFixedDelay(Look.INSTANCE, INTERVAL);
                    return Behaviors.receiveMessage(actor::on);
                }));
    }

    private Behavior<Message> on(Message message) {
        switch (message) {
            case LinkLost _ -> unreached.linkLost(nanoClock.getAsLong());
            case Look _ -> look();
        }
        return Behaviors.same();
    }

    /// Whom it reaches now.
    private void look() {
        var here = new ArrayList<Node>();
        var elsewhere = new ArrayList<Node>();
        for (var member : cluster.state().getUnreachable()) {
            if (!isOut(member)) {
                // What is not observed from here counts as reached.
                boolean reached = observed.failureDetector().isAvailable(member.address());
                (reached ? elsewhere : here).add(node(member));
            }
        }
        var now = unreached.toPutOut(here, elsewhere, nanoClock.getAsLong());
        for (var address : now) {
            if (!putOut.contains(address)) {
                context.getLog().warn("Node {} is not reached: it is put out", address.hostPort());
            }
            cluster.manager().tell(new Down(address));
        }
        putOut = now;
    }

    private static boolean isOut(Member member) {
        return member.status().equals(MemberStatus.down())
                || member.status().equals(MemberStatus.removed());
    }

    private Node node(Member member) {
        int age = 0;
        for (var other : cluster.state().getMembers()) {
            age += other.isOlderThan(member) ? 1 : 0;
        }
        return new Node(
                member.address(),
                member.hasRole(ROUTER),
                member.isOlderThan(cluster.selfMember()),
                age);
    }
}
