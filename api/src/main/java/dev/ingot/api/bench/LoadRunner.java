package dev.ingot.api.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Levels of load: so many clients, each sending its next request when the last one was answered.
final class LoadRunner {
    private static final long SLOW_VARIANT = Long.MIN_VALUE;
    private static final Duration SLOW_START = Duration.ofSeconds(30);

    private final LoadSettings settings;
    private final CompletionClient client;
    private final Crowd crowd;
    private final ServerProbe probe;

    LoadRunner(LoadSettings settings, CompletionClient client, Crowd crowd, ServerProbe probe) {
        this.settings = settings;
        this.client = client;
        this.crowd = crowd;
        this.probe = probe;
    }

    /// Runs `requests` requests, `concurrency` at a time.
    ///
    /// @param beside what else goes on
    LoadLevel level(int concurrency, int requests, LoadLevel.Beside beside)
            throws IOException, InterruptedException {
        var stepsBefore = probe.steps();
        var watch = new CpuWatch(probe);
        var answers = crowd.loops(concurrency, requests);
        var foreignCores = watch.foreignCores();
        long ended = System.nanoTime();
        long first = answers.stream().mapToLong(Answer::sentNanos).min().orElseThrow();
        long last =
                answers.stream()
                        .filter(Answer::succeeded)
                        .mapToLong(Answer::endNanos)
                        .max()
                        .orElse(ended);
        return new LoadLevel(
                concurrency,
                beside,
                answers,
                (last - first) * 1e-9,
                probe.steps().since(stepsBefore),
                foreignCores);
    }

    /// Starts clients that read slowly, and returns when each has begun to read.
    List<SlowReader> slowReaders(int count, double tokensPerSecond, int outputTokens)
            throws IOException, InterruptedException {
        var readers = new ArrayList<SlowReader>();
        long variant = SLOW_VARIANT + crowd.nextVariant();
        for (int i = 0; i < count; i++) {
            var body = client.body(i, variant, outputTokens);
            readers.add(SlowReader.start(settings.server(), body, tokensPerSecond));
        }
        long deadline = System.nanoTime() + SLOW_START.toNanos();
        while (readers.stream().anyMatch(r -> r.events() == 0)) {
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "a slow reader got no token within " + SLOW_START.toSeconds() + " s");
            }
            Thread.sleep(20);
        }
        return readers;
    }
}
