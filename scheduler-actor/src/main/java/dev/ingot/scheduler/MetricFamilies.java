package dev.ingot.scheduler;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.stream.Stream;

/// The names, helps and buckets of what engines and requests record; each has the label `model_name` before its own.
///
/// vLLM's own names where the meaning is the same, so that dashboards made for it work; `ingot:` for what is
/// ours. A registry takes them once, however many models there are.
final class MetricFamilies {
    private static final String MODEL = "model_name";
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

    final Gauge running;
    final Gauge waiting;
    final Gauge kvUsage;
    final Gauge ready;
    final Counter prefixQueries;
    final Counter prefixHits;
    final Counter preemptions;
    final Counter promptTokens;
    final Counter generationTokens;
    final Counter success;
    final Counter rejected;
    final Counter stepFailures;
    final Counter rowFailures;
    final Counter engineRestarts;
    final Counter engineLosses;
    final Counter suspected;
    final Counter condemned;
    final Counter canaries;
    final Counter resubmissions;
    final Counter requestsCrashed;
    final Counter approximateContinuations;
    final Counter handedBack;
    final Counter staleReplies;
    final Histogram ttft;
    final Histogram interToken;
    final Histogram e2e;
    final Histogram requestPromptTokens;
    final Histogram requestGenerationTokens;
    final Histogram stepTokens;
    final Histogram stepSeconds;
    final Histogram stepDeviceSeconds;
    final Gauge waitingByClass;
    final Gauge queuedTokens;
    final Gauge drainRate;
    final Counter timedOut;
    final Counter forkedTokens;
    final Counter copiedBlocks;
    final Counter windowBlocks;
    final Histogram queueTime;
    final Gauge device;

    MetricFamilies(PrometheusRegistry registry) {
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
                counter(
                        registry,
                        "vllm:request_success",
                        "Sequences that ended, by reason",
                        "finished_reason");
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
        engineRestarts =
                counter(registry, "ingot:engine_restarts", "Engines lost and started anew");
        resubmissions =
                counter(
                        registry,
                        "ingot:request_resubmissions",
                        "Requests that went on in another engine");
        requestsCrashed =
                counter(registry, "ingot:requests_crashed", "Requests whose own actor failed");
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
                gauge(
                        registry,
                        "ingot:requests_waiting_by_class",
                        "Sequences that wait, by priority class",
                        "class");
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
                counter(
                        registry,
                        "ingot:requests_timed_out",
                        "Requests that ended because their time was up, by whose limit",
                        "limit");
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
                gauge(
                        registry,
                        "ingot:device",
                        "1 for the device that computes; its numeric class gives the same bits"
                                + " for the same step",
                        "device",
                        "numeric_class");
    }

    private static Gauge gauge(
            PrometheusRegistry registry, String name, String help, String... labels) {
        return Gauge.builder().name(name).help(help).labelNames(named(labels)).register(registry);
    }

    private static Counter counter(
            PrometheusRegistry registry, String name, String help, String... labels) {
        return Counter.builder().name(name).help(help).labelNames(named(labels)).register(registry);
    }

    private static Histogram histogram(
            PrometheusRegistry registry, String name, String help, double[] buckets) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .labelNames(MODEL)
                .classicOnly()
                .classicUpperBounds(buckets)
                .register(registry);
    }

    private static String[] named(String... labels) {
        return Stream.concat(Stream.of(MODEL), Stream.of(labels)).toArray(String[]::new);
    }
}
