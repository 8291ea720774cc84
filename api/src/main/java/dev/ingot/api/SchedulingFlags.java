package dev.ingot.api;

import dev.ingot.engine.schedule.SchedulingPolicy;
import java.time.Duration;
import picocli.CommandLine.Option;

/// The flags of `ingot serve` that say who waits, for how long, and whose turn it is.
final class SchedulingFlags {
    @Option(
            names = "--max-num-queued-seqs",
            paramLabel = "N",
            description =
                    "Sequences that wait before requests are refused with 429 (default:"
                            + " ${DEFAULT-VALUE}).")
    private int maxWaiting = 1024;

    @Option(
            names = "--max-num-queued-tokens",
            paramLabel = "TOKENS",
            description =
                    "Prompt tokens that wait to be computed before requests are refused with 429"
                            + " (default: ${DEFAULT-VALUE}).")
    private long maxQueuedTokens = SchedulingPolicy.DEFAULT.maxQueuedTokens();

    @Option(
            names = "--max-queue-seconds",
            paramLabel = "SECONDS",
            description =
                    "How long a request may wait for its first turn before it is ended with 503"
                            + " (default: any time).")
    private double maxQueueSeconds;

    @Option(
            names = "--reserved-shares",
            paramLabel = "NORMAL,LOW",
            split = ",",
            arity = "1",
            description =
                    "Shares of the computed tokens that requests of priority 0, and those above 0,"
                            + " get whatever more urgent ones want (default: 0.2,0.05).")
    private double[] reservedShares = {
        SchedulingPolicy.DEFAULT.normalShare(), SchedulingPolicy.DEFAULT.lowShare()
    };

    @Option(
            names = "--long-prefill-token-threshold",
            paramLabel = "TOKENS",
            description =
                    "A longer prompt is prefilled, while others decode, no faster than"
                            + " --long-prefill-stretch lets it (default: ${DEFAULT-VALUE}).")
    private int longPromptTokens = SchedulingPolicy.DEFAULT.longPromptTokens();

    @Option(
            names = "--long-prefill-stretch",
            paramLabel = "FACTOR",
            description =
                    "How many times as long a long prompt may make a step of the others' decodes"
                            + " (default: ${DEFAULT-VALUE}).")
    private double stretch = SchedulingPolicy.DEFAULT.stretch();

    @Option(
            names = "--prefill-stretch",
            paramLabel = "FACTOR",
            description =
                    "The same for all prompts together, short ones too (default:"
                            + " ${DEFAULT-VALUE}).")
    private double stretchOfAll = SchedulingPolicy.DEFAULT.stretchOfAll();

    @Option(
            names = "--kv-watermark",
            paramLabel = "SHARE",
            description =
                    "Share of the KV blocks that a new sequence leaves to those that run already"
                            + " (default: ${DEFAULT-VALUE}).")
    private double watermark = SchedulingPolicy.DEFAULT.watermark();

    /// Sequences that wait before requests are refused.
    ///
    /// @throws IllegalArgumentException naming the flag and what was expected
    int maxWaiting() {
        require(
                maxWaiting >= 1,
                "--max-num-queued-seqs is " + maxWaiting + ", expected at least 1");
        return maxWaiting;
    }

    /// @throws IllegalArgumentException naming the flag and what was expected
    SchedulingPolicy policy() {
        require(
                maxQueueSeconds >= 0 && maxQueueSeconds <= 1e6,
                "--max-queue-seconds is " + maxQueueSeconds + ", expected 0 to 1000000");
        require(
                reservedShares.length == 2,
                "--reserved-shares has "
                        + reservedShares.length
                        + " numbers, expected 2: of the normal and of the low class");
        return new SchedulingPolicy(
                maxQueuedTokens,
                Duration.ofMillis(Math.round(1e3 * maxQueueSeconds)),
                reservedShares[0],
                reservedShares[1],
                longPromptTokens,
                stretch,
                stretchOfAll,
                watermark);
    }

    private static void require(boolean valid, String otherwise) {
        if (!valid) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
