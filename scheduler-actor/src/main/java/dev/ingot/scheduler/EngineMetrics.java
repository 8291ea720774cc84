package dev.ingot.scheduler;

import dev.ingot.engine.kv.KvUsage;
import dev.ingot.engine.kv.PrefixCounts;
import dev.ingot.engine.kv.PrefixDigest;
import dev.ingot.engine.kv.SharingCounts;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.schedule.WaitingLine;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.PriorityClass;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.Locale;

/// Counters and histograms of an engine and its requests.
///
/// vLLM's own names where the meaning is the same, so that dashboards made for it work; `ingot:` for what is
/// ours. Recorded where things change, exposed by `/metrics`. Safe from any thread.
public final class EngineMetrics {
    private static final double NANOS = 1e-9;
    private static final double[] TTFT_SECONDS = {
        .001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160,
        640, 2560
    };
    private static final double[] TPOT_SECONDS = {
        .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
    };
    private static final double[] LATENCY_SECONDS = {
        .3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
    };
    private static final double[] TOKENS = {
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000
    };
    private static final double[] STEP_TOKENS = {
        1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384
    };
    private static final double[] STEP_SECONDS = {
        .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30
    };

    private final String model;
    private final Gauge running;
    private final Gauge waiting;
    private final Gauge kvUsage;
    private final Gauge ready;
    private final Counter prefixQueries;
    private final Counter prefixHits;
    private final Counter preemptions;
    private final Counter promptTokens;
    private final Counter generationTokens;
    private final Counter success;
    private final Counter rejected;
    private final Counter stepFailures;
    private final Counter rowFailures;
    private final Counter engineRestarts;
    private final Counter engineLosses;
    private final Counter suspected;
    private final Counter condemned;
    private final Counter canaries;
    private final Counter resubmissions;
    private final Counter approximateContinuations;
    private final Counter handedBack;
    private final Counter staleReplies;
    private final Histogram ttft;
    private final Histogram interToken;
    private final Histogram e2e;
    private final Histogram requestPromptTokens;
    private final Histogram requestGenerationTokens;
    private final Histogram stepTokens;
    private final Histogram stepSeconds;
    private final Histogram stepDeviceSeconds;

    private final Gauge waitingByClass;
    private final Gauge queuedTokens;
    private final Gauge drainRate;
    private final Counter timedOut;
    private final Counter forkedTokens;
    private final Counter copiedBlocks;
    private final Counter windowBlocks;
    private final Histogram queueTime;
    private final Gauge device;

    private SharingCounts lastSharingCounts = new SharingCounts(0, 0, 0);
    private volatile int runningNow;
    private volatile int waitingNow;
    private volatile double kvUsageNow;
    private volatile PrefixDigest prefixesNow = PrefixDigest.EMPTY;
    private PrefixCounts lastPrefixCounts = new PrefixCounts(0, 0, 0);

    /// @param model the served name, as the label `model_name`
    public EngineMetrics(PrometheusRegistry registry, String model) {
        this.model = model;
        running = gauge(registry, "vllm:num_requests_running", "Sequences that hold KV blocks");
        waiting =
                gauge(
                        registry,
                        "vllm:num_requests_waiting",
                        "Sequences that wait for blocks or a place");
        kvUsage = gauge(registry, "vllm:kv_cache_usage_perc", "Share of KV blocks in use, 0 to 1");
        ready = gauge(registry, "ingot:ready", "1 when tokens can be produced now");
        prefixQueries = counter(registry, "vllm:prefix_cache_queries", "Prompt tokens looked up");
        prefixHits =
                counter(
                        registry,
                        "vllm:prefix_cache_hits",
                        "Prompt tokens found in the prefix cache");
        preemptions =
                counter(
                        registry,
                        "vllm:num_preemptions",
                        "Sequences whose blocks were taken for others");
        promptTokens =
                counter(registry, "vllm:prompt_tokens", "Prompt tokens of finished requests");
        generationTokens =
                counter(registry, "vllm:generation_tokens", "Output tokens of finished requests");
        success =
                Counter.builder()
                        .name("vllm:request_success")
                        .help("Sequences that ended, by reason")
                        .labelNames("model_name", "finished_reason")
                        .register(registry);
        rejected =
                counter(
                        registry,
                        "ingot:requests_rejected",
                        "Submissions refused because the queue was full");
        stepFailures =
                counter(registry, "ingot:step_failures", "Steps that the device failed", "kind");
        rowFailures =
                counter(
                        registry,
                        "ingot:row_failures",
                        "Sequences failed because their logits were no numbers");
        engineLosses =
                counter(registry, "ingot:engine_losses", "Engines lost, by what ended", "cause");
        suspected =
                counter(
                        registry,
                        "ingot:requests_suspected",
                        "Requests in a step when its engine was lost");
        condemned =
                counter(
                        registry,
                        "ingot:requests_condemned",
                        "Sequences failed because steps or engines were lost to them");
        canaries =
                counter(
                        registry,
                        "ingot:canaries",
                        "Questions of an idle engine to its device, by answer",
                        "result");
        for (var kind : DeviceException.Kind.values()) {
            stepFailures.labelValues(model, kind.name().toLowerCase(Locale.ROOT));
        }
        for (var cause : List.of("worker", "scheduler", "allocator", "watchdog", "canary")) {
            engineLosses.labelValues(model, cause);
        }
        for (var result : List.of("ok", "failed", "silent")) {
            canaries.labelValues(model, result);
        }
        engineRestarts =
                counter(registry, "ingot:engine_restarts", "Engines lost and started anew");
        resubmissions =
                counter(
                        registry,
                        "ingot:request_resubmissions",
                        "Requests that went on in another engine");
        approximateContinuations =
                counter(
                        registry,
                        "ingot:approximate_continuations",
                        "Of these, in an engine of another numeric class");
        handedBack =
                counter(
                        registry,
                        "ingot:sequences_handed_back",
                        "Sequences that a draining engine left to others");
        staleReplies =
                counter(
                        registry,
                        "ingot:stale_worker_replies",
                        "Worker replies that ended no step and changed nothing");
        ttft =
                histogram(
                        registry, "vllm:time_to_first_token_seconds", "From arrival", TTFT_SECONDS);
        interToken =
                histogram(
                        registry,
                        "vllm:inter_token_latency_seconds",
                        "Between two tokens",
                        TPOT_SECONDS);
        e2e =
                histogram(
                        registry,
                        "vllm:e2e_request_latency_seconds",
                        "Arrival to the last token",
                        LATENCY_SECONDS);
        requestPromptTokens =
                histogram(registry, "vllm:request_prompt_tokens", "Prompt tokens", TOKENS);
        requestGenerationTokens =
                histogram(registry, "vllm:request_generation_tokens", "Output tokens", TOKENS);
        stepTokens =
                histogram(
                        registry,
                        "vllm:iteration_tokens_total",
                        "Tokens computed in a step",
                        STEP_TOKENS);
        stepSeconds =
                histogram(registry, "ingot:step_seconds", "From sent to answered", STEP_SECONDS);
        stepDeviceSeconds =
                histogram(
                        registry,
                        "ingot:step_device_seconds",
                        "Of these, on the device",
                        STEP_SECONDS);
        waitingByClass =
                Gauge.builder()
                        .name("ingot:requests_waiting_by_class")
                        .help("Sequences that wait, by priority class")
                        .labelNames("model_name", "class")
                        .register(registry);
        queuedTokens =
                gauge(
                        registry,
                        "ingot:queued_prompt_tokens",
                        "Prompt tokens that wait to be computed");
        drainRate =
                gauge(
                        registry,
                        "ingot:prompt_tokens_per_second",
                        "How fast prompts are computed while there are some");
        timedOut =
                Counter.builder()
                        .name("ingot:requests_timed_out")
                        .help("Requests that ended because their time was up, by whose limit")
                        .labelNames("model_name", "limit")
                        .register(registry);
        forkedTokens =
                counter(
                        registry,
                        "ingot:forked_tokens",
                        "Prompt tokens that a choice took over from another of its request");
        copiedBlocks =
                counter(
                        registry,
                        "ingot:copied_blocks",
                        "KV blocks copied because a choice was to write to a shared one");
        windowBlocks =
                counter(
                        registry,
                        "ingot:window_blocks",
                        "KV blocks given back because they lay behind the window");
        queueTime =
                histogram(
                        registry,
                        "vllm:request_queue_time_seconds",
                        "From its arrival to its first turn",
                        LATENCY_SECONDS);
        device =
                Gauge.builder()
                        .name("ingot:device")
                        .help(
                                "1 for the device that computes; its numeric class gives the same"
                                        + " bits for the same step")
                        .labelNames("model_name", "device", "numeric_class")
                        .register(registry);
        for (var priority : PriorityClass.values()) {
            waitingByClass.labelValues(model, label(priority)).set(0);
        }
        for (boolean inQueue : new boolean[] {true, false}) {
            timedOut.labelValues(model, limit(inQueue));
        }
        for (var reason : FinishReason.values()) {
            success.labelValues(model, label(reason));
        }
    }

    private EngineMetrics(EngineMetrics same, String model) {
        this.model = model;
        running = same.running;
        waiting = same.waiting;
        kvUsage = same.kvUsage;
        ready = same.ready;
        prefixQueries = same.prefixQueries;
        prefixHits = same.prefixHits;
        preemptions = same.preemptions;
        promptTokens = same.promptTokens;
        generationTokens = same.generationTokens;
        success = same.success;
        rejected = same.rejected;
        stepFailures = same.stepFailures;
        engineRestarts = same.engineRestarts;
        resubmissions = same.resubmissions;
        approximateContinuations = same.approximateContinuations;
        handedBack = same.handedBack;
        staleReplies = same.staleReplies;
        ttft = same.ttft;
        interToken = same.interToken;
        e2e = same.e2e;
        requestPromptTokens = same.requestPromptTokens;
        requestGenerationTokens = same.requestGenerationTokens;
        stepTokens = same.stepTokens;
        stepSeconds = same.stepSeconds;
        stepDeviceSeconds = same.stepDeviceSeconds;
        waitingByClass = same.waitingByClass;
        queuedTokens = same.queuedTokens;
        drainRate = same.drainRate;
        timedOut = same.timedOut;
        forkedTokens = same.forkedTokens;
        copiedBlocks = same.copiedBlocks;
        windowBlocks = same.windowBlocks;
        queueTime = same.queueTime;
        rowFailures = same.rowFailures;
        engineLosses = same.engineLosses;
        suspected = same.suspected;
        condemned = same.condemned;
        canaries = same.canaries;
        device = same.device;
    }

    /// The same metrics for another model.
    public EngineMetrics forModel(String other) {
        return new EngineMetrics(this, other);
    }

    private Gauge gauge(PrometheusRegistry registry, String name, String help) {
        var gauge =
                Gauge.builder().name(name).help(help).labelNames("model_name").register(registry);
        gauge.labelValues(model).set(0);
        return gauge;
    }

    private Counter counter(PrometheusRegistry registry, String name, String help) {
        var counter =
                Counter.builder().name(name).help(help).labelNames("model_name").register(registry);
        counter.labelValues(model);
        return counter;
    }

    private Counter counter(PrometheusRegistry registry, String name, String help, String label) {
        return Counter.builder()
                .name(name)
                .help(help)
                .labelNames("model_name", label)
                .register(registry);
    }

    private Histogram histogram(
            PrometheusRegistry registry, String name, String help, double[] buckets) {
        var histogram =
                Histogram.builder()
                        .name(name)
                        .help(help)
                        .labelNames("model_name")
                        .classicOnly()
                        .classicUpperBounds(buckets)
                        .register(registry);
        histogram.labelValues(model);
        return histogram;
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
            waitingByClass.labelValues(model, label(priority)).set(line.size(priority));
        }
        queuedTokens.labelValues(model).set((double) backlog.tokens());
        drainRate.labelValues(model).set(backlog.drainRate().tokensPerSecond());
    }

    /// Takes the allocator's running totals; told by one actor at a time.
    void sharing(SharingCounts counts) {
        // A new engine counts from zero.
        var last =
                counts.forkedTokens() < lastSharingCounts.forkedTokens()
                                || counts.windowBlocks() < lastSharingCounts.windowBlocks()
                        ? new SharingCounts(0, 0, 0)
                        : lastSharingCounts;
        forkedTokens.labelValues(model).inc(counts.forkedTokens() - last.forkedTokens());
        copiedBlocks.labelValues(model).inc(counts.copiedBlocks() - last.copiedBlocks());
        windowBlocks.labelValues(model).inc(counts.windowBlocks() - last.windowBlocks());
        lastSharingCounts = counts;
    }

    void timedOut(boolean inQueue) {
        timedOut.labelValues(model, limit(inQueue)).inc();
    }

    void started(long nanosAfterArrival) {
        queueTime.labelValues(model).observe(nanosAfterArrival * NANOS);
    }

    void queues(int runningCount, int waitingCount) {
        runningNow = runningCount;
        waitingNow = waitingCount;
        running.labelValues(model).set(runningCount);
        waiting.labelValues(model).set(waitingCount);
    }

    void kvUsage(KvUsage usage) {
        kvUsageNow = (double) (usage.referenced() + usage.fenced()) / usage.total();
        kvUsage.labelValues(model).set(kvUsageNow);
    }

    /// Takes the allocator's running totals; told by one actor at a time.
    void prefixCache(PrefixCounts counts) {
        long queried = counts.queriedTokens() - lastPrefixCounts.queriedTokens();
        long hit = counts.hitTokens() - lastPrefixCounts.hitTokens();
        // A new engine counts from zero.
        prefixQueries.labelValues(model).inc(queried >= 0 ? queried : counts.queriedTokens());
        prefixHits.labelValues(model).inc(hit >= 0 ? hit : counts.hitTokens());
        lastPrefixCounts = counts;
    }

    /// What computes from now on.
    void computesOn(EngineStatus.Capabilities capabilities) {
        device.labelValues(model, capabilities.device(), capabilities.numericClass()).set(1);
    }

    void ready(boolean isReady) {
        ready.labelValues(model).set(isReady ? 1 : 0);
    }

    void preempted() {
        preemptions.labelValues(model).inc();
    }

    void rejected() {
        rejected.labelValues(model).inc();
    }

    void finished(FinishReason reason) {
        success.labelValues(model, label(reason)).inc();
    }

    void stepFailed(DeviceException.Kind kind) {
        stepFailures.labelValues(model, kind.name().toLowerCase(Locale.ROOT)).inc();
    }

    void rowFailed() {
        rowFailures.labelValues(model).inc();
    }

    void suspected(int requests) {
        suspected.labelValues(model).inc(requests);
    }

    void condemned() {
        condemned.labelValues(model).inc();
    }

    /// @param result `ok`, `failed` or `silent`
    void canary(String result) {
        canaries.labelValues(model, result).inc();
    }

    void continuedApproximately() {
        approximateContinuations.labelValues(model).inc();
    }

    void staleReply() {
        staleReplies.labelValues(model).inc();
    }

    /// @param cause the part that ended first, or who ended it
    void engineLost(String cause) {
        engineRestarts.labelValues(model).inc();
        engineLosses.labelValues(model, cause).inc();
    }

    void resubmitted() {
        resubmissions.labelValues(model).inc();
    }

    void handedBack() {
        handedBack.labelValues(model).inc();
    }

    void step(int tokens, long deviceNanos, long totalNanos) {
        stepTokens.labelValues(model).observe(tokens);
        stepDeviceSeconds.labelValues(model).observe(deviceNanos * NANOS);
        stepSeconds.labelValues(model).observe(totalNanos * NANOS);
    }

    void firstToken(long nanos) {
        ttft.labelValues(model).observe(nanos * NANOS);
    }

    void nextToken(long nanos) {
        interToken.labelValues(model).observe(nanos * NANOS);
    }

    void requestCompleted(long nanos, Engine.Usage usage) {
        e2e.labelValues(model).observe(nanos * NANOS);
        promptTokens.labelValues(model).inc(usage.promptTokens());
        generationTokens.labelValues(model).inc(usage.outputTokens());
        requestPromptTokens.labelValues(model).observe(usage.promptTokens());
        requestGenerationTokens.labelValues(model).observe(usage.outputTokens());
    }
}
