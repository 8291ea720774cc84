package dev.ingot.api.cluster;

import dev.ingot.api.cluster.EngineNodes.ModelState;
import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Engines.Answer;
import dev.ingot.scheduler.Engines.Find;
import dev.ingot.scheduler.Engines.Forget;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/// Names engines to requests: it knows all nodes ([EngineNodes]), holds a link to each, and has one assigned to each request
/// ([Assignment]).
///
/// It is not on the way of a token; requests speak with the links themselves. What it keeps is bounded: a record per
/// node, the requests that wait for one, and per node an index of prefixes no larger than its cache.
final class RouterActor {
    private final ActorContext<Message> context;
    private final TimerScheduler<Message> timers;
    private final String name;
    private final LinkSettings settings;
    private final Lifelines lifelines;
    private final LongSupplier nanoClock;
    private final RouterMetrics metrics;
    private final Consumer<Map<String, ModelState>> published;
    private final Runnable linkLost;
    private final ActorRef<LinkNotice> fromLinks;
    private final EngineNodes nodes;
    private final Assignment assignment;

    /// What it hears besides requests, which it hears as [Engines.Command].
    sealed interface Message
            permits FromRequest, Gates, FromLink, Relink, LeaveDrained, Admin.Command {}

    private record FromRequest(Engines.Command command) implements Message {}

    /// Which nodes there are.
    record Gates(Set<ActorRef<ToGate>> gates) implements Message {}

    private record FromLink(LinkNotice notice) implements Message {}

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
            Consumer<Map<String, ModelState>> published,
            Runnable linkLost) {
        this.context = context;
        this.timers = timers;
        this.name = name;
        this.settings = settings;
        this.lifelines = lifelines;
        this.nanoClock = nanoClock;
        this.metrics = metrics;
        this.published = published;
        this.linkLost = linkLost;
        this.fromLinks = context.messageAdapter(LinkNotice.class, FromLink::new);
        this.nodes = new EngineNodes(modelHashes, context.getLog());
        this.assignment = new Assignment(nodes, policy, metrics, nanoClock, context.getLog());
    }

    /// @param name of this router, for people
    /// @param modelHashes by the name of each model that is served, what an engine's files must be
    /// @param published hears every change of what is served, on the router's thread
    /// @param linkLost called when an engine node that served is lost, on the same thread
    static Behavior<Engines.Command> create(
            String name,
            Map<String, String> modelHashes,
            RoutingPolicy policy,
            LinkSettings settings,
            Lifelines lifelines,
            LongSupplier nanoClock,
            RouterMetrics metrics,
            Consumer<Map<String, ModelState>> published,
            Runnable linkLost,
            Consumer<ActorRef<Message>> self) {
        Behavior<Message> router =
                Behaviors.setup(context ->
                        Behaviors.withTimers(timers -> {
                            context.setLoggerName(RouterActor.class);
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
                                                    published,
                                                    linkLost)
                                            ::on);
                        }));
        return Behaviors.transformMessages(
                Engines.Command.class,
                router,
                requests -> requests.match(Engines.Command.class, FromRequest::new));
    }

    private Behavior<Message> on(Message message) {
        switch (message) {
            case FromRequest(Find find) -> assignment.find(find);
            case FromRequest(Forget(ActorRef<Answer> asker)) -> assignment.forget(asker);
            case FromRequest _ -> {}
            case Gates(Set<ActorRef<ToGate>> gates) -> gates(gates);
            case FromLink(LinkNotice notice) -> notice(notice);
            case Relink(String node) -> link(node);
            case LeaveDrained(String node) -> leaveDrained(node);
            case Admin.Command command -> admin(command);
        }
        return Behaviors.same();
    }

    // ------------------------------------------------------------------ nodes

    private void gates(Set<ActorRef<ToGate>> gates) {
        nodes.listed(gates).forEach(link -> close(link, "its gate has gone"));
        nodes.unlinked().forEach(node -> link(node.name()));
        publish();
    }

    private void link(String address) {
        var node = nodes.named(address);
        if (node == null || node.link() != null || node.isLinking() || node.isLeftAlone()) {
            return;
        }
        var gate = node.gate();
        if (gate == null) {
            nodes.forget(node);
            publish();
            return;
        }
        nodes.linking(
                node,
                context.spawnAnonymous(
                        LinkToEngineActor.create(
                                gate, name, fromLinks, lifelines, settings, nanoClock),
                        DispatcherSelector.sameAsParent()));
    }

    private void notice(LinkNotice notice) {
        if (notice instanceof LinkNotice.Down down) {
            down(down);
            return;
        }
        var node = nodes.of(notice.link());
        if (node == null) {
            return; // Its link is over.
        }
        switch (notice) {
            case LinkNotice.Up(ActorRef<Engine.Command> link, EngineCard card) -> {
                nodes.up(node, link, card);
                changed();
            }
            case LinkNotice.Refused(var _, String reason) -> {
                if (node.refused(reason)) {
                    context.getLog().info("Engine node {}: {}", node.name(), reason);
                    publish();
                }
            }
            case LinkNotice.Loaded(var _, EngineLoad load) -> loaded(node, load);
            case LinkNotice.Counted(var _, int inFlight, long submitted) -> {
                node.counted(inFlight, submitted);
                leaveIfDrained(node);
            }
            case LinkNotice.Ended(var _, Engine.Event event) -> ended(node, event);
            case LinkNotice.Progressed(var _, long request) -> assignment.cleared(node, request);
            case LinkNotice.Down _ -> {}
        }
    }

    private void loaded(RoutedNode node, EngineLoad load) {
        boolean changed = node.loaded(load, nanoClock.getAsLong());
        leaveIfDrained(node);
        if (changed) {
            changed();
        } else {
            assignment.again();
        }
    }

    private void ended(RoutedNode node, Engine.Event event) {
        switch (event) {
            case Engine.Finished _ -> {
                assignment.finished();
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

    private void down(LinkNotice.Down down) {
        var node = nodes.of(down.link());
        if (node == null) {
            return;
        }
        boolean served = node.link() != null;
        nodes.down(node, down.link(), down.reason());
        assignment.lost(node, down.crashed(), down.requests());
        if (served) {
            metrics.linkLost();
            linkLost.run();
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
        // Also for who waits for this node's trial, and for who is convicted by its crash.
        changed();
        timers.startSingleTimer(
                "relink " + node.name(), new Relink(node.name()), settings.heartbeat());
    }

    // ------------------------------------------------------------------ operations

    private void admin(Admin.Command command) {
        switch (command) {
            case Admin.Status(ActorRef<Admin.Reply> replyTo) -> replyTo.tell(status());
            case Admin.Drain(String wanted, Duration grace, ActorRef<Admin.Reply> replyTo) ->
                    replyTo.tell(at(wanted, node -> drain(node, grace)));
            case Admin.Resume(String wanted, ActorRef<Admin.Reply> replyTo) ->
                    replyTo.tell(at(wanted, this::resume));
            case Admin.Canary(String wanted, int percent, ActorRef<Admin.Reply> replyTo) ->
                    replyTo.tell(at(wanted, node -> node.canary(percent)));
        }
    }

    /// Does something with a node.
    ///
    /// @return how the cluster is then
    private Admin.Reply at(String name, Consumer<RoutedNode> what) {
        var node = nodes.named(name);
        if (node == null) {
            return new Admin.NoSuchNode(name, nodes.all().stream().map(RoutedNode::name).toList());
        }
        what.accept(node);
        return status();
    }

    private void drain(RoutedNode node, Duration grace) {
        node.drain(true);
        context.getLog().info("Draining engine node {}", node.name());
        timers.startSingleTimer("leave " + node.name(), new LeaveDrained(node.name()), grace);
        publish();
        leaveIfDrained(node);
    }

    private void resume(RoutedNode node) {
        timers.cancel("leave " + node.name());
        node.drain(false);
        link(node.name());
        changed();
    }

    private Admin.Reply status() {
        long now = nanoClock.getAsLong();
        List<Admin.Node> all = nodes.all().stream().map(node -> node.status(now)).toList();
        return new Admin.Cluster(name, all, assignment.waiting());
    }

    /// A drained node that was asked to is left once nothing of it runs: it can be stopped then.
    private void leaveIfDrained(RoutedNode node) {
        if (node.isDraining() && node.link() != null && node.inFlight() == 0) {
            leaveDrained(node.name());
        }
    }

    private void leaveDrained(String address) {
        var node = nodes.named(address);
        if (node != null && node.isDraining() && node.link() != null) {
            var link = node.linkOrThrow();
            node.left();
            close(link, "the node is drained");
        }
    }

    private static void close(ActorRef<Engine.Command> link, String reason) {
        LinkToEngineActor.tell(link, new LinkToEngineActor.Close(reason));
    }

    /// Another node serves, or one does no more: all who wait ask again.
    private void changed() {
        publish();
        assignment.again();
    }

    private void publish() {
        metrics.nodes(nodes.serving(), nodes.all().size());
        published.accept(nodes.states());
    }
}
