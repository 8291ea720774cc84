package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.scheduler.Engine;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/// The engine nodes that a router knows: a record for each that its cluster lists or that still has a link.
final class EngineNodes {
    /// Of the prefixes that a node is believed to hold.
    private static final int MOST_HASHES = 1 << 15;

    private final Map<String, String> modelHashes;
    private final Logger log;
    private final Map<String, RoutedNode> nodes = new TreeMap<>();
    private final Map<ActorRef<Engine.Command>, RoutedNode> byLink = new HashMap<>();
    private long joined;

    /// Whether a model is served at this moment.
    ///
    /// @param reason why not, for people; empty when ready
    record ModelState(boolean ready, String reason, @Nullable EngineCard card) {}

    /// @param modelHashes by the name of each model that is served, what an engine's files must be
    EngineNodes(Map<String, String> modelHashes, Logger log) {
        this.modelHashes = Map.copyOf(modelHashes);
        this.log = log;
    }

    /// In the order of their names.
    Collection<RoutedNode> all() {
        return nodes.values();
    }

    @Nullable RoutedNode named(String name) {
        return nodes.get(name);
    }

    @Nullable RoutedNode of(ActorRef<Engine.Command> link) {
        return byLink.get(link);
    }

    /// Takes over which nodes there are.
    ///
    /// @return links that knock at gates that are gone, to be closed
    List<ActorRef<Engine.Command>> listed(Set<ActorRef<ToGate>> gates) {
        var seen = new HashMap<String, ActorRef<ToGate>>();
        for (var gate : gates) {
            seen.put(addressOf(gate), gate);
        }
        var stale = new ArrayList<ActorRef<Engine.Command>>();
        for (var node : nodes.values()) {
            boolean another = !Objects.equals(node.gate(), seen.get(node.name()));
            node.listed(seen.get(node.name()));
            if (another) {
                node.greeting().ifPresent(stale::add);
            }
        }
        nodes.values()
                .removeIf(node -> !node.isListed() && node.link() == null && !node.isLinking());
        seen.forEach((address, gate) -> {
            if (!nodes.containsKey(address)) {
                log.info("Engine node {} joined", address);
                nodes.put(address, new RoutedNode(address, gate, MOST_HASHES, joined++));
            }
        });
        return stale;
    }

    private static String addressOf(ActorRef<?> reference) {
        var address = reference.path().address();
        return address.getHost().orElse(reference.path().name())
                + address.getPort().map(port -> ":" + port).orElse("");
    }

    /// Those that are there and have no link, nor one that knocks.
    List<RoutedNode> unlinked() {
        return nodes.values().stream()
                .filter(node -> node.isListed() && node.link() == null && !node.isLinking())
                .toList();
    }

    /// A node that is not listed any more and has lost its link.
    void forget(RoutedNode node) {
        nodes.remove(node.name());
    }

    void linking(RoutedNode node, ActorRef<Engine.Command> link) {
        node.linking(link);
        byLink.put(link, node);
    }

    /// The node has said what it is.
    void up(RoutedNode node, ActorRef<Engine.Command> link, EngineCard card) {
        String wrong = wrong(card);
        if (wrong != null) {
            log.error("Engine node {} is not used: {}", node.name(), wrong);
        } else {
            log.info(
                    "Engine node {} serves '{}' on {}, numeric class {}",
                    node.name(),
                    card.model(),
                    card.device(),
                    card.numericClass());
        }
        node.up(link, card, wrong);
        markClasses();
    }

    private @Nullable String wrong(EngineCard card) {
        var hash = modelHashes.get(card.model());
        if (hash == null) {
            return "it serves '" + card.model() + "', which this router does not";
        }
        if (!hash.equals(card.modelHash())) {
            return "its files of '"
                    + card.model()
                    + "' are not those of this router: it has "
                    + card.modelHash()
                    + ", expected "
                    + hash;
        }
        return null;
    }

    /// The link is over.
    ///
    /// @return whose it was
    @Nullable RoutedNode down(ActorRef<Engine.Command> link, String reason) {
        var node = byLink.remove(link);
        if (node != null) {
            node.down(reason);
        }
        return node;
    }

    /// Says which nodes would go on with other bits than the most do; where no class has the most nodes, than the node does
    /// that came first.
    private void markClasses() {
        for (var model : modelHashes.keySet()) {
            var own =
                    nodes.values().stream()
                            .filter(node -> node.classOf(model).isPresent())
                            .sorted(Comparator.comparingLong(RoutedNode::number))
                            .toList();
            var usual = usual(own.stream().map(node -> node.classOf(model).orElseThrow()).toList());
            for (var node : own) {
                var mine = node.classOf(model).orElseThrow();
                if (node.mark(!mine.equals(usual))) {
                    log.warn(
                            "Engine node {} is of numeric class {}, most are of {}: what it"
                                    + " continues is marked as approximate",
                            node.name(),
                            mine,
                            usual);
                }
            }
        }
    }

    /// Which of them is there most often; of those that are there equally often, the one that comes first.
    static String usual(List<String> classes) {
        var counts = new LinkedHashMap<String, Integer>();
        classes.forEach(each -> counts.merge(each, 1, Integer::sum));
        int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return counts.entrySet().stream()
                .filter(each -> each.getValue() == most)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("");
    }

    int inFlight() {
        return nodes.values().stream().mapToInt(RoutedNode::inFlight).sum();
    }

    int serving() {
        return (int) nodes.values().stream().filter(RoutedNode::isServing).count();
    }

    /// What is served at this moment, by the name of the model.
    Map<String, ModelState> states() {
        var states = new HashMap<String, ModelState>();
        for (var model : modelHashes.keySet()) {
            states.put(
                    model,
                    nodes.values().stream()
                            .filter(node -> node.serves(model))
                            .map(RoutedNode::cardOrThrow)
                            .min(Comparator.comparingInt(EngineCard::maxModelLength))
                            .map(card -> new ModelState(true, "", card))
                            .orElseGet(() -> new ModelState(false, whyNot(), null)));
        }
        return states;
    }

    private String whyNot() {
        return nodes.isEmpty()
                ? "no engine node has joined"
                : "no engine node can serve it: "
                        + String.join(
                                "; ", nodes.values().stream().map(RoutedNode::describe).toList());
    }
}
