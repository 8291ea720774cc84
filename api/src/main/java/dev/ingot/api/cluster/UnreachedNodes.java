package dev.ingot.api.cluster;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.Address;
import org.jspecify.annotations.Nullable;

/// Which nodes a router puts out of its cluster because they are not reached.
///
/// ```
/// 3 s   engine nodes and younger routers that this router does not reach
///       where it reaches all: one engine node, the youngest of those that somebody else does not reach
/// 5 s   older routers that it does not reach: an older one that lived would have put this one out by now
/// ```
///
/// What others do not reach is their word only. Who has gone silent may have said it before, and cannot take it back: a
/// router that has lost a link waits until it knows whether that node is reached.
///
/// Where only some of the ways between nodes are cut, the split-brain resolver puts out both ends of each of them, routers
/// with their clients too. So it must find such a cut resolved when its time comes: at the end that costs least.
final class UnreachedNodes {
    /// After which an engine node is put out, or a younger router.
    static final Duration PATIENCE = Duration.ofSeconds(3);

    /// After which an older router is.
    static final Duration PATIENCE_WITH_ELDERS = Duration.ofSeconds(5);

    /// How long a node that has gone silent may still pass for reached.
    static final Duration DOUBT = Duration.ofSeconds(5);

    /// Whoever asks less often than this has slept, and has heard nobody meanwhile.
    private static final Duration OVERSLEPT = Duration.ofSeconds(2);

    private final Map<Node, Long> since = new HashMap<>();
    private long lastAsked;
    private @Nullable Long linkLost;

    /// A member of the cluster.
    ///
    /// @param isElder whether it is a member for longer than this router
    /// @param age the smaller, the longer it is a member
    record Node(Address address, boolean isRouter, boolean isElder, int age) {}

    /// The link to an engine node was lost, for whatever reason.
    void linkLost(long nowNanos) {
        linkLost = nowNanos;
    }

    /// To be asked every half second.
    ///
    /// @param unreached nodes that this router does not reach
    /// @param unreachedByOthers nodes that it reaches, and somebody else does not
    /// @return whom to put out now
    Set<Address> toPutOut(
            Collection<Node> unreached, Collection<Node> unreachedByOthers, long nowNanos) {
        if (nowNanos - lastAsked > OVERSLEPT.toNanos()) {
            since.clear();
        }
        lastAsked = nowNanos;
        var all = new HashSet<>(unreached);
        all.addAll(unreachedByOthers);
        since.keySet().retainAll(all);
        all.forEach(node -> since.putIfAbsent(node, nowNanos));
        var out = new HashSet<Address>();
        for (var node : unreached) {
            boolean elder = node.isRouter() && node.isElder();
            if (lasts(node, elder ? PATIENCE_WITH_ELDERS : PATIENCE, nowNanos)) {
                out.add(node.address());
            }
        }
        if (unreached.isEmpty() && !isInDoubt(nowNanos)) {
            youngest(unreachedByOthers, nowNanos).ifPresent(node -> out.add(node.address()));
        }
        return out;
    }

    private boolean isInDoubt(long nowNanos) {
        var lost = linkLost;
        return lost != null && nowNanos - lost < DOUBT.toNanos();
    }

    /// One at a time: the other end of its cut may be reached by all when it is gone.
    private Optional<Node> youngest(Collection<Node> nodes, long nowNanos) {
        return nodes.stream()
                .filter(node -> !node.isRouter() && lasts(node, PATIENCE, nowNanos))
                .max(Comparator.comparingInt(Node::age));
    }

    private boolean lasts(Node node, Duration patience, long nowNanos) {
        var first = since.get(node);
        return first != null && nowNanos - first >= patience.toNanos();
    }
}
