package dev.ingot.api.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;

/// Joins its node to its cluster.
///
/// A router that is to join nobody begins a cluster. One that is to join others is among its own seeds, so that it can begin
/// the cluster where no other answers; an engine node never begins one. Names are asked for their addresses again
/// until the node is in: at the first start of many nodes the name may know none of them.
final class MembershipActor {
    private static final String DNS = "dns:";
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(3);
    private static final int LOOKS_PER_WARNING = 3;

    private final ActorContext<Look> context;
    private final Cluster cluster;
    private final ClusterSettings settings;
    private final Names names;
    private List<Address> seeds = List.of();
    private int looks;

    /// Whether it is in by now.
    enum Look {
        INSTANCE
    }

    /// Tells the addresses of a name.
    @FunctionalInterface
    interface Names {
        List<String> addressesOf(String name) throws UnknownHostException;
    }

    private MembershipActor(ActorContext<Look> context, ClusterSettings settings, Names names) {
        this.context = context;
        this.cluster = Cluster.get(context.getSystem());
        this.settings = settings;
        this.names = names;
    }

    /// Asks the machine's resolver; so it belongs on a dispatcher for what blocks.
    static Behavior<Look> create(ClusterSettings settings) {
        return create(settings, MembershipActor::resolve);
    }

    static Behavior<Look> create(ClusterSettings settings, Names names) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    var membership = new MembershipActor(context, settings, names);
                    membership.join();
                    timers.startTimerWithFixedDelay(Look.INSTANCE, LOOK_AGAIN);
                    return Behaviors.receiveMessage(_ -> membership.look());
                }));
    }

    private Behavior<Look> look() {
        if (!cluster.selfMember().status().equals(MemberStatus.removed())) {
            return Behaviors.stopped();
        }
        if (++looks % LOOKS_PER_WARNING == 0) {
            context.getLog()
                    .warn(
                            "In no cluster yet: {} did not let this node in. Is it running, and do"
                                    + " both have keys of one authority (--cluster-keys), or"
                                    + " neither?",
                            settings.join());
        }
        join();
        return Behaviors.same();
    }

    private void join() {
        var self = cluster.selfMember().address();
        boolean router = settings.role() == ClusterSettings.Role.ROUTER;
        if (router && settings.join().isEmpty()) {
            cluster.manager().tell(Join.create(self));
            return;
        }
        var now = new ArrayList<>(places(self));
        if (now.isEmpty()) {
            return; // Nobody is known yet.
        }
        if (router && !now.contains(self)) {
            now.add(self);
        }
        if (!router) {
            now.remove(self);
        }
        if (!now.equals(seeds)) {
            seeds = List.copyOf(now);
            context.getLog().info("Joining {}", seeds);
            cluster.manager().tell(new JoinSeedNodes(seeds));
        }
    }

    private List<Address> places(Address self) {
        var all = new ArrayList<Address>();
        for (var place : settings.join()) {
            boolean dns = place.startsWith(DNS);
            var plain = dns ? place.substring(DNS.length()) : place;
            int colon = plain.lastIndexOf(':');
            String host = plain.substring(0, colon);
            int port = Integer.parseInt(plain.substring(colon + 1));
            for (var each : dns ? addresses(host) : List.of(host)) {
                all.add(new Address(self.protocol(), self.system(), each, port));
            }
        }
        return all;
    }

    private List<String> addresses(String name) {
        try {
            return names.addressesOf(name);
        } catch (UnknownHostException e) {
            context.getLog().warn("The name {} has no address yet: {}", name, e.getMessage());
            return List.of();
        }
    }

    /// In one order on every node: the first of them begins the cluster.
    private static List<String> resolve(String name) throws UnknownHostException {
        return Arrays.stream(InetAddress.getAllByName(name))
                .map(InetAddress::getHostAddress)
                .sorted()
                .toList();
    }
}
