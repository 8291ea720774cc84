package dev.ingot.it.sim;

import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.EngineGuardian;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineParts;
import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Engines;
import dev.ingot.scheduler.FaultPoint;
import dev.ingot.scheduler.Requests;
import dev.ingot.scheduler.RequestsActor;
import dev.ingot.worker.Worker;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.PoisonPill;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/// One seed, from its first request until nothing of it is left.
final class Simulation {
    /// Nobody is told anything: of a million requests one had to wait for more than five minutes, while a dozen engines were
    /// lost one after the other, each after a longer back-off.
    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(20);

    private static final Duration SETTLING = Duration.ofMinutes(5);
    private static final Duration ARRIVAL = Duration.ofSeconds(2);
    private static final Duration LONGEST_SLIP = Duration.ofMillis(20);
    private static final int SLIP_EVERY = 20;
    private static final int ANSWER_LATE_EVERY = 4;
    private static final Duration LATEST_ANSWER = Duration.ofMillis(100);
    private static final long MOST_STEPS = 20_000_000;

    private final SimSystem system;
    private final long seed;
    private final SimSettings settings;
    private final Faults faults;
    private final @Nullable FaultPoint onlyPoint;
    private final Random random;
    private final Ledger ledger = new Ledger();
    private final List<ClientLog> logs = new ArrayList<>();
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final EngineMetrics metrics = new EngineMetrics(registry, "sim");
    private final Conversation conversation;
    private final Random slipping;
    private final Random answering;
    private final Set<Tokens> hashed = new HashSet<>();
    private final Map<FaultPoint, Integer> passed = new EnumMap<>(FaultPoint.class);
    private long heardNanos;
    private long endNanos;

    /// The last one serves; those before it were drained.
    private final List<SimEngine> engines = new ArrayList<>();

    private @Nullable ActorRef<Requests.Command> requests;
    private boolean draining;
    private String notDrained = "";
    private int clientsOver;
    private final List<ClientLog> toJudge = new ArrayList<>();

    /// What a seed came to.
    ///
    /// @param steps messages that were processed
    /// @param hash of their order
    /// @param ends of the clients
    /// @param occasions that there were for faults
    /// @param passed how often
    record Report(
            long seed,
            int requests,
            long steps,
            long hash,
            long tokens,
            Duration simulated,
            Map<ClientLog.End, Integer> ends,
            Map<Fault, Integer> faults,
            Map<Fault, Integer> occasions,
            Map<FaultPoint, Integer> passed,
            Map<String, Double> metrics) {}

    private Simulation(
            SimSystem system,
            long seed,
            SimSettings settings,
            Faults faults,
            @Nullable FaultPoint onlyPoint) {
        this.system = system;
        this.seed = seed;
        this.settings = settings;
        this.faults = faults;
        this.onlyPoint = onlyPoint;
        this.random = new Random(SimDevice.mix(seed ^ 0x3A11D0));
        this.slipping = new Random(SimDevice.mix(seed ^ 0x511B));
        this.answering = new Random(SimDevice.mix(seed ^ 0xA45));
        this.conversation =
                new Conversation(
                        settings,
                        system.time()::nanos,
                        () -> metrics.load().running() + metrics.load().waiting());
    }

    /// @throws Violation with the seed and the trace, if an invariant does not hold
    static Report run(SimSystem system, long seed, SimSettings settings, Faults faults) {
        return run(system, seed, settings, faults, null);
    }

    /// @param onlyPoint the one place where actors throw, or null for all
    static Report run(
            SimSystem system,
            long seed,
            SimSettings settings,
            Faults faults,
            @Nullable FaultPoint onlyPoint) {
        return new Simulation(system, seed, settings, faults, onlyPoint).run();
    }

    private Violation traced(Violation violation) {
        return new Violation(
                "seed "
                        + seed
                        + ": "
                        + violation.getMessage()
                        + "\n"
                        + settings
                        + "\nfaults: "
                        + faults.happened()
                        + "\n"
                        + String.join("\n", system.executor().trace()),
                violation);
    }

    private Report run() {
        system.time().reset(); // The actor system itself has set timers while it started.
        system.executor().seed(SimDevice.mix(seed));
        system.executor().listen(conversation);
        FaultPoint.injectWith(this::passed);
        var actors = system.actors();
        engines.add(new SimEngine());
        var router =
                Adapter.spawn(
                        actors,
                        SimRouter.create(() -> engines.getLast().guardian, this::onItsWay),
                        "router-" + Long.toHexString(seed));
        var opener =
                Adapter.spawn(
                        actors,
                        RequestsActor.create(
                                "sim", system.tokenizer(), router, metrics, system.time()::nanos),
                        "requests-" + Long.toHexString(seed));
        requests = opener;
        for (var client : Workload.clients(seed, settings, faults, ledger)) {
            var log = new ClientLog(client);
            logs.add(log);
            Adapter.spawn(
                    actors, SimClient.create(this, client, log), "client-" + client.spec().id());
        }
        try {
            while (clientsOver < logs.size()) {
                next();
            }
            faults.over();
            long settled = system.time().nanos() + SETTLING.toNanos();
            while (system.time().nanos() < settled) {
                next();
            }
            checkNothingLeft();
            endNanos = system.time().nanos();
        } catch (Violation violation) {
            throw traced(violation);
        } finally {
            FaultPoint.injectWith(_ -> {});
            system.executor().listen(null);
            engines.forEach(engine -> actors.stop(Adapter.toClassic(engine.guardian)));
            actors.stop(Adapter.toClassic(router));
            actors.stop(Adapter.toClassic(opener));
            for (int i = 1; clientsOver < logs.size() && i <= logs.size(); i++) {
                actors.actorSelection("/user/client-" + i)
                        .tell(PoisonPill.getInstance(), org.apache.pekko.actor.ActorRef.noSender());
            }
            while (system.executor().step()) {
                // The last messages of what was stopped.
            }
            system.thrown();
            system.time().reset();
        }
        return report();
    }

    /// A client was told something.
    void heard() {
        heardNanos = system.time().nanos();
    }

    private void next() {
        if (settings.slips()
                && slipping.nextInt(SLIP_EVERY) == 0
                && system.time().advanceWithin(LONGEST_SLIP.toNanos())) {
            return;
        }
        if (!system.executor().step()) {
            if (!system.time().advance()) {
                throw new Violation("nothing is left to happen, and clients still wait");
            }
            return;
        }
        check();
        boolean still = system.time().nanos() - heardNanos > LONGEST_SILENCE.toNanos();
        if (clientsOver < logs.size() && (still || system.executor().steps() > MOST_STEPS)) {
            throw new Violation((logs.size() - clientsOver) + " clients wait for ever");
        }
    }

    private void check() {
        for (var failure : system.thrown()) {
            var thrown = failure;
            while (thrown.getCause() != null) {
                thrown = thrown.getCause();
            }
            boolean expected =
                    thrown instanceof InjectedFault
                            || String.valueOf(thrown.getMessage()).equals("injected")
                            || (thrown.getClass().getSimpleName().equals("OverdueException")
                                    && ledger.watchdogs() > 0);
            if (!expected) {
                throw thrown instanceof Violation violation
                        ? violation
                        : new Violation("an actor threw " + thrown, thrown);
            }
        }
        require(notDrained.isEmpty(), notDrained);
        conversation.check(system.executor().lastActorLives());
        for (var log : List.copyOf(toJudge)) {
            log.judge(
                    settings,
                    ledger,
                    metric("ingot:engine_restarts"),
                    faults.count(Fault.ENGINE_DRAINED));
        }
        toJudge.clear();
        var actor = system.executor().lastActor();
        if (actor.startsWith("allocator") || actor.startsWith("worker")) {
            engines.forEach(SimEngine::check); // Nobody else moves blocks.
        }
    }

    private void checkNothingLeft() {
        var engine = engines.getLast();
        require(
                engine.status != null && engine.status.isReady(),
                "the engine is not ready: " + engine.status);
        require(engine.blocks != null, "the engine has no blocks");
        engines.forEach(SimEngine::requireEmpty);
        double restarts = metric("ingot:engine_restarts");
        require(
                restarts <= deadlyFaults(),
                restarts + " engines were lost to " + deadlyFaults() + " faults");
        for (var gauge :
                List.of(
                        "vllm:num_requests_running",
                        "vllm:num_requests_waiting",
                        "ingot:queued_prompt_tokens",
                        "vllm:kv_cache_usage_perc")) {
            require(metric(gauge) == 0, gauge + " is " + metric(gauge));
        }
        var tree = ((ExtendedActorSystem) system.actors()).printTree();
        long left =
                tree.lines()
                        .filter(line -> line.contains("RequestActor") || line.contains("client-"))
                        .count();
        int children =
                tree.substring(tree.indexOf("requests-"))
                        .lines()
                        .skip(1)
                        .limit(1)
                        .filter(line -> line.contains("$"))
                        .toList()
                        .size();
        require(left == 0 && children == 0, "actors are left:\n" + tree);
        int deaths = count(ClientLog.End.DIED) + count(ClientLog.End.UNANSWERED);
        double crashed = metric("ingot:requests_crashed");
        require(
                crashed == faults.count(Fault.REQUEST_THROWS),
                crashed
                        + " crashed requests were counted of "
                        + faults.count(Fault.REQUEST_THROWS));
        int killed = faults.count(Fault.REQUEST_KILLED) + faults.count(Fault.REQUEST_THROWS);
        require(deaths <= killed, deaths + " requests ended without a last word");
    }

    /// At most so many engines could be lost.
    private int deadlyFaults() {
        int count = ledger.workersLost() + ledger.stepsFailed();
        for (var fault :
                List.of(
                        Fault.SCHEDULER_THROWS,
                        Fault.LAST_WORD_LOST,
                        Fault.ALLOCATOR_THROWS,
                        Fault.SCHEDULER_KILLED,
                        Fault.ALLOCATOR_KILLED,
                        Fault.WORKER_KILLED,
                        Fault.LOAD_FAILS,
                        Fault.LOAD_CRASHES)) {
            count += faults.count(fault);
        }
        return count;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new Violation(otherwise);
        }
    }

    private int count(ClientLog.End end) {
        return (int) logs.stream().filter(log -> log.end() == end).count();
    }

    private double metric(String name) {
        double sum = 0;
        for (var snapshot : registry.scrape(name::equals)) {
            switch (snapshot) {
                case GaugeSnapshot gauge -> sum += gauge.getDataPoints().getFirst().getValue();
                case CounterSnapshot counter -> {
                    for (var point : counter.getDataPoints()) {
                        sum += point.getValue();
                    }
                }
                default -> {}
            }
        }
        return sum;
    }

    private Report report() {
        var ends = new EnumMap<ClientLog.End, Integer>(ClientLog.End.class);
        long tokens = 0;
        for (var log : logs) {
            var end = log.end();
            if (end != null) {
                ends.merge(end, 1, Integer::sum);
            }
            tokens += log.outputs();
        }
        return new Report(
                seed,
                logs.size(),
                system.executor().steps(),
                system.executor().hash(),
                tokens,
                Duration.ofNanos(endNanos),
                ends,
                faults.happened(),
                faults.occasions(),
                Map.copyOf(passed),
                Map.ofEntries(
                        Map.entry("preemptions", metric("vllm:num_preemptions")),
                        Map.entry("restarts", metric("ingot:engine_restarts")),
                        Map.entry("handedBack", metric("ingot:sequences_handed_back")),
                        Map.entry("canaries", metric("ingot:canaries")),
                        Map.entry("resubmissions", metric("ingot:request_resubmissions")),
                        Map.entry("hits", metric("vllm:prefix_cache_hits")),
                        Map.entry("forked tokens", metric("ingot:forked_tokens")),
                        Map.entry("copied blocks", metric("ingot:copied_blocks")),
                        Map.entry("window blocks", metric("ingot:window_blocks")),
                        Map.entry("timed out", metric("ingot:requests_timed_out")),
                        Map.entry("contents hashed alike", Math.max(0.0, hashed.size() - 2.0))));
    }

    /// What an engine is made of: a device that is played, and blocks that are watched.
    final class SimEngine implements EngineParts {
        private final ActorRef<Engines.Command> guardian;
        private @Nullable KvAllocator blocks;
        private @Nullable StepPlan inFlight;
        private @Nullable EngineStatus status;
        private boolean workerKilled;
        private boolean loaded;

        SimEngine() {
            guardian =
                    Adapter.spawn(
                            system.actors(),
                            EngineGuardian.create(
                                    settings.engine(),
                                    this,
                                    this::published,
                                    metrics,
                                    system.time()::nanos),
                            name(engines.size()));
        }

        @Override
        public Behavior<Worker.Command> worker(ActorRef<Worker.Report> reportTo) {
            return SimWorker.create(Simulation.this, this, reportTo);
        }

        @Override
        public KvAllocator blocks(KvGeometry kv, boolean prefixCaching) {
            inFlight = null;
            var fresh =
                    settings.hashesCollide()
                            ? new KvAllocator(
                                    kv.blockSize(),
                                    kv.blockCount(),
                                    prefixCaching,
                                    kv.groups(),
                                    this::hash)
                            : EngineParts.super.blocks(kv, prefixCaching);
            blocks = fresh;
            return fresh;
        }

        /// Two values for all contents.
        private long hash(long parentHash, int[] tokens) {
            hashed.add(Tokens.of(tokens));
            return tokens[0] & 1;
        }

        private void published(EngineStatus now) {
            status = now;
            if (now.state() == EngineStatus.State.RESTARTING
                    || now.reason().contains("nothing runs any more")) {
                blocks = null;
                inFlight = null;
            }
        }

        boolean hasLoaded() {
            return loaded;
        }

        void loaded() {
            loaded = true;
        }

        void stepStarted(StepPlan plan) {
            inFlight = plan;
            if (faults.happens(Fault.SCHEDULER_KILLED)) {
                later(this::killScheduler);
            }
            if (faults.happens(Fault.ALLOCATOR_KILLED)) {
                later(() -> kill("allocator-*"));
            }
            if (faults.happens(Fault.WORKER_KILLED)) {
                workerKilled = true;
                later(() -> kill("worker-*"));
            }
        }

        void stepEnded() {
            inFlight = null;
        }

        /// @param loss of the worker that ends, if it was lost by itself
        void workerStopped(Ledger.@Nullable Loss loss) {
            if (workerKilled) {
                var engine = guardian.path().toStringWithoutAddress();
                ledger.workerKilled(loss, conversation.waitedFor(engine));
            }
        }

        void killScheduler() {
            kill("scheduler-*");
        }

        private void kill(String actor) {
            system.actors()
                    .actorSelection(guardian.path().toStringWithoutAddress() + "/" + actor)
                    .tell(PoisonPill.getInstance(), org.apache.pekko.actor.ActorRef.noSender());
        }

        private void check() {
            if (blocks == null) {
                return;
            }
            try {
                blocks.checkInvariants();
            } catch (IllegalStateException e) {
                throw new Violation(String.valueOf(e.getMessage()), e);
            }
            if (inFlight == null) {
                return;
            }
            for (var slice : inFlight.slices()) {
                for (int g = 0; g < settings.groups().count(); g++) {
                    checkInUse(slice, g, inFlight.stepId());
                }
            }
        }

        private void checkInUse(Slice slice, int group, long stepId) {
            int window = settings.groups().windows().get(group);
            int seen = SimDevice.firstSeen(slice.firstPosition() + 1, window);
            for (int i = seen / settings.blockSize(); i < slice.blocks().size(); i++) {
                int block = slice.blocks().block(group, i);
                if (block < settings.blockCount() && blocks != null && blocks.isAvailable(block)) {
                    throw new Violation(
                            "block "
                                    + block
                                    + " can be taken while step "
                                    + stepId
                                    + " may still write it");
                }
            }
        }

        private void requireEmpty() {
            require(
                    blocks == null || blocks.availableBlocks() == settings.blockCount(),
                    "blocks are held by nobody: " + (blocks == null ? "" : blocks.usage()));
        }
    }

    private String name(int engine) {
        return "engine-" + Long.toHexString(seed) + "-" + engine;
    }

    /// Another engine takes the place of the one that serves, which has a moment to end.
    private void drain() {
        var old = engines.getLast();
        engines.add(new SimEngine());
        var grace = Duration.ofMillis(random.nextInt(4) == 0 ? 0 : random.nextInt(300));
        var drained =
                Adapter.spawn(
                        system.actors(),
                        Behaviors.<Engines.Drained>receiveMessage(_ -> {
                            // By then every message has arrived: what was given back is.
                            system.time()
                                    .after(
                                            ARRIVAL.toNanos(),
                                            () -> drained(old),
                                            system.actors().dispatcher());
                            return Behaviors.stopped();
                        }),
                        "drained-" + name(engines.size()));
        old.guardian.tell(new Engines.Drain(grace, drained));
    }

    private void drained(SimEngine old) {
        draining = false;
        // A step that hangs keeps what it may still write.
        if (old.blocks != null
                && (old.blocks.usage().referenced() > 0
                        || (old.inFlight == null && old.blocks.usage().fenced() > 0))) {
            notDrained = "an engine said that it was empty and held " + old.blocks.usage();
        }
    }

    /// The name of an engine that serves may arrive when that drains, or is gone.
    private void onItsWay(Runnable arrival) {
        if (settings.crowd() == SimSettings.Crowd.NONE
                && answering.nextInt(ANSWER_LATE_EVERY) == 0) {
            system.time()
                    .after(
                            answering.nextLong(LATEST_ANSWER.toNanos()),
                            arrival,
                            system.actors().dispatcher());
        } else {
            arrival.run();
        }
    }

    private void passed(FaultPoint point) {
        passed.merge(point, 1, Integer::sum);
        if (onlyPoint != null && onlyPoint != point) {
            return;
        }
        var kind =
                switch (point) {
                    case SCHEDULER_BEFORE_RESERVE,
                            SCHEDULER_AFTER_RESERVE,
                            SCHEDULER_BEFORE_SUBMIT,
                            SCHEDULER_AFTER_SUBMIT,
                            SCHEDULER_BEFORE_DELIVERY,
                            SCHEDULER_ON_ABORT ->
                            Fault.SCHEDULER_THROWS;
                    case SCHEDULER_BEFORE_LAST_WORD -> Fault.LAST_WORD_LOST;
                    case ALLOCATOR_BEFORE_RESERVE,
                            ALLOCATOR_AFTER_RESERVE,
                            ALLOCATOR_ON_RELEASE,
                            ALLOCATOR_AFTER_STEP ->
                            Fault.ALLOCATOR_THROWS;
                    case REQUEST_BEFORE_SUBMIT, REQUEST_ON_TOKENS, REQUEST_ON_FINISHED ->
                            Fault.REQUEST_THROWS;
                };
        if (faults.happens(kind)) {
            throw new InjectedFault(point.name());
        }
    }

    // ------------------------------------------------------------------ what the played parts ask
    // and tell

    SimSettings settings() {
        return settings;
    }

    Faults faults() {
        return faults;
    }

    Ledger ledger() {
        return ledger;
    }

    Random random() {
        return random;
    }

    long nanos() {
        return system.time().nanos();
    }

    /// So many there have been.
    int engines() {
        return engines.size();
    }

    ActorRef<Requests.Command> requests() {
        var opener = requests;
        if (opener == null) {
            throw new IllegalStateException("not started");
        }
        return opener;
    }

    void clientOver(ClientLog log) {
        clientsOver++;
        log.over(system.time().nanos());
        toJudge.add(log);
    }

    void opened(ActorRef<Requests.Handle> handle) {
        if (!draining && faults.happens(Fault.ENGINE_DRAINED)) {
            draining = true;
            later(this::drain);
        }
        if (faults.happens(Fault.REQUEST_KILLED)) {
            later(() ->
                    Adapter.toClassic(handle)
                            .tell(
                                    PoisonPill.getInstance(),
                                    org.apache.pekko.actor.ActorRef.noSender()));
        }
    }

    /// By this step.
    Ledger.Loss workerLost(StepPlan plan) {
        var loss = ledger.workerLost(plan);
        require(
                ledger.mostLossesToOnePoison() <= 2 * engines.size(),
                "one prompt has cost " + ledger.mostLossesToOnePoison() + " workers");
        return loss;
    }

    private void later(Runnable task) {
        system.time().after(1_000_000L * random.nextInt(100), task, system.actors().dispatcher());
    }
}
