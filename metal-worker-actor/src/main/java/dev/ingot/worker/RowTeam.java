package dev.ingot.worker;

import dev.ingot.engine.sampling.SamplerScratch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Samples those rows of a step that are not the device's on several threads, where there is so much to do that waking them pays.
///
/// A large vocabulary takes about a millisecond a row, and while rows are sampled the cores that computed the
/// step have nothing else to do.
final class RowTeam implements AutoCloseable {
    /// Below this a row is sampled sooner than a thread wakes.
    private static final int SMALL_VOCABULARY = 16_384;

    private final List<SamplerScratch> scratches = new ArrayList<>();
    private final List<Future<?>> running = new ArrayList<>();
    private final int vocabulary;
    private final int threads;
    private @Nullable ExecutorService others;

    /// One row's work. May run on any thread, each row on one.
    interface RowTask {
        void run(int row, SamplerScratch scratch);
    }

    /// @param threads at most so many work, the caller among them
    RowTeam(int threads, int vocabulary) {
        this.threads = vocabulary < SMALL_VOCABULARY ? 1 : threads;
        this.vocabulary = vocabulary;
        scratches.add(new SamplerScratch(vocabulary));
    }

    /// Runs `task` once for each row and returns when all are done.
    ///
    void run(int rows, RowTask task) {
        int helpers = Math.min(threads, rows) - 1;
        var next = new AtomicInteger();
        for (int i = 0; i < helpers; i++) {
            var scratch = scratch(i + 1);
            running.add(others().submit(() -> work(rows, next, task, scratch)));
        }
        try {
            work(rows, next, task, scratches.getFirst());
        } finally {
            join();
        }
    }

    private static void work(int rows, AtomicInteger next, RowTask task, SamplerScratch scratch) {
        for (int row = next.getAndIncrement(); row < rows; row = next.getAndIncrement()) {
            task.run(row, scratch);
        }
    }

    /// Waits for every helper, whatever became of one: their rows' memory is reused by the next step.
    private void join() {
        RuntimeException failure = null;
        for (var each : running) {
            try {
                each.get();
            } catch (ExecutionException e) {
                failure = new IllegalStateException("a row could not be sampled", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                failure = new IllegalStateException("interrupted while rows were sampled", e);
            }
        }
        running.clear();
        if (failure != null) {
            throw failure;
        }
    }

    private SamplerScratch scratch(int index) {
        while (scratches.size() <= index) {
            scratches.add(new SamplerScratch(vocabulary));
        }
        return scratches.get(index);
    }

    private ExecutorService others() {
        if (others == null) {
            others =
                    Executors.newFixedThreadPool(
                            threads - 1,
                            Thread.ofPlatform().name("sampler-", 1).daemon().factory());
        }
        return others;
    }

    @Override
    public void close() {
        if (others != null) {
            others.shutdownNow();
        }
    }
}
