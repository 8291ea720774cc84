package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.Hello;
import dev.ingot.api.cluster.Link.ToEngine;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.api.cluster.Link.ToRouter;
import dev.ingot.api.openai.TestTokenizer;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.RequestSpec;
import dev.ingot.scheduler.Requests;
import dev.ingot.scheduler.RequestsActor;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// A router with its links, and engine nodes whose engines are played: token *i* of a prompt is a function of both, and
/// a prompt may kill whoever computes it. All real but the devices and the network.
final class PlayedNodes implements AutoCloseable {
    static final String MODEL = "played";
    static final int POISON = 250;

    private static final int EOS_NEVER = 400;
    private static final LinkSettings LINKS =
            new LinkSettings(Duration.ofMillis(20), Duration.ofSeconds(20), Duration.ofSeconds(30));

    final ActorTestKit kit = ActorTestKit.create();
    final PrometheusRegistry registry = new PrometheusRegistry();
    final AtomicInteger crashes = new AtomicInteger();

    private final Network network;
    private final Map<Integer, Runnable> cuts = new ConcurrentHashMap<>();
    private final Map<Integer, PlayedNode> nodes = new ConcurrentHashMap<>();
    private final ActorRef<Engines.Command> router;
    private final ActorRef<RouterActor.Message> routerItself;
    private final ActorRef<Requests.Command> requests;

    /// What happens to messages on their way.
    interface Network {
        /// Somebody who passes messages on to this one, or does not.
        <M> ActorRef<M> between(ActorTestKit kit, Class<M> type, ActorRef<M> to);

        /// Nothing.
        Network PERFECT =
                new Network() {
                    @Override
                    public <M> ActorRef<M> between(
                            ActorTestKit kit, Class<M> type, ActorRef<M> to) {
                        return to;
                    }
                };
    }

    PlayedNodes(int count, Network network) {
        this.network = network;
        var self = new AtomicReference<ActorRef<RouterActor.Message>>();
        var known = new CompletableFuture<ActorRef<RouterActor.Message>>();
        router =
                kit.spawn(
                        RouterActor.create(
                                "router",
                                Map.of(MODEL, "hash"),
                                new RoutingPolicy(RoutingPolicy.Kind.PREFIX),
                                LINKS,
                                (_, port, cut) -> {
                                    cuts.put(port, cut);
                                    return () -> cuts.remove(port);
                                },
                                System::nanoTime,
                                new RouterMetrics(registry),
                                _ -> {},
                                () -> {},
                                ref -> {
                                    self.set(ref);
                                    known.complete(ref);
                                }));
        routerItself = known.join();
        requests =
                kit.spawn(
                        RequestsActor.create(
                                MODEL,
                                TestTokenizer.load().tokenizer(),
                                router,
                                new EngineMetrics(registry, MODEL),
                                System::nanoTime));
        var gates = new HashSet<ActorRef<ToGate>>();
        for (int i = 0; i < count; i++) {
            var node = new PlayedNode(i);
            nodes.put(i, node);
            gates.add(network.between(kit, ToGate.class, node.gate));
        }
        routerItself.tell(new RouterActor.Gates(gates));
    }

    /// What a request came to: its tokens, and how it ended.
    record Told(List<Integer> tokens, Output lastWord) {}

    /// Streams a request to its end.
    CompletableFuture<Told> stream(long id, Tokens prompt, int tokens) {
        var told = new CompletableFuture<Told>();
        var choice = new RequestSpec.Choice(prompt, SamplingParams.greedy(tokens));
        var spec = new RequestSpec(id, List.of(choice), true, "", true, false);
        kit.spawn(client(spec, told));
        return told;
    }

    private Behavior<Object> client(RequestSpec spec, CompletableFuture<Told> told) {
        return Behaviors.setup(context -> {
            ActorRef<Object> self = context.getSelf();
            requests.tell(new Requests.Open(spec, self.narrow()));
            var tokens = new ArrayList<Integer>();
            var handle = new AtomicReference<ActorRef<Requests.Handle>>();
            return Behaviors.receiveMessage(message -> {
                switch (message) {
                    case Requests.Opened(var opened) -> {
                        handle.set(opened);
                        opened.tell(new Requests.Attach(self.narrow()));
                    }
                    case Output.Delta delta -> {
                        for (int i = 0; i < delta.tokens().size(); i++) {
                            tokens.add(delta.tokens().get(i));
                        }
                        handle.get().tell(Requests.Taken.INSTANCE);
                    }
                    case Output.ChoiceFinished _ -> handle.get().tell(Requests.Taken.INSTANCE);
                    case Output last -> {
                        handle.get().tell(Requests.Taken.INSTANCE);
                        told.complete(new Told(List.copyOf(tokens), last));
                        return Behaviors.stopped();
                    }
                    default -> {
                        told.complete(new Told(List.of(), new Output.Broken(message.toString())));
                        return Behaviors.stopped();
                    }
                }
                return Behaviors.same();
            });
        });
    }

    static int token(Tokens prompt, int index) {
        return 'a' + Math.floorMod(prompt.hashCode() * 31 + index * 7, 26);
    }

    static List<Integer> expected(Tokens prompt, int count) {
        var all = new ArrayList<Integer>();
        for (int i = 0; i < count; i++) {
            all.add(token(prompt, i));
        }
        return all;
    }

    /// How often a sequence was submitted more than once within an epoch.
    int doubled() {
        return nodes.values().stream().mapToInt(node -> node.doubled.get()).sum();
    }

    /// Sequences that some engine still has.
    int live() {
        return nodes.values().stream().mapToInt(node -> node.live.get()).sum();
    }

    void leave(ActorRef<Requests.Handle> handle) {
        handle.tell(Requests.ClientGone.INSTANCE);
    }

    ActorRef<Requests.Command> requests() {
        return requests;
    }

    double metric(String name) {
        return registry.scrape().stream()
                .filter(each -> each.getMetadata().getPrometheusName().equals(name))
                .flatMap(each -> each.getDataPoints().stream())
                .mapToDouble(each ->
                        ((io.prometheus.metrics.model.snapshots.CounterSnapshot
                                                .CounterDataPointSnapshot)
                                        each)
                                .getValue())
                .sum();
    }

    @Override
    public void close() {
        kit.shutdownTestKit();
    }

    /// A node: its gate stays when its engine crashes, as the next process has the same address.
    private final class PlayedNode {
        private final int number;
        private final AtomicInteger doubled = new AtomicInteger();
        private final AtomicInteger live = new AtomicInteger();
        private final ActorRef<ToGate> gate;
        private volatile boolean dead;

        PlayedNode(int number) {
            this.number = number;
            gate = kit.spawn(gate(), "node-" + number);
        }

        private Behavior<ToGate> gate() {
            return Behaviors.setup(context ->
                    Behaviors.receiveMessage(message -> {
                        if (message instanceof Hello hello) {
                            dead = false;
                            live.set(0);
                            var toRouter = network.between(kit, ToRouter.class, hello.replyTo());
                            ActorRef<Engine.Command> engine = kit.spawn(engine());
                            var settings = LINKS;
                            var relayed = new AtomicReference<ActorRef<ToEngine>>();
                            var card =
                                    new EngineCard(
                                            "node-" + number,
                                            "1",
                                            "class",
                                            MODEL,
                                            "hash",
                                            1000,
                                            257,
                                            16,
                                            100,
                                            "played",
                                            64,
                                            64,
                                            number);
                            // The link tells the router who it is; between them stands the network.
                            ActorRef<ToRouter> first =
                                    kit.spawn(
                                            Behaviors.<ToRouter>receiveMessage(word -> {
                                                if (word
                                                        instanceof
                                                        Link.Welcome(
                                                                int attempt,
                                                                var itsCard,
                                                                var link)) {
                                                    if (relayed.get() == null) {
                                                        relayed.set(
                                                                network.between(
                                                                        kit, ToEngine.class, link));
                                                    }
                                                    hello.replyTo()
                                                            .tell(
                                                                    new Link.Welcome(
                                                                            attempt,
                                                                            itsCard,
                                                                            relayed.get()));
                                                } else if (!dead) {
                                                    toRouter.tell(word);
                                                }
                                                return Behaviors.same();
                                            }));
                            kit.spawn(
                                    LinkToRouterActor.create(
                                            new Hello(
                                                    hello.protocol(),
                                                    hello.router(),
                                                    hello.attempt(),
                                                    first),
                                            card,
                                            engine,
                                            mine ->
                                                    new EngineLoad(
                                                            false, live.get(), 0, mine, 0, null),
                                            settings,
                                            System::nanoTime));
                        }
                        return Behaviors.same();
                    }));
        }

        private void crash() {
            dead = true;
            crashes.incrementAndGet();
            var cut = cuts.remove(number);
            if (cut != null) {
                cut.run();
            }
        }

        private Behavior<Engine.Command> engine() {
            Map<SequenceId, Engine.Submit> running = new HashMap<>();
            Map<SequenceId, Integer> done = new HashMap<>();
            Set<String> seen = new HashSet<>();
            return Behaviors.receiveMessage(command -> {
                if (dead) {
                    return Behaviors.same();
                }
                switch (command) {
                    case Engine.Submit submit -> {
                        if (!seen.add(submit.sequence() + "@" + submit.epoch())) {
                            doubled.incrementAndGet();
                        }
                        if (submit.prompt().get(0) == POISON) {
                            submit.replyTo()
                                    .tell(new Engine.Accepted(submit.sequence(), submit.epoch()));
                            crash();
                            return Behaviors.same();
                        }
                        running.put(submit.sequence(), submit);
                        done.put(submit.sequence(), submit.generated().size());
                        submit.replyTo()
                                .tell(new Engine.Accepted(submit.sequence(), submit.epoch()));
                        advance(running, done, submit.sequence(), submit.creditUpTo());
                    }
                    case Engine.Credit credit -> {
                        var submit = running.get(credit.sequence());
                        if (submit != null && submit.epoch() == credit.epoch()) {
                            advance(running, done, credit.sequence(), credit.upTo());
                        }
                    }
                    case Engine.Abort abort -> {
                        var submit = running.get(abort.sequence());
                        if (submit != null && submit.epoch() == abort.epoch()) {
                            running.remove(abort.sequence());
                        }
                    }
                    default -> throw new IllegalStateException(command.toString());
                }
                live.set(running.size());
                return Behaviors.same();
            });
        }

        private void advance(
                Map<SequenceId, Engine.Submit> running,
                Map<SequenceId, Integer> done,
                SequenceId sequence,
                int upTo) {
            var submit = running.get(sequence);
            if (submit == null) {
                return;
            }
            int last = Math.min(upTo, submit.params().maxTokens());
            int next = done.getOrDefault(sequence, 0);
            for (; next < last; next++) {
                submit.replyTo()
                        .tell(
                                new Engine.TokensSampled(
                                        sequence,
                                        submit.epoch(),
                                        next,
                                        Tokens.of(token(submit.prompt(), next)),
                                        List.of()));
            }
            done.put(sequence, next);
            if (next >= submit.params().maxTokens() && next < EOS_NEVER) {
                running.remove(sequence);
                submit.replyTo()
                        .tell(
                                new Engine.Finished(
                                        sequence,
                                        submit.epoch(),
                                        FinishReason.LENGTH,
                                        -1,
                                        new Engine.Usage(submit.prompt().size(), 0, next)));
            }
        }
    }
}
