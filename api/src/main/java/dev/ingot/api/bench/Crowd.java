package dev.ingot.api.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Many clients of one server, each on a thread of its own that sleeps until its bytes come.
final class Crowd {
    private final CompletionClient client;
    private long variant;

    Crowd(CompletionClient client) {
        this.client = client;
    }

    /// One request, so that nothing else pays for what happens once.
    Answer one() {
        return client.complete(0, variant++);
    }

    /// Prompts that nobody has asked yet.
    long nextVariant() {
        return variant++;
    }

    /// So many clients at a time, each sending its next request when its last one was answered, until `requests` were
    /// sent.
    List<Answer> loops(int clients, int requests) throws InterruptedException {
        var next = new AtomicLong();
        long prompts = nextVariant();
        return all(
                clients,
                () -> {
                    var own = new ArrayList<Answer>();
                    for (long i = next.getAndIncrement();
                            i < requests;
                            i = next.getAndIncrement()) {
                        own.add(client.complete(i, prompts));
                    }
                    return own;
                });
    }

    /// The same for a time. Whoever has sent a request then waits for its answer.
    Phase loops(int clients, double seconds) throws InterruptedException {
        var next = new AtomicLong();
        long prompts = nextVariant();
        long from = System.nanoTime();
        long to = from + nanos(seconds);
        var answers =
                all(
                        clients,
                        () -> {
                            var own = new ArrayList<Answer>();
                            while (System.nanoTime() < to) {
                                own.add(client.complete(next.getAndIncrement(), prompts));
                            }
                            return own;
                        });
        return new Phase(answers, from, to, System.nanoTime());
    }

    private List<Answer> all(int clients, Callable<List<Answer>> loop) throws InterruptedException {
        var all = new ArrayList<Answer>();
        try (var threads = threads()) {
            for (var answers : threads.invokeAll(Collections.nCopies(clients, loop))) {
                all.addAll(valueOf(answers));
            }
        }
        return all;
    }

    /// Clients that come for a time at random moments, `perSecond` on average, whatever became of those before.
    ///
    /// @param seed of the moments
    Phase arrivals(double perSecond, double seconds, long seed) throws InterruptedException {
        var random = new SplittableRandom(seed);
        long prompts = nextVariant();
        var answers = new ArrayList<Future<Answer>>();
        long from = System.nanoTime();
        long to = from + nanos(seconds);
        var all = new ArrayList<Answer>();
        try (var threads = threads()) {
            long due = from;
            for (long i = 0; ; i++) {
                due += nanos(-Math.log1p(-random.nextDouble()) / perSecond);
                if (due >= to) {
                    break;
                }
                sleepUntil(due);
                long index = i;
                answers.add(threads.submit(() -> client.complete(index, prompts)));
            }
            sleepUntil(to);
            for (var answer : answers) {
                all.add(valueOf(answer));
            }
        }
        return new Phase(all, from, to, System.nanoTime());
    }

    private static void sleepUntil(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    static ExecutorService threads() {
        // Not virtual ones: their poller would be one more thread to wake for every token.
        return Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("client-", 1).daemon().factory());
    }

    static <T> T valueOf(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a client broke", e.getCause());
        }
    }

    private static long nanos(double seconds) {
        return (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    }
}
