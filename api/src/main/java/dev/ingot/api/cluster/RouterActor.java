package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.api.cluster.LinkToEngineActor.Notice;
import dev.ingot.engine.kv.PrefixChain;
import dev.ingot.scheduler.CacheSalt;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Engines.AllFull;
import dev.ingot.scheduler.Engines.Answer;
import dev.ingot.scheduler.Engines.Find;
import dev.ingot.scheduler.Engines.Forget;
import dev.ingot.scheduler.Engines.Found;
import dev.ingot.scheduler.Engines.NoEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/// Names engines to requests: it knows all nodes, holds a link to each, and asks [RoutingPolicy] which one it is.
///
/// It is not on the way of a token; requests speak with the links themselves. What it keeps is bounded: a record per
/// node, the requests that wait for one, and per node an index of prefixes no larger than its cache.
final class RouterActor {
    /// After which a request that is on trial may as well be a slow one.
    private static final Duration LONGEST_TRIAL = Duration.ofSeconds(20);

    private static final int MOST_PARKED = 4096;
    private static final int MOST_HASHES = 1 << 15;
    private static final int MOST_BLOCKS_LOOKED_AT = 1024;

    private final ActorContext<Message> context;
    private final TimerScheduler<Message> timers;
    private final String name;
    private final Map<String, String> modelHashes;
    private final RoutingPolicy policy;
    private final LinkSettings settings;
    private final Lifelines lifelines;
    private final LongSupplier nanoClock;
    private final RouterMetrics metrics;
    private final Consumer<Map<String, ModelState>> published;
    private final ActorRef<Notice> fromLinks;

    private final Map<String, RoutedNode> nodes = new TreeMap<>();
    private final Map<ActorRef<Engine.Command>, RoutedNode> byLink = new HashMap<>();
    private final Map<ActorRef<Answer>, Find> parked = new LinkedHashMap<>();
    private final RetryBudget retries = new RetryBudget();
    private final CrashSuspects suspects = new CrashSuspects(LONGEST_TRIAL.toNanos());
    private final EndRate endRate = new EndRate();
    private long joined;

    /// Whether a model is served at this moment.
    ///
    /// @param reason why not, for people; empty when ready
    record ModelState(boolean ready, String reason, @Nullable EngineCard card) {}

    /// What it hears besides requests, which it hears as [Engines.Command].
    sealed interface Message
            permits FromRequest, Gates, FromLink, Relink, LeaveDrained, Admin.Command {}

    private record FromRequest(Engines.Command command) implements Message {}

    /// Which nodes there are.
    record Gates(Set<ActorRef<ToGate>> gates) implements Message {}

    private record FromLink(Notice notice) implements Message {}

    private record Relink(String node) implements Message {}

    private record LeaveDrained(String node) implements Message {}

    private RouterActor(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            String name,
            Map<String, String> modelHashes,
            RoutingPolicy policy,
            LinkSettings settings,
            Lifelines lifelines,
            LongSupplier nanoClock,
            RouterMetrics metrics,
            Consumer<Map<String, ModelState>> published) {
        this.context = context;
        this.timers = timers;
        this.name = name;
        this.modelHashes = Map.copyOf(modelHashes);
        this.policy = policy;
        this.settings = settings;
        this.lifelines = lifelines;
        this.nanoClock = nanoClock;
        this.metrics = metrics;
        this.published = published;
        this.fromLinks = context.messageAdapter(Notice.class, FromLink::new);
    }

    /// @param name of this router, for people
    /// @param modelHashes by the name of each model that is served, what an engine's files must be
    /// @param published hears every change of what is served, on the router's thread
    static Behavior<Engines.Command> create(
            String name,
            Map<String, String> modelHashes,
            RoutingPolicy policy,
            LinkSettings settings,
            Lifelines lifelines,
            LongSupplier nanoClock,
            RouterMetrics metrics,
            Consumer<Map<String, ModelState>> published,
            Consumer<ActorRef<Message>> self) {
        Behavior<Message> router =
                Behaviors.setup(context ->
                        Behaviors.withTimers(timers -> {
                            self.accept(context.getSelf());
                            return Behaviors.receiveMessage(
                                    new RouterActor(
                                                    context,
                                                    timers,
                                                    name,
                                                    modelHashes,
                                                    policy,
                                                    settings,
                                                    lifelines,
                                                    nanoClock,
                                                    metrics,
                                                    published)
                                            ::on);
                        }));
        return Behaviors.transformMessages(
                Engines.Command.class,
                router,
                requests -> requests.match(Engines.Command.class, FromRequest::new));
    }

    private Behavior<Message> on(Message message) {
        switch (message) {
            case FromRequest(Find find) -> find(find);
            case FromRequest(Forget(ActorRef<Answer> asker)) -> parked.remove(asker);
            case FromRequest _ -> {}
            case Gates(Set<ActorRef<ToGate>> gates) -> gates(gates);
            case FromLink(Notice notice) -> notice(notice);
            case Relink(String node) -> link(node);
            case LeaveDrained(String node) -> leaveDrained(node);
            case Admin.Command command -> admin(command);
        }
        return Behaviors.same();
    }

    // ------------------------------------------------------------------ requests

    private void find(Find find) {
        if (!find.wanted().admitted()) {
            if (find.left() == null) {
                retries.admitted();
            } else if (find.wasFull() && !retries.spend()) {
                metrics.rejected();
                find.replyTo().tell(new AllFull("the cluster is full", retryAfter()));
                return;
            }
        }
        answer(find);
    }

    private void answer(Find find) {
        long request = find.wanted().request();
        var verdict = suspects.verdict(request);
        if (verdict == CrashSuspects.Verdict.GUILTY) {
            metrics.convicted();
            context.getLog()
                    .error(
                            "Request {} is given up: engine nodes crash of it",
                            Long.toHexString(request));
            find.replyTo()
                    .tell(
                            new NoEngine(
                                    "Three engines crashed while they computed this request.",
                                    true));
            return;
        }
        var able = able(find);
        if (able.isEmpty()) {
            if (find.wasFull() && !find.wanted().admitted()) {
                metrics.rejected();
                find.replyTo().tell(new AllFull("the other engines are away", retryAfter()));
            } else if (parked.size() >= MOST_PARKED) {
                metrics.rejected();
                find.replyTo()
                        .tell(new AllFull("too many requests wait for an engine", retryAfter()));
            } else {
                parked.put(find.replyTo(), find);
            }
            return;
        }
        var chains = new HashMap<Integer, long[]>();
        var candidates = new ArrayList<RoutingPolicy.Candidate>();
        for (var node : able) {
            candidates.add(node.candidate(chainOf(find, node, chains)));
        }
        var chosen = policy.choose(find.wanted(), candidates);
        if (chosen.isEmpty()) {
            metrics.rejected();
            find.replyTo().tell(new AllFull("all engines are full", retryAfter()));
            return;
        }
        var node =
                able.stream()
                        .filter(each -> each.name().equals(chosen.get().node()))
                        .findFirst()
                        .orElseThrow();
        node.granted(find.wanted().sequences(), chainOf(find, node, chains), nanoClock.getAsLong());
        metrics.routed(chosen.get().matchedBlocks() > 0);
        if (verdict == CrashSuspects.Verdict.TRIAL) {
            suspects.trying(node.name(), request, nanoClock.getAsLong());
            toLink(node.linkOrThrow(), new LinkToEngineActor.Watch(request));
        }
        find.replyTo().tell(new Found(node.linkOrThrow(), node.cardOrThrow().numericClass()));
    }

    private List<RoutedNode> able(Find find) {
        long now = nanoClock.getAsLong();
        var serving = new ArrayList<RoutedNode>();
        for (var node : nodes.values()) {
            if (node.serves(find.wanted().model())
                    && node.link() != null
                    && !node.link().equals(find.left())) {
                serving.add(node);
            }
        }
        // A node that fails again and again is still better than none.
        if (serving.stream().anyMatch(node -> node.isAllowed(now))) {
            serving.removeIf(node -> !node.isAllowed(now));
        }
        if (suspects.verdict(find.wanted().request()) == CrashSuspects.Verdict.TRIAL) {
            serving.removeIf(node -> !suspects.mayTry(node.name(), now));
        }
        return serving;
    }

    private long[] chainOf(Find find, RoutedNode node, Map<Integer, long[]> chains) {
        return chains.computeIfAbsent(
                node.cardOrThrow().blockSize(),
                size ->
                        PrefixChain.of(
                                find.wanted().prompt(),
                                size,
                                CacheSalt.of(find.wanted().cacheSalt()),
                                MOST_BLOCKS_LOOKED_AT));
    }

    private Duration retryAfter() {
        int inFlight = nodes.values().stream().mapToInt(RoutedNode::inFlight).sum();
        return endRate.timeToDrain(inFlight);
    }

    /// Asks again for all who wait: something has changed.
    private void unpark() {
        for (Iterator<Find> each = List.copyOf(parked.values()).iterator(); each.hasNext(); ) {
            var find = each.next();
            boolean guilty =
                    suspects.verdict(find.wanted().request()) == CrashSuspects.Verdict.GUILTY;
            if (guilty || !able(find).isEmpty()) {
                parked.remove(find.replyTo());
                answer(find);
            }
        }
    }

    // ------------------------------------------------------------------ nodes

    private void gates(Set<ActorRef<ToGate>> gates) {
        var seen = new HashMap<String, ActorRef<ToGate>>();
        for (var gate : gates) {
            seen.put(addressOf(gate), gate);
        }
        for (var node : nodes.values()) {
            boolean another = !Objects.equals(node.gate(), seen.get(node.name()));
            node.listed(seen.get(node.name()));
            if (another) {
                node.greeting().ifPresent(link -> close(link, "its gate has gone"));
            }
        }
        nodes.values()
                .removeIf(node -> !node.isListed() && node.link() == null && !node.isLinking());
        seen.forEach((address, gate) -> {
            var known = nodes.get(address);
            if (known == null) {
                context.getLog().info("Engine node {} joined", address);
                nodes.put(address, new RoutedNode(address, gate, MOST_HASHES, joined++));
                link(address);
            } else if (known.link() == null && !known.isLinking()) {
                link(address);
            }
        });
        publish();
    }

    private static String addressOf(ActorRef<?> reference) {
        var address = reference.path().address();
        return address.getHost().orElse(reference.path().name())
                + address.getPort().map(port -> ":" + port).orElse("");
    }

    private void link(String address) {
        var node = nodes.get(address);
        if (node == null || node.link() != null || node.isLinking() || node.isLeftAlone()) {
            return;
        }
        var gate = node.gate();
        if (gate == null) {
            nodes.remove(address);
            publish();
            return;
        }
        var link =
                context.spawnAnonymous(
                        LinkToEngineActor.create(
                                gate, name, fromLinks, lifelines, settings, nanoClock));
        node.linking(link);
        byLink.put(link, node);
    }

    private void notice(Notice notice) {
        switch (notice) {
            case LinkToEngineActor.Up(ActorRef<Engine.Command> link, EngineCard card) ->
                    up(link, card);
            case LinkToEngineActor.Refused(ActorRef<Engine.Command> link, String reason) -> {
                var node = byLink.get(link);
                if (node != null && node.refused(reason)) {
                    context.getLog().info("Engine node {}: {}", node.name(), reason);
                    publish();
                }
            }
            case LinkToEngineActor.Loaded(ActorRef<Engine.Command> link, EngineLoad load) ->
                    loaded(link, load);
            case LinkToEngineActor.Counted(
                            ActorRef<Engine.Command> link,
                            int inFlight,
                            long submitted) -> {
                var node = byLink.get(link);
                if (node != null) {
                    node.counted(inFlight, submitted);
                    leaveIfDrained(node);
                }
            }
            case LinkToEngineActor.Ended(ActorRef<Engine.Command> link, Engine.Event event) ->
                    ended(link, event);
            case LinkToEngineActor.Progressed(ActorRef<Engine.Command> link, long request) -> {
                var node = byLink.get(link);
                if (node != null) {
                    suspects.cleared(node.name(), request);
                    unpark();
                }
            }
            case LinkToEngineActor.Down down -> down(down);
        }
    }

    private void up(ActorRef<Engine.Command> link, EngineCard card) {
        var node = byLink.get(link);
        if (node == null) {
            return;
        }
        var hash = modelHashes.get(card.model());
        String wrong = null;
        if (hash == null) {
            wrong = "it serves '" + card.model() + "', which this router does not";
        } else if (!hash.equals(card.modelHash())) {
            wrong =
                    "its files of '"
                            + card.model()
                            + "' are not those of this router: it has "
                            + card.modelHash()
                            + ", expected "
                            + hash;
        }
        if (wrong != null) {
            context.getLog().error("Engine node {} is not used: {}", node.name(), wrong);
        } else {
            context.getLog()
                    .info(
                            "Engine node {} serves '{}' on {}, numeric class {}",
                            node.name(),
                            card.model(),
                            card.device(),
                            card.numericClass());
        }
        node.up(link, card, wrong);
        markClasses();
        publish();
        unpark();
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
                    context.getLog()
                            .warn(
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

    private void loaded(ActorRef<Engine.Command> link, EngineLoad load) {
        var node = byLink.get(link);
        if (node == null) {
            return;
        }
        boolean changed = node.loaded(load, nanoClock.getAsLong());
        leaveIfDrained(node);
        if (changed) {
            publish();
            unpark();
        } else if (!parked.isEmpty()) {
            unpark();
        }
    }

    private void ended(ActorRef<Engine.Command> link, Engine.Event event) {
        var node = byLink.get(link);
        if (node == null) {
            return;
        }
        switch (event) {
            case Engine.Finished _ -> {
                endRate.finished(nanoClock.getAsLong());
                node.breaker().succeeded();
            }
            case Engine.Failed _ -> node.breaker().failed(nanoClock.getAsLong());
            // What is wrong with the request, or too much at the moment, is not the node's fault.
            case Engine.Rejected _,
                    Engine.HandedBack _,
                    Engine.Expired _,
                    Engine.Accepted _,
                    Engine.TokensSampled _ -> {}
        }
    }

    private void down(LinkToEngineActor.Down down) {
        var node = byLink.remove(down.link());
        if (node == null) {
            return;
        }
        boolean served = node.link() != null;
        node.down(down.reason());
        if (down.crashed()) {
            suspects.crashed(node.name(), down.requests());
        } else {
            suspects.left(node.name());
        }
        if (served) {
            metrics.linkLost();
            context.getLog()
                    .warn(
                            "Engine node {} is lost with {} sequences: {}",
                            node.name(),
                            down.streams(),
                            down.reason());
            if (!node.isDraining()) {
                node.breaker().failed(nanoClock.getAsLong());
            }
        }
        publish();
        unpark(); // Who waits for this node's trial, and who is convicted by its crash.
        timers.startSingleTimer(
                "relink " + node.name(), new Relink(node.name()), settings.heartbeat());
    }

    // ------------------------------------------------------------------ operations

    private void admin(Admin.Command command) {
        switch (command) {
            case Admin.Status(ActorRef<Admin.Reply> replyTo) -> replyTo.tell(status());
            case Admin.Drain(String wanted, Duration grace, ActorRef<Admin.Reply> replyTo) -> {
                var node = nodes.get(wanted);
                if (node == null) {
                    replyTo.tell(unknown(wanted));
                    return;
                }
                node.drain(true);
                context.getLog().info("Draining engine node {}", wanted);
                timers.startSingleTimer("leave " + wanted, new LeaveDrained(wanted), grace);
                publish();
                leaveIfDrained(node);
                replyTo.tell(status());
            }
            case Admin.Resume(String wanted, ActorRef<Admin.Reply> replyTo) -> {
                var node = nodes.get(wanted);
                if (node == null) {
                    replyTo.tell(unknown(wanted));
                    return;
                }
                timers.cancel("leave " + wanted);
                node.drain(false);
                link(wanted);
                publish();
                unpark();
                replyTo.tell(status());
            }
            case Admin.Canary(String wanted, int percent, ActorRef<Admin.Reply> replyTo) -> {
                var node = nodes.get(wanted);
                if (node == null) {
                    replyTo.tell(unknown(wanted));
                    return;
                }
                node.canary(percent);
                replyTo.tell(status());
            }
        }
    }

    private Admin.Reply unknown(String node) {
        return new Admin.NoSuchNode(node, List.copyOf(nodes.keySet()));
    }

    private Admin.Reply status() {
        long now = nanoClock.getAsLong();
        return new Admin.Cluster(
                name,
                nodes.values().stream().map(node -> node.status(now)).toList(),
                parked.size());
    }

    /// A drained node that was asked to is left once nothing of it runs: it can be stopped then.
    private void leaveIfDrained(RoutedNode node) {
        if (node.isDraining() && node.link() != null && node.inFlight() == 0) {
            leaveDrained(node.name());
        }
    }

    private void leaveDrained(String address) {
        var node = nodes.get(address);
        if (node != null && node.isDraining() && node.link() != null) {
            var link = node.linkOrThrow();
            node.left();
            close(link, "the node is drained");
        }
    }

    private static void close(ActorRef<Engine.Command> link, String reason) {
        toLink(link, new LinkToEngineActor.Close(reason));
    }

    private static void toLink(ActorRef<Engine.Command> link, LinkToEngineActor.Message message) {
        ActorRef<LinkToEngineActor.Message> own = link.<Object>unsafeUpcast().narrow();
        own.tell(message);
    }

    private void publish() {
        var states = new HashMap<String, ModelState>();
        for (var model : modelHashes.keySet()) {
            var serving =
                    nodes.values().stream()
                            .filter(node -> node.serves(model))
                            .min(
                                    Comparator.comparingInt(
                                            node -> node.cardOrThrow().maxModelLength()));
            var reason =
                    nodes.isEmpty()
                            ? "no engine node has joined"
                            : "no engine node can serve it: "
                                    + String.join(
                                            "; ",
                                            nodes.values().stream()
                                                    .map(RoutedNode::describe)
                                                    .toList());
            states.put(
                    model,
                    serving.map(node -> new ModelState(true, "", node.cardOrThrow()))
                            .orElse(new ModelState(false, reason, null)));
        }
        metrics.nodes(
                (int) nodes.values().stream().filter(RoutedNode::isServing).count(), nodes.size());
        published.accept(states);
    }
}
