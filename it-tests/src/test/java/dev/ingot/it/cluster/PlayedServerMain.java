package dev.ingot.it.cluster;

import com.typesafe.config.ConfigFactory;
import dev.ingot.api.HttpServer;
import dev.ingot.api.Node;
import dev.ingot.api.Routes;
import dev.ingot.api.ServerConfig;
import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.cluster.EngineNodeActor;
import dev.ingot.api.cluster.Fingerprint;
import dev.ingot.api.cluster.LifelineListener;
import dev.ingot.api.cluster.LinkSettings;
import dev.ingot.api.cluster.NodeSystem;
import dev.ingot.api.http.RequestThreads;
import dev.ingot.api.openai.GenerationDefaults;
import dev.ingot.api.openai.OpenAiRoutes;
import dev.ingot.api.openai.ServedModel;
import dev.ingot.api.openai.Serving;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineSettings;
import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.Requests;
import dev.ingot.scheduler.RequestsActor;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.Materializer;

/// A server whose engine is played: it tells a sequence its first token at once and then one in each step, to all
/// sequences at the same time. A step takes 10 ms, with more than 32 sequences 50 ms. A token's id says when it was
/// told. So what a client sees is the way of a token, and not the time of a model.
///
/// Arguments: nothing, to serve alone; or the place of a router to join.
public final class PlayedServerMain {
    private static final int TICK_NANOS = 25_000;
    private static final int TICKS = 3000;
    private static final int FIRST_TOKEN = 1000;

    private static final String SCHEDULER = "ingot.scheduler-dispatcher";
    private static final int FEW = 32;
    private static final int VOCABULARY = 4096;
    private static final int MAX_LENGTH = 2048;

    private PlayedServerMain() {}

    /// Serves until it is killed.
    public static void main(String[] arguments) throws IOException {
        var registry = new PrometheusRegistry();
        var metrics = new EngineMetrics(registry, "ingot-small");
        var status =
                new EngineStatus(
                        EngineStatus.State.READY,
                        "",
                        1,
                        new EngineStatus.Capabilities(
                                MAX_LENGTH, VOCABULARY, 16, 100_000, "played", "played"));
        var folder = Path.of("..", "models", "ingot-small");
        if (arguments.length == 0) {
            ActorSystem.<Void>create(
                    Behaviors.setup(context -> {
                        var guardian =
                                context.spawn(
                                        guardian(), "engine", DispatcherSelector.sameAsParent());
                        var tokenizer = Tokenizer.load(folder);
                        ActorRef<Requests.Command> requests =
                                context.spawn(
                                        RequestsActor.create(
                                                "ingot-small",
                                                tokenizer,
                                                guardian,
                                                metrics,
                                                System::nanoTime),
                                        "requests",
                                        DispatcherSelector.sameAsParent());
                        listen(context.getSystem(), requests, tokenizer, status);
                        return Behaviors.empty();
                    }),
                    "ingot",
                    ConfigFactory.parseResources(Node.class, "threads.conf")
                            .withFallback(ConfigFactory.load()),
                    RequestThreads.props());
            return;
        }
        var lifeline = LifelineListener.listen("127.0.0.1");
        var parts =
                new EngineNodeActor.Parts(
                        guardian(),
                        new EngineSettings("ingot-small", 1024, 1024, 1024, true),
                        "ingot-small",
                        "played",
                        Fingerprint.ofText(folder),
                        "played",
                        () -> status,
                        metrics,
                        lifeline.port(),
                        System::nanoTime);
        var settings =
                new ClusterSettings(
                        ClusterSettings.Role.ENGINE,
                        "127.0.0.1",
                        0,
                        Optional.empty(),
                        Optional.empty(),
                        List.of(arguments[0]),
                        Optional.empty(),
                        LinkSettings.DEFAULT,
                        Duration.ZERO);
        var unused = NodeSystem.start(EngineNodeActor.create(parts, settings), settings);
        System.out.println("joining " + arguments[0] + " " + unused.name());
    }

    private static void listen(
            ActorSystem<?> system,
            ActorRef<Requests.Command> requests,
            Tokenizer tokenizer,
            EngineStatus status) {
        var model =
                new ServedModel(
                        List.of("ingot-small"),
                        0,
                        MAX_LENGTH,
                        VOCABULARY,
                        tokenizer,
                        Optional.empty(),
                        OutputFormat.PLAIN,
                        GenerationDefaults.NEUTRAL,
                        Tokens.NONE);
        var config = ServerConfig.of("127.0.0.1", 0);
        var routes =
                new OpenAiRoutes(
                                system,
                                List.of(
                                        new Serving(
                                                model, () -> status, Optional::empty, requests)),
                                config.openAi(),
                                new Random(1),
                                InstantSource.system())
                        .routes();
        HttpServer.start(
                        system,
                        config,
                        new Routes(() -> routes, new Random(2), Materializer.matFromSystem(system)))
                .thenAccept(server -> System.out.println("listens on http:/" + server.address()));
    }

    private static Behavior<Engines.Command> guardian() {
        return Behaviors.setup(context -> {
            ActorRef<Engine.Command> engine =
                    context.spawn(engine(), "scheduler", DispatcherSelector.fromConfig(SCHEDULER));
            return Behaviors.receiveMessage(message -> {
                switch (message) {
                    case Engines.Find find ->
                            find.replyTo().tell(new Engines.Found(engine, "played"));
                    case Engines.Drain drain -> drain.replyTo().tell(Engines.Drained.INSTANCE);
                    default -> {}
                }
                return Behaviors.same();
            });
        });
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Running(Engine.Submit submit, int[] told, int[] credit) {}

    private static Behavior<Engine.Command> engine() {
        Map<SequenceId, Running> running = new HashMap<>();
        var count = new AtomicInteger();
        Behavior<Object> engine =
                Behaviors.setup(context -> {
                    ActorRef<Object> self = context.getSelf();
                    Thread.ofPlatform().daemon().start(() -> step(self, count));
                    return Behaviors.receiveMessage(message -> {
                        switch (message) {
                            case Engine.Submit submit -> {
                                submit.replyTo()
                                        .tell(
                                                new Engine.Accepted(
                                                        submit.sequence(), submit.epoch()));
                                var each =
                                        new Running(
                                                submit,
                                                new int[1],
                                                new int[] {submit.creditUpTo()});
                                if (!sample(each)) {
                                    running.put(submit.sequence(), each);
                                }
                            }
                            case Engine.Credit credit -> {
                                var each = running.get(credit.sequence());
                                if (each != null) {
                                    each.credit()[0] = credit.upTo();
                                }
                            }
                            case Engine.Abort abort -> running.remove(abort.sequence());
                            default -> running.values().removeIf(PlayedServerMain::sample);
                        }
                        count.set(running.size());
                        return Behaviors.same();
                    });
                });
        return engine.unsafeCast().narrow();
    }

    /// A thread that computes for so long, without computing.
    private static void step(ActorRef<Object> engine, AtomicInteger sequences) {
        long next = System.nanoTime();
        while (true) {
            next += stepOf(sequences.get()).toNanos();
            while (System.nanoTime() < next) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
            engine.tell("step");
        }
    }

    /// How long a step takes.
    static Duration stepOf(int sequences) {
        return Duration.ofMillis(sequences <= FEW ? 10 : 50);
    }

    /// @return whether that was the last one
    private static boolean sample(Running sequence) {
        var submit = sequence.submit();
        int told = sequence.told()[0];
        if (told < Math.min(sequence.credit()[0], submit.params().maxTokens())) {
            submit.replyTo()
                    .tell(
                            new Engine.TokensSampled(
                                    submit.sequence(),
                                    submit.epoch(),
                                    told,
                                    Tokens.of(tokenAt(System.nanoTime())),
                                    List.of()));
            sequence.told()[0] = ++told;
        }
        if (told < submit.params().maxTokens()) {
            return false;
        }
        submit.replyTo()
                .tell(
                        new Engine.Finished(
                                submit.sequence(),
                                submit.epoch(),
                                FinishReason.LENGTH,
                                -1,
                                new Engine.Usage(submit.prompt().size(), 0, told)));
        return true;
    }

    private static int tokenAt(long nanos) {
        return FIRST_TOKEN + Math.floorMod(nanos / TICK_NANOS, TICKS);
    }

    /// Nanoseconds since the engine told this token, to 25 µs and up to 75 ms.
    static long ageOf(int token, long nowNanos) {
        return (long) TICK_NANOS * Math.floorMod(tokenAt(nowNanos) - token, TICKS);
    }
}
