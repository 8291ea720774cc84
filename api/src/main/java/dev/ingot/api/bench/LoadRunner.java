package dev.ingot.api.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/// Closed loops: so many clients, each sending its next request when the last one was answered.
final class LoadRunner {
    private static final long SLOW_VARIANT = Long.MIN_VALUE;
    private static final Duration SLOW_START = Duration.ofSeconds(30);

    private final LoadSettings settings;
    private final CompletionClient client;
    private final ServerProbe probe;
    private final OptionalLong serverPid;
    private long variant;

    LoadRunner(
            LoadSettings settings,
            CompletionClient client,
            ServerProbe probe,
            OptionalLong serverPid) {
        this.settings = settings;
        this.client = client;
        this.probe = probe;
        this.serverPid = serverPid;
    }

    /// One request, so that no level pays for what happens once.
    Answer warmUp() throws InterruptedException {
        return client.complete(0, variant++);
    }

    /// Runs `requests` requests, `concurrency` at a time.
    LoadLevel level(int concurrency, int requests, int slowReaders)
            throws IOException, InterruptedException {
        var stepsBefore = probe.steps();
        var hostBefore = HostCpu.now();
        long serverBefore = serverCpuNanos();
        var answers = answers(concurrency, requests, variant++);
        long serverNanos = serverCpuNanos() - serverBefore;
        var host = HostCpu.now();
        long first = answers.stream().mapToLong(Answer::sentNanos).min().orElseThrow();
        long last =
                answers.stream()
                        .filter(Answer::succeeded)
                        .mapToLong(Answer::endNanos)
                        .max()
                        .orElse(host.wallNanos());
        var others = host.foreignCoresSince(hostBefore);
        double serverCores = (double) serverNanos / (host.wallNanos() - hostBefore.wallNanos());
        return new LoadLevel(
                concurrency,
                slowReaders,
                answers,
                (last - first) * 1e-9,
                probe.steps().since(stepsBefore),
                serverPid.isPresent() && others.isPresent()
                        ? OptionalDouble.of(Math.max(0, others.getAsDouble() - serverCores))
                        : OptionalDouble.empty());
    }

    private List<Answer> answers(int concurrency, int requests, long ofVariant)
            throws InterruptedException {
        var next = new AtomicLong();
        Callable<List<Answer>> loop =
                () -> {
                    var own = new ArrayList<Answer>();
                    for (long i = next.getAndIncrement();
                            i < requests;
                            i = next.getAndIncrement()) {
                        own.add(client.complete(i, ofVariant));
                    }
                    return own;
                };
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ArrayList<Answer>();
            for (var loops : threads.invokeAll(Collections.nCopies(concurrency, loop))) {
                all.addAll(loops.get());
            }
            return all;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a client broke", e.getCause());
        }
    }

    /// Starts clients that read slowly, and returns when each has begun to read.
    List<SlowReader> slowReaders(int count, double tokensPerSecond, int outputTokens)
            throws IOException, InterruptedException {
        var readers = new ArrayList<SlowReader>();
        for (int i = 0; i < count; i++) {
            var body = client.body(i, SLOW_VARIANT + variant, outputTokens);
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

    private long serverCpuNanos() {
        return serverPid.isEmpty()
                ? 0
                : ProcessHandle.of(serverPid.getAsLong())
                        .flatMap(process -> process.info().totalCpuDuration())
                        .orElse(Duration.ZERO)
                        .toNanos();
    }
}
