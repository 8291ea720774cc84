package dev.ingot.api.bench;

import static dev.ingot.api.console.Table.number;

import dev.ingot.api.console.Table;
import java.time.Instant;
import java.util.List;

/// What `ingot load` prints and writes.
final class LoadReport {
    private LoadReport() {}

    /// A row per level.
    static Table summary(List<LoadLevel> levels) {
        var table =
                new Table(
                        "clients",
                        "requests",
                        "errors",
                        "out tok/s",
                        "req/s",
                        "prompt tok",
                        "TTFT p50",
                        "p90",
                        "p99 ms",
                        "ITL p50",
                        "p99",
                        "max ms",
                        "TPOT p50 ms",
                        "off device",
                        "other cores");
        for (var level : levels) {
            var ttft = level.ttftMillis();
            var itl = level.interTokenMillis();
            double outside = level.shareOutsideDevice();
            table.add(
                    level.concurrency() + level.beside().toString(),
                    String.valueOf(level.answers().size()),
                    String.valueOf(level.errors()),
                    number(level.outputTokensPerSecond(), 1),
                    number(level.requestsPerSecond(), 2),
                    number(level.meanPromptTokens(), 0),
                    number(ttft.median(), 0),
                    number(ttft.percentile(90), 0),
                    number(ttft.percentile(99), 0),
                    number(itl.median(), 1),
                    number(itl.percentile(99), 1),
                    number(itl.max(), 1),
                    number(level.tpotMillis().median(), 1),
                    Double.isNaN(outside) ? "-" : number(100 * outside, 1) + " %",
                    number(level.foreignCores(), 2));
        }
        return table;
    }

    /// A row per level, for programs.
    static Table raw(Instant when, LoadSettings settings, List<LoadLevel> levels) {
        var table =
                new Table(
                        "date",
                        "server",
                        "model",
                        "clients",
                        "slow_readers",
                        "busy_threads",
                        "requests",
                        "errors",
                        "prompt_range",
                        "shared_prefix",
                        "output_tokens",
                        "seconds",
                        "output_tokens_per_second",
                        "requests_per_second",
                        "mean_prompt_tokens",
                        "ttft_p50_ms",
                        "ttft_p90_ms",
                        "ttft_p99_ms",
                        "itl_p50_ms",
                        "itl_p99_ms",
                        "itl_max_ms",
                        "tpot_p50_ms",
                        "steps",
                        "step_seconds",
                        "step_device_seconds",
                        "other_cores");
        for (var level : levels) {
            var ttft = level.ttftMillis();
            var itl = level.interTokenMillis();
            table.add(
                    when.toString(),
                    settings.server().toString(),
                    settings.model(),
                    String.valueOf(level.concurrency()),
                    String.valueOf(level.beside().slowReaders()),
                    String.valueOf(level.beside().busyThreads()),
                    String.valueOf(level.answers().size()),
                    String.valueOf(level.errors()),
                    settings.promptTokens().toString(),
                    String.valueOf(settings.sharedPrefix()),
                    String.valueOf(settings.outputTokens()),
                    number(level.seconds(), 3),
                    number(level.outputTokensPerSecond(), 3),
                    number(level.requestsPerSecond(), 4),
                    number(level.meanPromptTokens(), 1),
                    number(ttft.median(), 2),
                    number(ttft.percentile(90), 2),
                    number(ttft.percentile(99), 2),
                    number(itl.median(), 3),
                    number(itl.percentile(99), 3),
                    number(itl.max(), 3),
                    number(level.tpotMillis().median(), 3),
                    number(level.steps().steps(), 0),
                    number(level.steps().seconds(), 4),
                    number(level.steps().deviceSeconds(), 4),
                    number(level.foreignCores(), 3));
        }
        return table;
    }
}
