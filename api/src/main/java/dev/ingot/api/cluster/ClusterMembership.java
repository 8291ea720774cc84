package dev.ingot.api.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Joins a node to its cluster.
final class ClusterMembership {
    private static final String DNS = "dns:";
    private static final Logger log = LoggerFactory.getLogger(ClusterMembership.class);

    private ClusterMembership() {}

    /// Joins whom the settings name; a router that is to join nobody begins a cluster. Returns at once.
    ///
    /// A router is among its own seeds, so that it can begin the cluster where no other answers; an engine node never begins one.
    static void join(ActorSystem<?> system, ClusterSettings settings) {
        var cluster = Cluster.get(system);
        var self = cluster.selfMember().address();
        var seeds = seeds(system.name(), self, settings);
        if (settings.role() == ClusterSettings.Role.ROUTER && seeds.isEmpty()) {
            cluster.manager().tell(Join.create(self));
            return;
        }
        if (settings.role() == ClusterSettings.Role.ROUTER && !seeds.contains(self)) {
            seeds.add(self);
        }
        if (settings.role() == ClusterSettings.Role.ENGINE) {
            seeds.remove(self);
        }
        log.info("Joining {}", seeds);
        cluster.manager().tell(new JoinSeedNodes(seeds));
    }

    private static List<Address> seeds(String system, Address self, ClusterSettings settings) {
        var seeds = new ArrayList<Address>();
        for (var place : settings.join()) {
            var plain = place.startsWith(DNS) ? place.substring(DNS.length()) : place;
            int colon = plain.lastIndexOf(':');
            String host = plain.substring(0, colon);
            int port = Integer.parseInt(plain.substring(colon + 1));
            for (var each : place.startsWith(DNS) ? addresses(host) : List.of(host)) {
                seeds.add(new Address(self.protocol(), system, each, port));
            }
        }
        return seeds;
    }

    /// In one order on every node: the first of them begins the cluster.
    private static List<String> addresses(String name) {
        try {
            var all =
                    Arrays.stream(InetAddress.getAllByName(name))
                            .map(InetAddress::getHostAddress)
                            .sorted()
                            .toList();
            return all.isEmpty() ? Collections.singletonList(name) : all;
        } catch (UnknownHostException e) {
            log.warn("The name {} has no address: {}", name, e.getMessage());
            return List.of();
        }
    }
}
