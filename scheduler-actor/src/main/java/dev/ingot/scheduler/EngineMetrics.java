package dev.ingot.scheduler;

import dev.ingot.engine.kv.KvUsage;
import dev.ingot.engine.kv.PrefixCounts;
import dev.ingot.engine.kv.PrefixDigest;
import dev.ingot.engine.kv.SharingCounts;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.schedule.WaitingLine;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.scheduler.Requests.Refused;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What an engine and the requests of one model record, where things change; `/metrics` exposes it.
///
/// Safe from any thread.
public final class EngineMetrics {
    private static final double NANOS = 1e-9;

    private final MetricFamilies families;
    private final String model;
    private final GaugeDataPoint running;
    private final GaugeDataPoint waiting;
    private final GaugeDataPoint kvUsage;
    private final GaugeDataPoint ready;
    private final CounterDataPoint prefixQueries;
    private final CounterDataPoint prefixHits;
    private final CounterDataPoint preemptions;
    private final CounterDataPoint promptTokens;
    private final CounterDataPoint generationTokens;
    private final CounterDataPoint rejected;
    private final CounterDataPoint rowFailures;
    private final CounterDataPoint engineRestarts;
    private final CounterDataPoint suspected;
    private final CounterDataPoint condemned;
    private final CounterDataPoint resubmissions;
    private final CounterDataPoint requestsCrashed;
    private final CounterDataPoint approximateContinuations;
    private final CounterDataPoint handedBack;
    private final CounterDataPoint staleReplies;
    private final DistributionDataPoint ttft;
    private final DistributionDataPoint interToken;
    private final DistributionDataPoint e2e;
    private final DistributionDataPoint requestPromptTokens;
    private final DistributionDataPoint requestGenerationTokens;
    private final DistributionDataPoint stepTokens;
    private final DistributionDataPoint stepSeconds;
    private final DistributionDataPoint stepDeviceSeconds;
    private final GaugeDataPoint queuedTokens;
    private final GaugeDataPoint drainRate;
    private final CounterDataPoint forkedTokens;
    private final CounterDataPoint copiedBlocks;
    private final CounterDataPoint windowBlocks;
    private final DistributionDataPoint queueTime;

    private SharingCounts lastSharingCounts = new SharingCounts(0, 0, 0);
    private volatile int runningNow;
    private volatile int waitingNow;
    private volatile double kvUsageNow;
    private volatile PrefixDigest prefixesNow = PrefixDigest.EMPTY;
    private volatile @Nullable Refused fullNow;
    private PrefixCounts lastPrefixCounts = new PrefixCounts(0, 0, 0);

    /// @param model the served name, as the label `model_name`
    public EngineMetrics(PrometheusRegistry registry, String model) {
        this(new MetricFamilies(registry), model);
    }

    private EngineMetrics(MetricFamilies families, String model) {
        this.families = families;
        this.model = model;
        running = families.running.labelValues(model);
        waiting = families.waiting.labelValues(model);
        kvUsage = families.kvUsage.labelValues(model);
        ready = families.ready.labelValues(model);
        prefixQueries = families.prefixQueries.labelValues(model);
        prefixHits = families.prefixHits.labelValues(model);
        preemptions = families.preemptions.labelValues(model);
        promptTokens = families.promptTokens.labelValues(model);
        generationTokens = families.generationTokens.labelValues(model);
        rejected = families.rejected.labelValues(model);
        rowFailures = families.rowFailures.labelValues(model);
        engineRestarts = families.engineRestarts.labelValues(model);
        suspected = families.suspected.labelValues(model);
        condemned = families.condemned.labelValues(model);
        resubmissions = families.resubmissions.labelValues(model);
        requestsCrashed = families.requestsCrashed.labelValues(model);
        approximateContinuations = families.approximateContinuations.labelValues(model);
        handedBack = families.handedBack.labelValues(model);
        staleReplies = families.staleReplies.labelValues(model);
        ttft = families.ttft.labelValues(model);
        interToken = families.interToken.labelValues(model);
        e2e = families.e2e.labelValues(model);
        requestPromptTokens = families.requestPromptTokens.labelValues(model);
        requestGenerationTokens = families.requestGenerationTokens.labelValues(model);
        stepTokens = families.stepTokens.labelValues(model);
        stepSeconds = families.stepSeconds.labelValues(model);
        stepDeviceSeconds = families.stepDeviceSeconds.labelValues(model);
        queuedTokens = families.queuedTokens.labelValues(model);
        drainRate = families.drainRate.labelValues(model);
        forkedTokens = families.forkedTokens.labelValues(model);
        copiedBlocks = families.copiedBlocks.labelValues(model);
        windowBlocks = families.windowBlocks.labelValues(model);
        queueTime = families.queueTime.labelValues(model);
        nameLabels();
    }

    /// The same metrics for another model.
    public EngineMetrics forModel(String other) {
        return new EngineMetrics(families, other);
    }

    /// Every label that there can be stands at zero from the start: a rate needs two points.
    private void nameLabels() {
        for (var kind : DeviceException.Kind.values()) {
            families.stepFailures.labelValues(model, kind.name().toLowerCase(Locale.ROOT));
        }
        for (var cause : List.of("worker", "scheduler", "allocator", "watchdog", "canary")) {
            families.engineLosses.labelValues(model, cause);
        }
        for (var result : List.of("ok", "failed", "silent")) {
            families.canaries.labelValues(model, result);
        }
        for (var priority : PriorityClass.values()) {
            families.waitingByClass.labelValues(model, label(priority)).set(0);
        }
        for (boolean inQueue : new boolean[] {true, false}) {
            families.timedOut.labelValues(model, limit(inQueue));
        }
        for (var reason : FinishReason.values()) {
            families.success.labelValues(model, label(reason));
        }
    }

    private static String label(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case ABORTED -> "abort";
            case ERROR -> "error";
        };
    }

    /// What the engine has to do now.
    ///
    /// @param running sequences that hold KV blocks
    /// @param waiting sequences that wait for blocks or a place
    /// @param kvUsage share of the KV blocks in use
    /// @param prefixes what its prefix cache held a moment ago
    public record Load(int running, int waiting, double kvUsage, PrefixDigest prefixes) {}

    /// The load as it was last recorded.
    public Load load() {
        return new Load(runningNow, waitingNow, kvUsageNow, prefixesNow);
    }

    /// Turns a request away that has not been prepared yet, if as many wait as may; counted like one that the scheduler
    /// refuses. Where a place comes free or is taken at this very moment, either answer is right.
    public Optional<Refused> turnAway() {
        var refused = Optional.ofNullable(fullNow);
        refused.ifPresent(_ -> rejected());
        return refused;
    }

    /// @param refused what whoever comes now is told; null while the queue has a place
    void full(@Nullable Refused refused) {
        fullNow = refused;
    }

    void prefixes(PrefixDigest digest) {
        prefixesNow = digest;
    }

    private static String label(PriorityClass priority) {
        return switch (priority) {
            case HIGH -> "high";
            case NORMAL -> "normal";
            case LOW -> "low";
        };
    }

    private static String limit(boolean inQueue) {
        return inQueue ? "queue" : "request";
    }

    void backlog(WaitingLine line, Backlog backlog) {
        for (var priority : PriorityClass.values()) {
            families.waitingByClass.labelValues(model, label(priority)).set(line.size(priority));
        }
        queuedTokens.set((double) backlog.tokens());
        drainRate.set(backlog.drainRate().tokensPerSecond());
    }

    /// Takes the allocator's running totals; told by one actor at a time.
    void sharing(SharingCounts counts) {
        var last = lastSharingCounts;
        forkedTokens.inc(since(last.forkedTokens(), counts.forkedTokens()));
        copiedBlocks.inc(since(last.copiedBlocks(), counts.copiedBlocks()));
        windowBlocks.inc(since(last.windowBlocks(), counts.windowBlocks()));
        lastSharingCounts = counts;
    }

    /// A new engine counts from zero.
    private static long since(long last, long now) {
        return now >= last ? now - last : now;
    }

    void timedOut(boolean inQueue) {
        families.timedOut.labelValues(model, limit(inQueue)).inc();
    }

    void started(long nanosAfterArrival) {
        queueTime.observe(nanosAfterArrival * NANOS);
    }

    void queues(int runningCount, int waitingCount) {
        runningNow = runningCount;
        waitingNow = waitingCount;
        running.set(runningCount);
        waiting.set(waitingCount);
    }

    void kvUsage(KvUsage usage) {
        kvUsageNow = (double) (usage.referenced() + usage.fenced()) / usage.total();
        kvUsage.set(kvUsageNow);
    }

    /// Takes the allocator's running totals; told by one actor at a time.
    void prefixCache(PrefixCounts counts) {
        var last = lastPrefixCounts;
        prefixQueries.inc(since(last.queriedTokens(), counts.queriedTokens()));
        prefixHits.inc(since(last.hitTokens(), counts.hitTokens()));
        lastPrefixCounts = counts;
    }

    /// What computes from now on.
    void computesOn(EngineStatus.Capabilities capabilities) {
        families.device
                .labelValues(model, capabilities.device(), capabilities.numericClass())
                .set(1);
    }

    void ready(boolean isReady) {
        ready.set(isReady ? 1 : 0);
    }

    void preempted() {
        preemptions.inc();
    }

    void rejected() {
        rejected.inc();
    }

    void finished(FinishReason reason) {
        families.success.labelValues(model, label(reason)).inc();
    }

    void stepFailed(DeviceException.Kind kind) {
        families.stepFailures.labelValues(model, kind.name().toLowerCase(Locale.ROOT)).inc();
    }

    void rowFailed() {
        rowFailures.inc();
    }

    void suspected(int requests) {
        suspected.inc(requests);
    }

    void condemned() {
        condemned.inc();
    }

    /// @param result `ok`, `failed` or `silent`
    void canary(String result) {
        families.canaries.labelValues(model, result).inc();
    }

    void continuedApproximately() {
        approximateContinuations.inc();
    }

    void staleReply() {
        staleReplies.inc();
    }

    /// @param cause the part that ended first, or who ended it
    void engineLost(String cause) {
        engineRestarts.inc();
        families.engineLosses.labelValues(model, cause).inc();
    }

    void requestCrashed() {
        requestsCrashed.inc();
    }

    void resubmitted() {
        resubmissions.inc();
    }

    void handedBack() {
        handedBack.inc();
    }

    void step(int tokens, long deviceNanos, long totalNanos) {
        stepTokens.observe(tokens);
        stepDeviceSeconds.observe(deviceNanos * NANOS);
        stepSeconds.observe(totalNanos * NANOS);
    }

    void firstToken(long nanos) {
        ttft.observe(nanos * NANOS);
    }

    void nextToken(long nanos) {
        interToken.observe(nanos * NANOS);
    }

    void requestCompleted(long nanos, Engine.Usage usage) {
        e2e.observe(nanos * NANOS);
        promptTokens.inc(usage.promptTokens());
        generationTokens.inc(usage.outputTokens());
        requestPromptTokens.observe(usage.promptTokens());
        requestGenerationTokens.observe(usage.outputTokens());
    }
}
